"""A loop that never gives up: what fails is logged, shown in health, and tried again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from services.alerts.adapters.bell import Bell
from shared.health import Progress
from shared.logging import logger

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0

_log = logger(__name__)

Step = Callable[[], Awaitable[float]]
"""One round; returns for how many seconds there is nothing to do unless the bell rings."""


@asynccontextmanager
async def _running(loop: "Loop") -> AsyncIterator[None]:
    task = asyncio.create_task(loop.run(), name=loop.name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Loop:
    """Repeats `step` until it is cancelled; a round that takes longer than `limit_s` has failed."""

    def __init__(
        self, name: str, step: Step, *, bell: Bell, progress: Progress, limit_s: float = 30.0
    ) -> None:
        self.name = name
        self._step = step
        self._bell = bell
        self._progress = progress
        self._limit_s = limit_s
        self._pause_s = FIRST_PAUSE_S

    def running(self) -> AbstractAsyncContextManager[None]:
        """Runs the loop in the background while the block is open."""
        return _running(self)

    async def run(self) -> None:
        """Goes round for ever."""
        while True:
            try:
                async with asyncio.timeout(self._limit_s):
                    idle_s = await self._step()
            except Exception as error:
                # Whatever it was, alerts must go on climbing: the next round may succeed.
                await self._failed(error)
                continue
            self._pause_s = FIRST_PAUSE_S
            self._progress.made()
            await self._bell.wait(idle_s)

    async def _failed(self, error: Exception) -> None:
        self._progress.failed(repr(error))
        _log.warning("round failed", loop=self.name, error=repr(error), pause_s=self._pause_s)
        await asyncio.sleep(self._pause_s)
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
