"""`ronda plan validate`, `apply` and `show`."""

import asyncio
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ronda import plans
from ronda.commands.terminal import Json, answer_json, answers, say
from shared.plan.model import Plan
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
        answers.print(_sentence(current), markup=False)


def _summary(read: Plan) -> dict[str, Any]:
    return {
        "version": read.version,
        "operation": read.operation.id,
        "name": read.operation.name,
        "unit": read.operation.unit,
        "units": len(read.units),
        "sites": len(read.sites),
        "people": len(read.people),
    }


def _sentence(read: Plan) -> str:
    counted = f"{len(read.units)} units, {len(read.sites)} sites, {len(read.people)} people"
    return f"{read.operation.name}, version {read.version}: {counted}"
