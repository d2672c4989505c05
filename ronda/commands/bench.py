"""`ronda bench`."""

import asyncio
import shlex
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ronda.bench.chart import draw
from ronda.bench.figures import BenchError
from ronda.bench.ground import Extent
from ronda.bench.report import Run, to_json, to_markdown
from ronda.bench.run import EVERYTHING, What, run, steps
from ronda.commands.terminal import remarks, say
from ronda.stack.signals import cancelling_signals


class Subject(StrEnum):
    """What can be measured."""

    INGEST = "ingest"
    ARCHIVE = "archive"
    ALERT = "alert"
    GROWTH = "growth"
    READ = "read"
    VERIFY = "verify"
    ALL = "all"


def bench(
    what: Annotated[Subject, typer.Argument(help="What is measured.")] = Subject.ALL,
    *,
    pairs: Annotated[
        int, typer.Option(min=1, max=20, help="How often both sides are measured in turn.")
    ] = 3,
    seconds: Annotated[
        float, typer.Option(min=1, max=60, help="How long each side is loaded.")
    ] = 5.0,
    events: Annotated[
        int, typer.Option(min=20_000, max=1_000_000, help="How many the archive drains.")
    ] = 60_000,
    rows: Annotated[
        int,
        typer.Option(
            min=500_000, max=50_000_000, help="How many an archive has (growth, read, verify)."
        ),
    ] = 5_000_000,
    json: Annotated[Path | None, typer.Option(dir_okay=False, help="Also write JSON.")] = None,
    svg: Annotated[Path | None, typer.Option(dir_okay=False, help="Also draw a chart.")] = None,
) -> None:
    """Measure the services beside hand-written floors, in alternating pairs; `read` and `verify`
    have a time as their goal, and no floor.

    Example:  ronda bench ingest --pairs 5

    Starts a Kafka and a PostgreSQL of its own and removes them; answers with a Markdown table.
    """
    extent = Extent(pairs=pairs, seconds=seconds, events=events, rows=rows)
    chosen: tuple[What, ...] = EVERYTHING if what is Subject.ALL else (_one(what),)
    extents = [f"--seconds={seconds:g}", f"--events={events}"]
    if what in (Subject.GROWTH, Subject.READ, Subject.VERIFY):
        extents = [f"--rows={rows}"]
    command = shlex.join(["ronda", "bench", what, f"--pairs={pairs}", *extents])
    try:
        found = asyncio.run(_measured(chosen, extent, command))
    except BenchError as error:
        remarks.print(f"ronda: {error}", style="red", markup=False)
        raise typer.Exit(1) from error
    except asyncio.CancelledError:
        raise typer.Exit(1) from None
    typer.echo(to_markdown(found))
    if json is not None:
        json.write_bytes(to_json(found))
    if svg is not None and found.figures:
        svg.write_text(draw(found.figures), encoding="utf-8")


def _one(what: Subject) -> What:
    return next(each for each in get_args(What) if each == what)


async def _measured(what: Sequence[What], extent: Extent, command: str) -> Run:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=remarks) as progress:
        task = progress.add_task("", total=steps(what, extent.pairs))

        def step(sentence: str) -> None:
            progress.update(task, description=sentence, advance=1)

        with cancelling_signals(say):
            return await run(what, extent, command=command, step=step)
