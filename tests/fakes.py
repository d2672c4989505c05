"""Small fakes of the alerts service's ports; the store has a file of its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from services.alerts.ports import Page, Receipt
from shared.plan.model import Plan, Situation
from shared.plan.situation import LiveOverride


class ManualClock:
    """A clock that a test moves."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> datetime:
        """Moves on; returns the new time."""
        self.now += timedelta(seconds=seconds)
        return self.now


class FakePlanBook:
    """A plan that a test replaces."""

    def __init__(self, plan: Plan | None, published_at: datetime | None = None) -> None:
        self.plan = plan
        self.published_at = published_at
        self.situation = Situation()
        self.live: list[LiveOverride] = []

    def overrides(self) -> Sequence[LiveOverride]:
        """As a test has set them, beside the situation itself."""
        return self.live


class FakePatrolEnds:
    """Ends that a test sets; None means that the broker is away."""

    def __init__(self) -> None:
        self.now: dict[int, int] | None = {}
        self.asked = 0

    async def ends(self) -> Mapping[int, int]:
        """The ends, or OSError."""
        self.asked += 1
        if self.now is None:
            raise OSError("the broker is away")
        return dict(self.now)


class FakeNotifier:
    """Remembers what it was given; refuses it while `error` is set; gives it a name if it `names`
    what it takes."""

    def __init__(self) -> None:
        self.error: str | None = None
        self.names = False
        self.sent: list[Page] = []
        self.refused: list[Page] = []

    async def send(self, page: Page) -> Receipt:
        """Accepts or refuses."""
        (self.refused if self.error else self.sent).append(page)
        return Receipt(self.error, page.ref if self.names and not self.error else None)
