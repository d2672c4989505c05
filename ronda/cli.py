"""The `ronda` command: parses, calls, and turns what went wrong into a sentence and an exit code.

Exit codes: 0 done, 1 something was found wrong or failed, 2 wrong use.
"""

import logging
import sys

import typer

from ronda.commands.archive import archive
from ronda.commands.bench import bench
from ronda.commands.demo import demo
from ronda.commands.device import device
from ronda.commands.doctor import doctor
from ronda.commands.keys import keys
from ronda.commands.pages import pages
from ronda.commands.plan import plan
from ronda.commands.provision import db, topics
from ronda.commands.stack import run, up
from ronda.commands.terminal import remarks
from ronda.commands.token import token
from ronda.commands.user import user
from ronda.devices import DevicesError
from ronda.pages import PagesError
from ronda.plans import PlanInvalidError
from ronda.stack.errors import StackError
from shared.provision import ProvisionError
from shared.settings import SettingsError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Ronda: patrol and early warning for a police district that guards election sites.",
)
for command in (up, demo, run, token, bench, doctor):
    app.command()(command)
app.add_typer(plan, name="plan")
app.add_typer(device, name="device")
app.add_typer(keys, name="keys")
app.add_typer(user, name="user")
app.add_typer(topics, name="topics")
app.add_typer(db, name="db")
app.add_typer(pages, name="pages")
app.add_typer(archive, name="archive")


def main() -> None:
    """Entry point of the `ronda` script."""
    # A client that cannot reach a broker is told once, by us, and not each time it tries.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        app()
    except SettingsError as error:
        _end(error, 2)
    except (StackError, ProvisionError, PagesError, PlanInvalidError, DevicesError) as error:
        _end(error, 1)


def _end(error: Exception, code: int) -> None:
    remarks.print(f"ronda: {error}", style="red", markup=False)
    sys.exit(code)
