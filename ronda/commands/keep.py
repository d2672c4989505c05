"""`ronda archive keep`."""

import asyncio
import os
from typing import Annotated

import typer

from ronda.commands.terminal import say
from ronda.stack.signals import cancelling_signals
from ronda.stack.tending import tend_for_ever, tend_once
from services.archive.domain.retention import Term
from services.archive.ports import Unavailable
from services.archive.settings import retention_terms
from shared.settings import Environment


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
    if once:
        await tend_once(url, terms, say)
        return
    with cancelling_signals(say):
        try:
            await tend_for_ever(url, terms, say)
        except asyncio.CancelledError:
            # Being asked to stop is how this command ends well.
            return
