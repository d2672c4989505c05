"""The engine's pulse, and what it says about itself."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from services.alerts.adapters.reading import Readings
from services.alerts.metrics import Metrics
from shared.clock import Clock

LONGEST_SLEEP_S = 1.0
SHORTEST_SLEEP_S = 0.02
"""What is due may be locked by another replica: no reason for a hot loop."""
IDLE_PAGES_S = 0.5
WATCH_S = 5.0

OnTick = Callable[[datetime], Awaitable[datetime | None]]
Deliver = Callable[[datetime], Awaitable[int]]


class Ticker:
    """Calls the clockwork when something is due, at least once a second."""

    def __init__(self, on_tick: OnTick, clock: Clock) -> None:
        self._on_tick = on_tick
        self._clock = clock

    async def tick(self) -> float:
        """One tick; returns how long the next due time is away."""
        due = await self._on_tick(self._clock())
        if due is None:
            return LONGEST_SLEEP_S
        away = (due - self._clock()).total_seconds()
        return min(max(away, SHORTEST_SLEEP_S), LONGEST_SLEEP_S)


class Courier:
    """Delivers pages as long as there are some."""

    def __init__(self, deliver: Deliver, clock: Clock) -> None:
        self._deliver = deliver
        self._clock = clock

    async def deliver(self) -> float:
        """One round of pages; returns for how long there is nothing to send."""
        return 0.0 if await self._deliver(self._clock()) else IDLE_PAGES_S


class Watcher:
    """Keeps the gauges true that nobody else sets."""

    def __init__(self, readings: Readings, metrics: Metrics, clock: Clock) -> None:
        self._readings = readings
        self._metrics = metrics
        self._clock = clock

    async def watch(self) -> float:
        """Measures once."""
        oldest = await self._readings.oldest_untaken()
        age = (self._clock() - oldest).total_seconds() if oldest else 0.0
        self._metrics.unacknowledged_age.set(max(0.0, age))
        return WATCH_S
