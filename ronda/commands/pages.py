"""`ronda pages`: building the field app, the board and the records page."""

import typer

from ronda import pages as building
from ronda.commands.terminal import answers, say
from ronda.stack.settings import PROJECT

pages = typer.Typer(no_args_is_help=True, help="The pages that the services show.")


@pages.command()
def build() -> None:
    """Build the pages whose sources changed; an installed wheel carries them built.

    Example:  ronda pages build
    """
    if not building.is_checkout(PROJECT):
        say("the pages came built with the installation")
        return
    for folder in building.build(PROJECT):
        say(f"built {folder.relative_to(PROJECT)}")


@pages.command()
def check() -> None:
    """Check the types of the pages' sources with tsc.

    Example:  ronda pages check
    """
    building.check(PROJECT)


@pages.command()
def path() -> None:
    """Print the folders of the built pages, one a line.

    Example:  ls $(ronda pages path)
    """
    for folder in building.workspaces(PROJECT):
        answers.print(str(folder / "dist"), markup=False)
