"""An event loop without time and without habits: what is ready runs in an order of its own, and
where nothing is ready the clock jumps to what is next. The same seed gives the same run."""

import asyncio
import random
from collections import deque
from typing import Any


class ShuffledLoop(asyncio.SelectorEventLoop):
    """Interleaves tasks as a seed says."""

    _ready: deque[Any]
    _scheduled: list[Any]

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._jumped = 0.0
        super().__init__()

    def time(self) -> float:
        """Seconds since the start, none of them real."""
        return self._jumped

    def _run_once(self) -> None:
        if len(self._ready) > 1:
            ready = list(self._ready)
            self._chance.shuffle(ready)
            self._ready = deque(ready)
        elif not self._ready and self._scheduled:
            self._jumped = max(self._jumped, self._scheduled[0].when())
        super()._run_once()  # type: ignore[misc]
