"""`ronda demo`."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ronda.commands.terminal import say
from ronda.demo.play import play
from ronda.stack.settings import StackSettings
from ronda.stack.signals import cancelling_signals


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

    Kafka and PostgreSQL are its own, whatever the environment names: its plan, with delays of
    seconds, must never come into force where somebody is on duty.
    """
    _forget_the_deployment()
    settings = StackSettings(
        data=data, checkin_port=checkin_port, alerts_port=alerts_port, archive_port=archive_port
    )
    raise typer.Exit(asyncio.run(_until_signalled(settings, exit_after=exit_after, faults=faults)))


async def _until_signalled(settings: StackSettings, *, exit_after: bool, faults: bool) -> int:
    with cancelling_signals(say):
        try:
            return await play(Console(), settings, exit_after=exit_after, faults=faults)
        except asyncio.CancelledError:
            # Before its end the story was not seen whole.
            return 1


def _forget_the_deployment() -> None:
    """The services inherit the environment, and with it servers, secrets and webhooks."""
    for name in [name for name in os.environ if name.startswith("RONDA_")]:
        del os.environ[name]
