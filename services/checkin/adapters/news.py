"""Waiting for what a follower reads next."""

import asyncio
from collections.abc import Callable


class News:
    """Base of what a `Follower` feeds, for those who wait until it knows something."""

    def __init__(self) -> None:
        self._news = asyncio.Event()

    def announce(self) -> None:
        """Wakes everybody who waits, to look again."""
        self._news.set()
        self._news = asyncio.Event()

    async def until(self, known: Callable[[], bool], within_s: float) -> bool:
        """Waits until `known`, which is asked after everything that is read; false in the end."""
        try:
            async with asyncio.timeout(within_s):
                while not known():
                    await self._news.wait()
        except TimeoutError:
            return known()
        return True
