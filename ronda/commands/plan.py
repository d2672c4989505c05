"""`ronda plan validate`, `apply` and `show`."""

import asyncio
import os
import sys
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import segno
import typer
from rich.table import Table

from ronda import codes as printing
from ronda import plans
from ronda.commands.terminal import Json, answer_json, answers, say
from ronda.commands.token import parse_ttl
from ronda.stack.keys import signing_key_file
from shared.checkpoint_codes import make, signing_key
from shared.clock import system_clock
from shared.plan.model import Plan, Situation
from shared.plan.readiness import HOURS_AHEAD, readiness
from shared.plan.summary import Summary, summary
from shared.settings import Environment

plan = typer.Typer(no_args_is_help=True, help="The operation plan: who guards what, and when.")
PlanFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="The plan's YAML file.")
]
MaybeFile = Annotated[
    Path | None, typer.Argument(exists=True, dir_okay=False, help="The plan's YAML file.")
]
Clear = Annotated[bool, typer.Option(help="End the live overrides of the situation too.")]
Hours = Annotated[float, typer.Option(min=0.25, max=72, help="How many hours ahead.")]
Moment = Annotated[
    datetime | None, typer.Option(help="From this local time on, instead of from now.")
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        dir_okay=False, envvar="RONDA_AUTH_SIGNING_KEY_FILE", help="Signing key of checkin."
    ),
]
DataFolder = Annotated[
    Path | None,
    typer.Option(
        file_okay=False, envvar="RONDA_DATA", help="Data folder of `ronda up`, for its key."
    ),
]


@plan.command()
def validate(file: PlanFile, json: Json = False) -> None:
    """Check a plan and the tables it names; every error comes with its file and line.

    Example:  ronda plan validate deploy/plans/tuban.yaml
    """
    try:
        read = plans.read(file)
    except plans.PlanInvalidError as invalid:
        if json:
            answer_json({"errors": [asdict(error) for error in invalid.errors]})
        else:
            for error in invalid.errors:
                answers.print(str(error), markup=False)
            say(f"{len(invalid.errors)} to mend")
        raise typer.Exit(1) from invalid
    if json:
        answer_json({"errors": [], **_summary(read)})
    else:
        answers.print(_sentence(read), markup=False)


@plan.command("apply")
def apply(file: PlanFile, clear: Clear = False, json: Json = False) -> None:
    """Publish a plan; the services follow it without a restart. Live overrides stay.

    Example:  RONDA_KAFKA_BOOTSTRAP_SERVERS=kafka:9092 ronda plan apply deploy/plans/tuban.yaml
    """
    kafka = Environment(os.environ).kafka()
    read = plans.read(file)
    asyncio.run(plans.publish(kafka, read, actor=plans.whoami(), clear=clear))
    if json:
        answer_json(_summary(read))
    else:
        answers.print(f"published {_sentence(read)}", markup=False)


@plan.command()
def show(json: Json = False) -> None:
    """Show the plan that the services follow now; exit code 1 when there is none.

    Example:  ronda plan show --json
    """
    kafka = Environment(os.environ).kafka()
    current = asyncio.run(plans.published(kafka))
    if current is None:
        say("no plan is published yet; `ronda plan apply FILE` does it")
        raise typer.Exit(1)
    if json:
        answer_json(_summary(current))
    else:
        _show(current)


@plan.command()
def codes(
    *,
    file: PlanFile,
    out: Annotated[Path, typer.Option(dir_okay=False, help="The PDF to write.")] = Path(
        "codes.pdf"
    ),
    site: Annotated[
        list[str] | None, typer.Option(help="Only this site; may be given several times.")
    ] = None,
    valid_for: Annotated[
        str | None, typer.Option(help="For a display: 5m, 8h. Codes on paper do not expire.")
    ] = None,
    key: KeyFile = None,
    data: DataFolder = None,
    json: Json = False,
) -> None:
    """Print the signed QR codes that hang at the sites, two on a page of A4.

    Example:  ronda plan codes deploy/plans/tuban.yaml --data ./data --out codes.pdf
    """
    read = plans.read(file)
    wanted = site or [each.id for each in read.sites]
    unknown = [name for name in wanted if name not in read.site_by_id]
    if unknown:
        raise typer.BadParameter(f"the plan has no site {', '.join(unknown)}")
    kid, private = signing_key(_key_file(key, data))
    now = system_clock().astimezone(read.timezone)
    made = printing.cards(
        read,
        [read.site_by_id[name] for name in wanted],
        kid=kid,
        key=private,
        issued_at=now,
        expires_at=now + parse_ttl(valid_for) if valid_for else None,
    )
    printing.write_pdf(out, read.operation.name, made)
    if json:
        answer_json({"file": str(out), "codes": {card.site.id: card.code for card in made}})
    else:
        answers.print(f"wrote {len(made)} codes to {out}", markup=False)


@plan.command("readiness")
def check_readiness(
    file: MaybeFile = None,
    hours: Hours = HOURS_AHEAD,
    at: Moment = None,
    json: Json = False,
) -> None:
    """Name the shifts, steps and contacts that are empty in the hours ahead; exit code 1 if any is.

    Without FILE it looks at the plan that the services follow now, with its live overrides.

    Example:  ronda plan readiness deploy/plans/tuban.yaml --at 2024-02-14T05:00
    """
    current, situation = _plan_and_situation(file)
    now = system_clock() if at is None else at.replace(tzinfo=at.tzinfo or current.timezone)
    lacks = readiness(current, situation, now, hours)
    if json:
        answer_json({"items": msgspec.to_builtins(lacks)})
    else:
        for lack in lacks:
            starts = lack.starts.astimezone(current.timezone)
            mark = "EMPTY" if lack.grave else "look at"
            answers.print(f"{mark}  {starts:%Y-%m-%d %H:%M}  {lack.en}", markup=False)
    if any(lack.grave for lack in lacks):
        raise typer.Exit(1)


def _plan_and_situation(file: Path | None) -> tuple[Plan, Situation]:
    if file is not None:
        return plans.read(file), Situation()
    current, situation = asyncio.run(plans.followed(Environment(os.environ).kafka()))
    if current is None:
        say("no plan is published yet; `ronda plan apply FILE` does it")
        raise typer.Exit(1)
    return current, situation


@plan.command()
def display(
    *,
    file: PlanFile,
    site: Annotated[str, typer.Argument(help="The site that the display stands at.")],
    valid_for: Annotated[str, typer.Option(help="How long each code is good.")] = "5m",
    key: KeyFile = None,
    data: DataFolder = None,
) -> None:
    """Show a site's code on this screen, a new one before the old one ends, until Ctrl-C.

    Example:  ronda plan display deploy/plans/tuban.yaml gudang-logistik --data ./data
    """
    read, lifetime = plans.read(file), parse_ttl(valid_for)
    if site not in read.site_by_id:
        raise typer.BadParameter(f"the plan has no site {site}")
    kid, private = signing_key(_key_file(key, data))
    while True:
        now = system_clock().astimezone(read.timezone)
        code = make(site, issued_at=now, expires_at=now + lifetime, kid=kid, key=private)
        answers.clear()
        segno.make(code, error="m", micro=False).terminal(out=sys.stdout, compact=True)
        answers.print(f"{read.site_by_id[site].name}, {now:%H:%M}", markup=False)
        time.sleep(lifetime.total_seconds() / 2)


def _key_file(key: Path | None, data: Path | None) -> Path:
    file = key or (signing_key_file(data, "officer") if data else None)
    if file is None:
        raise typer.BadParameter("name the signing key with --key, or a data folder with --data")
    return file


def _summary(read: Plan) -> dict[str, Any]:
    figures: dict[str, Any] = msgspec.to_builtins(_figures(read))
    return figures


def _figures(read: Plan) -> Summary:
    return summary(read, system_clock().astimezone(read.timezone).date())


def _sentence(read: Plan) -> str:
    figures = _figures(read)
    sites, people = sum(figures.sites.values()), sum(figures.people.values())
    return (
        f"{figures.name}, version {figures.version}: {figures.units} units, {sites} sites, "
        f"{people} people, {figures.visits} visits due on {figures.day}"
    )


def _show(read: Plan) -> None:
    figures = _figures(read)
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("operation", f"{figures.name} ({figures.operation}), {figures.timezone}")
    table.add_row("version", figures.version)
    table.add_row("phase", figures.phase or "none of the plan's")
    table.add_row(
        "visits", f"{figures.visits} due on {figures.day}, by {figures.visit_rules} rules"
    )
    table.add_row("sites", ", ".join(f"{n} {kind}" for kind, n in figures.sites.items()))
    table.add_row("people", ", ".join(f"{n} {role}" for role, n in figures.people.items()))
    table.add_row("crews", ", ".join(figures.crews))
    for chain in figures.chains:
        steps = zip(chain.levels, chain.after_s, strict=True)
        levels = " → ".join(f"{level} (+{after:g} s)" for level, after in steps)
        table.add_row(chain.severity, f"from level {chain.start_level}: {levels}")
    answers.print(table)
