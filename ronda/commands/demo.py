"""`ronda demo`."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ronda.commands.stack import external_kafka
from ronda.commands.terminal import say
from ronda.demo.play import play
from ronda.stack.settings import StackSettings
from ronda.stack.signals import cancelling_signals
from shared.settings import Environment


def demo(
    *,
    exit_after: Annotated[
        bool,
        typer.Option("--exit", help="Stop afterwards; exit code 0 only if all steps were seen."),
    ] = False,
    faults: Annotated[
        bool, typer.Option("--faults", help="Kill alerts and the broker during the night.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="<folder>",
            file_okay=False,
            help="Keep the data and the services' logs here; a folder for this demo alone.",
        ),
    ] = None,
    checkin_port: Annotated[
        int, typer.Option(min=0, max=65_535, envvar="RONDA_CHECKIN_PORT", help="0: a free one.")
    ] = 0,
    alerts_port: Annotated[
        int, typer.Option(min=0, max=65_535, envvar="RONDA_ALERTS_PORT", help="0: a free one.")
    ] = 0,
    archive_port: Annotated[
        int, typer.Option(min=0, max=65_535, envvar="RONDA_ARCHIVE_PORT", help="0: a free one.")
    ] = 0,
) -> None:
    """Watch one night in Tuban: check-ins, an absence, a report that climbs until a name takes it.

    Everything goes through the public HTTP API of the three services. Example:  ronda demo --exit
    """
    environment = Environment(os.environ)
    settings = StackSettings(
        kafka=external_kafka(environment),
        topic_prefix=environment.text("RONDA_TOPIC_PREFIX", ""),
        database_url=environment.optional("RONDA_DATABASE_URL") and environment.database_url(),
        data=data,
        checkin_port=checkin_port,
        alerts_port=alerts_port,
        archive_port=archive_port,
    )
    raise typer.Exit(asyncio.run(_until_signalled(settings, exit_after=exit_after, faults=faults)))


async def _until_signalled(settings: StackSettings, *, exit_after: bool, faults: bool) -> int:
    with cancelling_signals(say):
        try:
            return await play(Console(), settings, exit_after=exit_after, faults=faults)
        except asyncio.CancelledError:
            # Ctrl-C after the story is how it is left; before its end it was not seen whole.
            return 0 if not exit_after else 1
