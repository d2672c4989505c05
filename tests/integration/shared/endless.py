"""Work that only an end from outside ends."""

import asyncio

ENDS_S = 0.3
"""As long as a connection may take that goes back to its pool."""
GRACE_S = 0.5


class Endless:
    """Goes on until it is cancelled, and then takes a moment."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()

    async def run(self) -> None:
        """Never returns."""
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(ENDS_S)
            self.ended.set()
