"""Wakes a loop of this process before its time; a loop in another process finds out by polling."""

import asyncio


class Bell:
    """Rung by whoever made work; many rings before a wait are one."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    @property
    def rung(self) -> bool:
        """Whether the next wait will end at once."""
        return self._rung.is_set()

    def ring(self) -> None:
        """Ends the wait that is going on, or the next one."""
        self._rung.set()

    async def wait(self, at_most_s: float) -> None:
        """Returns when rung, or after `at_most_s` seconds."""
        try:
            async with asyncio.timeout(at_most_s):
                await self._rung.wait()
        except TimeoutError:
            return
        self._rung.clear()
