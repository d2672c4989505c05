"""`ronda archive keep`."""

import asyncio
import os
from datetime import timedelta
from typing import Annotated

import typer

from ronda.commands.terminal import say
from ronda.stack.signals import cancelling_signals
from services.archive.app import Tend, keeper
from services.archive.domain.retention import Term
from services.archive.ports import Unavailable
from services.archive.settings import retention_terms
from shared.settings import Environment

EVERY = timedelta(hours=1)
AFTER_FAILURE = timedelta(seconds=10)


def keep(
    *,
    once: Annotated[bool, typer.Option("--once", help="One round, for a scheduler.")] = False,
) -> None:
    """Tend the archive's tables, as their owner: partitions of the coming months, and the erasure
    of what is kept longer than RONDA_ARCHIVE_RETENTION says.

    Example:  RONDA_DATABASE_URL=postgresql://archive_keeper@db/ronda ronda archive keep

    Runs until it is stopped, a round every hour; a database that is away is waited for.
    """
    environment = Environment(os.environ)
    url, terms = environment.database_url(), retention_terms(environment)
    try:
        asyncio.run(_keep(url, terms, once=once))
    except Unavailable as error:
        say(f"ronda: {error}")
        raise typer.Exit(1) from error


async def _keep(url: str, terms: list[Term], *, once: bool) -> None:
    async with keeper(url, retention=terms) as tend:
        if once:
            _tell(await tend())
            return
        with cancelling_signals(say):
            try:
                await _for_ever(tend)
            except asyncio.CancelledError:
                # Being asked to stop is how this command ends well.
                return


async def _for_ever(tend: Tend) -> None:
    while True:
        pause = await _round(tend)
        await asyncio.sleep(pause.total_seconds())


async def _round(tend: Tend) -> timedelta:
    try:
        _tell(await tend())
    except Unavailable as error:
        say(f"ronda: {error}; trying again")
        return AFTER_FAILURE
    return EVERY


def _tell(done: list[str]) -> None:
    for what in done:
        say(what)
