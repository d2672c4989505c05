"""The `ronda` command: parses, calls, and turns what went wrong into a sentence and an exit code.

Exit codes: 0 done, 1 something was found wrong or failed, 2 wrong use.
"""

import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version as distribution_version
from typing import Annotated

import typer

from ronda.commands.terminal import answers, remarks
from shared.mendable import MendableError
from shared.settings import SettingsError

MODULES = {
    "up": "stack",
    "demo": "demo",
    "run": "stack",
    "token": "token",
    "bench": "bench",
    "doctor": "doctor",
    "plan": "plan",
    "device": "device",
    "keys": "keys",
    "user": "user",
    "topics": "provision",
    "db": "provision",
    "pages": "pages",
    "archive": "archive",
    "deadletter": "deadletter",
}
"""Each command, in the order of `--help`, and the module of `ronda.commands` that holds it."""


def application(arguments: Sequence[str] = ()) -> typer.Typer:
    """The command line with the command that is asked for, or with all.

    One by one, because to import all of them takes seconds, and `ronda token` needs a tenth of one.
    """
    app = typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help="Ronda: patrol and early warning for a police district that guards election sites.",
    )
    app.callback()(_ronda)
    asked = arguments[0] if arguments else ""
    for name in [asked] if asked in MODULES else MODULES:
        command = getattr(import_module(f"ronda.commands.{MODULES[name]}"), name)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def main() -> None:
    """Entry point of the `ronda` script."""
    # A client that cannot reach a broker is told once, by us, and not each time it tries.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        application(sys.argv[1:])()
    except SettingsError as error:
        _end(error, 2)
    except MendableError as error:
        _end(error, 1)


def _tell_version(asked: bool) -> None:
    if asked:
        answers.print(distribution_version("ronda"), highlight=False)
        raise typer.Exit


# Without a callback Typer would make the only command the application itself.
def _ronda(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    pass


def _end(error: Exception, code: int) -> None:
    remarks.print(f"ronda: {error}", style="red", markup=False)
    sys.exit(code)
