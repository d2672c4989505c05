"""How the commands speak: answers on stdout, everything else on stderr."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console

answers = Console(highlight=False, soft_wrap=True)
remarks = Console(stderr=True, highlight=False, soft_wrap=True)

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON, for programs.")]


def say(sentence: str) -> None:
    """Tells the person at the terminal what goes on."""
    remarks.print(sentence, markup=False)


def answer_json(value: Any) -> None:
    """Prints one JSON document on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=str))
