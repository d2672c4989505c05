"""`ronda plan validate`, `apply` and `show`."""

import asyncio
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from ronda import plans
from ronda.commands.terminal import Json, answer_json, answers, say
from shared.clock import system_clock
from shared.plan.model import Plan
from shared.plan.summary import Summary, summary
from shared.settings import Environment

plan = typer.Typer(no_args_is_help=True, help="The operation plan: who guards what, and when.")
PlanFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="The plan's YAML file.")
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
def apply(file: PlanFile, json: Json = False) -> None:
    """Publish a plan; the services follow it without a restart.

    Example:  RONDA_KAFKA_BOOTSTRAP_SERVERS=kafka:9092 ronda plan apply deploy/plans/tuban.yaml
    """
    kafka = Environment(os.environ).kafka()
    read = plans.read(file)
    asyncio.run(plans.publish(kafka, read, actor=plans.whoami()))
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
