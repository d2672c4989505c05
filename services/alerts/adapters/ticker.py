"""The engine's pulse, and what it says about itself."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from services.alerts.adapters.bell import Bell
from services.alerts.adapters.delivery_reading import DeliveryReadings
from services.alerts.adapters.reading import Readings
from services.alerts.metrics import Metrics
from shared.clock import Clock

LONGEST_SLEEP = timedelta(seconds=1)
SHORTEST_SLEEP = timedelta(milliseconds=20)
"""What is due may be locked by another replica: no reason for a hot loop."""
WATCH_S = 5.0

OnTick = Callable[[datetime], Awaitable[datetime | None]]
NextDue = Callable[[], Awaitable[datetime | None]]


class Ticker:
    """Calls the clockwork when something is due, and at least once a second.

    When it is woken before its time it only asks when that is: most of what is saved is due later.
    """

    def __init__(self, on_tick: OnTick, next_due: NextDue, clock: Clock, bell: Bell) -> None:
        self._on_tick = on_tick
        self._bell = bell
        self._next_due = next_due
        self._clock = clock
        self._next_tick = datetime.min.replace(tzinfo=UTC)

    async def tick(self) -> float:
        """One round; returns how long the next one is away."""
        # Whatever is saved from here on rings, until the next waking is known.
        self._bell.awake_at = None
        try:
            return await self._round()
        finally:
            self._bell.awake_at = self._next_tick

    async def _round(self) -> float:
        now = self._clock()
        # Further away than we ever sleep: the clock was set back.
        if not now < self._next_tick <= now + LONGEST_SLEEP:
            return await self._full_tick(now)
        due = await self._next_due()
        if due is not None and due <= now:
            return await self._full_tick(now)
        self._next_tick = min(due or self._next_tick, self._next_tick)
        return (self._next_tick - now).total_seconds()

    async def _full_tick(self, now: datetime) -> float:
        due = await self._on_tick(now)
        now = self._clock()
        latest = now + LONGEST_SLEEP
        self._next_tick = max(min(due or latest, latest), now + SHORTEST_SLEEP)
        return (self._next_tick - now).total_seconds()


class Watcher:
    """Keeps the gauges true that nobody else sets."""

    def __init__(
        self, readings: Readings, deliveries: DeliveryReadings, metrics: Metrics, clock: Clock
    ) -> None:
        self._readings = readings
        self._deliveries = deliveries
        self._metrics = metrics
        self._clock = clock

    async def watch(self) -> float:
        """Measures once."""
        oldest = await self._readings.oldest_untaken()
        age = (self._clock() - oldest).total_seconds() if oldest else 0.0
        self._metrics.unacknowledged_age.set(max(0.0, age))
        self._metrics.outbox_parked.set(await self._readings.parked())
        self._metrics.undelivered.set(await self._deliveries.undelivered())
        return WATCH_S
