"""`ronda deadletter list` and `redrive`."""

import asyncio
import os
from typing import Annotated, Any

import typer
from rich.table import Table

from ronda import letters
from ronda.commands.terminal import Json, answer_json, answers, say
from ronda.letters import Letter
from shared.settings import Environment

deadletter = typer.Typer(
    no_args_is_help=True, help="The events that alerts could not judge, and laid aside."
)


@deadletter.command("list")
def list_all(
    value: Annotated[bool, typer.Option("--value", help="With each event as it came.")] = False,
    json: Json = False,
) -> None:
    """Show what was laid aside in the last 30 days: where it was read, what it is, and why.

    Example:  ronda deadletter list --value
    """
    found = asyncio.run(letters.laid_aside(Environment(os.environ).kafka()))
    if json:
        answer_json([_facts(letter) | {"value": _text(letter)} for letter in found])
        return
    table = Table(box=None, pad_edge=False)
    for column in ("letter", "since", "read at", "type", "id", "reason"):
        table.add_column(column)
    for letter in found:
        facts = _facts(letter)
        table.add_row(*(str(facts[name] or "–") for name in facts), style=None)
        if value:
            table.add_row("", "", "", "", "", _text(letter) or "–")
    answers.print(table, markup=False)
    say(f"{len(found)} letters; `ronda deadletter redrive NUMBER …` sends them again")


@deadletter.command()
def redrive(
    numbers: Annotated[
        list[int] | None, typer.Argument(help="The letters, as `ronda deadletter list` counts.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every letter there is.")] = False,
    json: Json = False,
) -> None:
    """Send laid-aside events to where they were read, once what they failed on is mended.

    Repeating it does no harm: what has taken effect meanwhile is known by its id.

    Example:  ronda deadletter redrive 3 4
    """
    if bool(numbers) == everything:
        raise typer.BadParameter("name letters by their numbers, or say --all")
    kafka = Environment(os.environ).kafka()
    found = {letter.number: letter for letter in asyncio.run(letters.laid_aside(kafka))}
    missing = [number for number in numbers or () if number not in found]
    if missing:
        say(f"ronda: there is no letter {', '.join(map(str, missing))}; `ronda deadletter list`")
        raise typer.Exit(1)
    chosen = [found[number] for number in numbers or found]
    asyncio.run(letters.send_again(kafka, chosen))
    if json:
        answer_json({"redriven": [letter.number for letter in chosen]})
    else:
        answers.print(f"sent {len(chosen)} events again")


def _facts(letter: Letter) -> dict[str, Any]:
    return {
        "letter": letter.number,
        "since": f"{letter.laid_aside_at:%Y-%m-%dT%H:%M:%SZ}",
        "read_at": f"{letter.topic}/{letter.partition}/{letter.offset}",
        "type": letter.type,
        "id": letter.id,
        "reason": letter.reason,
    }


def _text(letter: Letter) -> str | None:
    return letter.value.decode(errors="backslashreplace") if letter.value is not None else None
