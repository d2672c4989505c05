"""A finished run: as JSON, and as a table for people."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec import Struct

from ronda.bench.figures import Figure, Sample, Timing
from ronda.bench.machine import Machine

_HEAD = (
    "| figure | ours | floor | ratio (per pair) | goal | CPU per event, ours / floor"
    " | memory, ours / floor |\n|---|---|---|---|---|---|---|"
)

_TIMED = "| figure | median | rounds | goal |\n|---|---|---|---|"


class Run(Struct, frozen=True, kw_only=True):
    """Everything that a run found, and how to repeat it."""

    command: str
    at: datetime
    machine: Machine
    figures: list[Figure]
    timings: list[Timing] = []


def to_json(run: Run) -> bytes:
    """One document; the ratios and medians are in it, so that no reader computes them otherwise."""
    document = msgspec.to_builtins(run)
    for figure, written in zip(run.figures, document["figures"], strict=True):
        written |= {
            "ratio": figure.ratio,
            "ratios": figure.ratios,
            "is_reached": figure.is_reached,
            "ours": msgspec.to_builtins(figure.middle("ours")),
            "floor": msgspec.to_builtins(figure.middle("floor")),
        }
    for timing, written in zip(run.timings, document["timings"], strict=True):
        written |= {"middle": timing.middle, "is_reached": timing.is_reached}
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def to_markdown(run: Run) -> str:
    """The tables, the machine and the command."""
    tables = [(_HEAD, map(_row, run.figures))] if run.figures else []
    tables += [(_TIMED, map(_timed, run.timings))] if run.timings else []
    shown = "\n\n".join("\n".join([head, *rows]) for head, rows in tables)
    return f"{shown}\n\n{_machine(run)}\n"


def headline(sample: Sample, figure: Figure) -> str:
    """The value that a figure compares, with its unit."""
    if figure.measure == "rate":
        return f"{sample.rate:,.0f} events/s"
    return f"p50 {sample.p50_ms or 0:.1f} ms"


def goal(figure: Figure) -> str:
    """The goal in words of the table."""
    sign = "≥" if figure.measure == "rate" else "≤"
    return f"{sign} {figure.goal:g}, {'reached' if figure.is_reached else 'not reached'}"


def _row(figure: Figure) -> str:
    ours, floor = figure.middle("ours"), figure.middle("floor")
    ratios = ", ".join(f"{ratio:.2f}" for ratio in figure.ratios)
    cells = (
        figure.title,
        _side(ours, figure),
        _side(floor, figure),
        f"**{figure.ratio:.2f}** ({ratios})",
        goal(figure),
        f"{_cpu(ours)} / {_cpu(floor)}",
        f"{ours.rss_mb:.0f} / {floor.rss_mb:.0f} MB",
    )
    return f"| {' | '.join(cells)} |"


def _timed(timing: Timing) -> str:
    sign = "≤" if timing.unit == "ms" else "≥"
    least, most = min(timing.rounds), max(timing.rounds)
    cells = (
        timing.title,
        f"**{timing.middle:,.0f} {timing.unit}**",
        f"{least:,.0f} to {most:,.0f}, {len(timing.rounds)} rounds",
        f"{sign} {timing.goal:,.0f}, {'reached' if timing.is_reached else 'not reached'}",
    )
    return f"| {' | '.join(cells)} |"


def _side(sample: Sample, figure: Figure) -> str:
    percentiles = [
        f"{name} {value:.1f} ms"
        for name, value in (("p50", sample.p50_ms), ("p99", sample.p99_ms))
        if value is not None
    ]
    rate = [headline(sample, figure)] if figure.measure == "rate" else []
    return ", ".join(rate + percentiles)


def _cpu(sample: Sample) -> str:
    database = "" if sample.database_us is None else f" + {sample.database_us:.1f} PostgreSQL"
    return f"{sample.cpu_us:.1f}{database} µs"


def _machine(run: Run) -> str:
    machine = run.machine
    return (
        f"`{run.command}`, {run.at:%Y-%m-%d %H:%M} UTC,"
        f" {machine.cores} cores of {machine.processor},"
        f" {machine.memory_gib:g} GiB, {machine.system}, load {machine.load:g} before the run;"
        f" {_versions(machine.versions.items())}."
    )


def _versions(versions: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions)
