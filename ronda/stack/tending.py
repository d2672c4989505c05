"""What the owner of the archive's tables does every hour: partitions ahead, and what is due."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from services.archive.app import Tend, keeper
from services.archive.domain.retention import Term
from services.archive.ports import Unavailable

EVERY = timedelta(hours=1)
AFTER_FAILURE = timedelta(seconds=10)

Say = Callable[[str], None]


async def tend_once(url: str, terms: Sequence[Term], say: Say) -> None:
    """One round; raises `Unavailable`."""
    async with keeper(url, retention=terms) as tend:
        await _round(tend, say)


async def tend_for_ever(url: str, terms: Sequence[Term], say: Say) -> None:
    """Runs until cancelled; a database that is away is waited for."""
    async with keeper(url, retention=terms) as tend:
        while True:
            pause = EVERY
            try:
                await _round(tend, say)
            except Unavailable as error:
                say(f"ronda: {error}; trying again")
                pause = AFTER_FAILURE
            await asyncio.sleep(pause.total_seconds())


async def _round(tend: Tend, say: Say) -> None:
    for what in await tend():
        say(what)
