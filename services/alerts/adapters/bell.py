"""Wakes a loop of this process before its time; a loop in another process finds out by polling."""

import asyncio
from datetime import datetime


class Bell:
    """Rung by whoever made work; many rings before a wait are one."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self.awake_at: datetime | None = None
        """When the loop wakes by itself; what is due later need not wake it."""

    @property
    def rung(self) -> bool:
        """Whether the next wait will end at once."""
        return self._rung.is_set()

    def ring(self) -> None:
        """Ends the wait that is going on, or the next one."""
        self._rung.set()

    def ring_by(self, due: datetime) -> None:
        """Rings when the loop would otherwise sleep beyond a moment."""
        if self.awake_at is None or due < self.awake_at:
            self.ring()

    async def wait(self, at_most_s: float) -> None:
        """Returns when rung, or after `at_most_s` seconds."""
        try:
            async with asyncio.timeout(at_most_s):
                await self._rung.wait()
        except TimeoutError:
            return
        self._rung.clear()
