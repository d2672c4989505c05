"""Keeps pages on their way: many at once, and no provider that is slow holds up another one."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from services.alerts.adapters.bell import Bell
from services.alerts.handlers.paging import Paging
from services.alerts.ports import Page, TryAgain
from shared.clock import Clock
from shared.logging import logger

IDLE_S = 0.5
PARALLEL = 48
PER_CHANNEL = 16
HOLD_EVERY = timedelta(seconds=1)
FAREWELL_S = 3.0

_log = logger(__name__)


class Courier:
    """Claims due pages and sends them in the background; `bell` wakes its loop for more."""

    def __init__(self, paging: Paging, clock: Clock, bell: Bell) -> None:
        self._paging = paging
        self._clock = clock
        self._bell = bell
        self._sending: dict[asyncio.Task[None], Page] = {}
        self._held_at = clock()
        self._more = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """At the end, what is being sent is given a moment; the rest is left to its lease."""
        try:
            yield
        finally:
            if self._sending:
                await asyncio.wait(self._sending, timeout=FAREWELL_S)
            for task in list(self._sending):
                task.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)

    async def deliver(self) -> float:
        """One round; returns for how long there is nothing to claim."""
        now = self._clock()
        await self._hold(now)
        counts = Counter(page.channel for page in self._sending.values())
        busy = [channel for channel, count in counts.items() if count >= PER_CHANNEL]
        room = min(PARALLEL - len(self._sending), PER_CHANNEL)
        if room <= 0:
            self._more = True
            return IDLE_S
        pages = await self._paging.claim(now, room, busy)
        for page in pages:
            task = asyncio.create_task(self._paging.send(page), name=f"page {page.dedup}")
            self._sending[task] = page
            task.add_done_callback(self._done)
        self._more = bool(busy)
        return 0.0 if len(pages) == room else IDLE_S

    async def _hold(self, now: datetime) -> None:
        if not self._sending or now < self._held_at + HOLD_EVERY:
            return
        self._held_at = now
        try:
            await self._paging.hold(list(self._sending.values()), now)
        except TryAgain as error:
            _log.warning("leases are not renewed", error=repr(error))

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._sending[task]
        if self._more:
            self._bell.ring()
