"""A day of patrols in virtual time, and whether the detector of missed visits told the truth.

    python -m tests.detector [SITES] [SEED]     the whole day on the store in memory
    RONDA_DETECTOR_SITES=400 pytest tests/integration/alerts/test_detector.py     on PostgreSQL

Phones sync late, phones stay silent, the consumer lags, and the service is down twice across
deadlines and begins anew.
"""

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from prometheus_client import CollectorRegistry

from services.alerts.handlers.clockwork import Clockwork
from services.alerts.handlers.demands import Demands
from services.alerts.handlers.intake import Intake
from services.alerts.handlers.visits import VisitTimers
from services.alerts.metrics import Metrics
from services.alerts.ports import Incoming, Store
from shared.events.alert import Alert, VisitMissed
from shared.events.envelope import Event
from shared.events.registry import encode
from shared.plan.expand import expand
from shared.plan.model import DueVisit, Plan, Situation, Step, VisitRule
from shared.topics import PATROL
from tests.builders import a_checkin, a_plan, a_policy, a_site, an_id
from tests.fake_store import FakeStore
from tests.fakes import FakePatrolEnds, FakePlanBook, ManualClock

DAY = date(2023, 11, 30)
MIDNIGHT = datetime(2023, 11, 29, 17, 0, tzinfo=UTC)  # of that day at Tuban
STEP = timedelta(minutes=5)
LONGEST_DELAY = timedelta(hours=6)
PARTITIONS = 6
MADE, LATE, SILENT = 0.92, 0.05, 0.03
DOWN = (
    (MIDNIGHT + timedelta(hours=8, minutes=5), MIDNIGHT + timedelta(hours=8, minutes=40)),
    (MIDNIGHT + timedelta(hours=19, minutes=50), MIDNIGHT + timedelta(hours=20, minutes=50)),
)


@dataclass(frozen=True, slots=True)
class Scan:
    """A check-in, when it was made and when it reached the topic."""

    event: Event
    visit: str
    arrives: datetime


@dataclass(slots=True)
class Outcome:
    """What the detector said, beside the truth."""

    visits: int = 0
    unmade: int = 0
    """Visits of which no evidence ever came."""
    found: int = 0
    late: int = 0
    silent_phones: int = 0
    false_misses: list[str] = field(default_factory=list)
    """Said to be missed although the evidence was there to be read, or had come by the end."""
    missed_twice: list[str] = field(default_factory=list)
    unheard: list[str] = field(default_factory=list)
    """Silent phones whose site raised no alert."""
    wrongly_silent: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """What part of the visits that nobody made was found."""
        return self.found / self.unmade if self.unmade else 1.0


class Day:
    """One day of so many sites, the same for the same seed."""

    def __init__(self, sites: int, seed: int) -> None:
        self._random = random.Random(seed)
        names = [f"site-{number:03d}" for number in range(sites)]
        self.silent = set(self._random.sample(names, max(1, round(sites * SILENT))))
        hours = [time(2), time(8), time(14), time(20)]
        policy = a_policy(
            severities=["rendah", "sedang", "tinggi", "kritis"],
            steps=[Step(after_s=0, posts=["operator"])],
            repeat_s=7 * 86_400,
        )
        self.plan = a_plan(
            sites=[a_site(name, lat=-6.9 + at / 500) for at, name in enumerate(names)],
            visit_rules=[VisitRule(id="ronda", at=hours, grace_s=900)],
            policies=[policy],
        )
        self.visits = {each.id: each for each in expand(self.plan, Situation(), DAY)}
        scans = (self._scan(visit) for visit in self.visits.values())
        self.scans = sorted((scan for scan in scans if scan), key=lambda scan: scan.arrives)

    def _scan(self, visit: DueVisit) -> Scan | None:
        moment = visit.opens_at + self._random.random() * (visit.grace_until - visit.opens_at)
        made, is_late = self._random.random() < MADE, self._random.random() < LATE
        if not made or visit.site in self.silent:
            return None
        delay = timedelta(seconds=self._random.uniform(0, 60))
        if is_late:
            delay = timedelta(minutes=20) + self._random.random() * LONGEST_DELAY
        event = a_checkin(
            id=an_id("scan", visit.id), subject=visit.site, time=moment, receivedtime=moment + delay
        )
        return Scan(event, visit.id, moment + delay)

    def lag(self) -> timedelta:
        """How far behind the consumer is at a step."""
        return self._random.choice([timedelta(), timedelta(minutes=4), timedelta(minutes=12)])


class Service:
    """One life of the service; the next one is made anew on the same store."""

    def __init__(self, store: Store, plan: Plan, clock: ManualClock, ends: FakePatrolEnds) -> None:
        plans = FakePlanBook(plan, published_at=MIDNIGHT)
        metrics = Metrics(CollectorRegistry())
        demands = Demands(store=store, plans=plans, expand=_only_that_day)
        self.intake = Intake(
            store=store, plans=plans, demands=demands, clock=clock, metrics=metrics
        )
        self.clockwork = Clockwork(store=store, plans=plans, clock=clock, metrics=metrics)
        self.visits = VisitTimers(
            store=store,
            plans=plans,
            patrol_ends=ends,
            demands=demands,
            clock=clock,
            metrics=metrics,
        )


def _only_that_day(plan: Plan, situation: Situation, day: date) -> Sequence[DueVisit]:
    return expand(plan, situation, day) if day == DAY else []


class Topic:
    """`ronda.patrol` with its partitions; what was appended when."""

    def __init__(self) -> None:
        self.records: list[tuple[datetime, Incoming]] = []
        self.ends = FakePatrolEnds()
        self._taken = 0

    def append(self, scan: Scan) -> None:
        """At the end of the site's partition."""
        partition = sum(str(scan.event.subject).encode()) % PARTITIONS
        known: Mapping[int, int] = self.ends.now or {}
        offset = known.get(partition, 0)
        self.ends.now = {**known, partition: offset + 1}
        record = Incoming(PATROL.name, partition, offset, encode(scan.event))
        self.records.append((scan.arrives, record))

    def batch(self, until: datetime) -> list[Incoming]:
        """What was appended by then and is not taken yet."""
        begin = self._taken
        while self._taken < len(self.records) and self.records[self._taken][0] <= until:
            self._taken += 1
        return [record for _, record in self.records[begin : self._taken]]


async def lived(day: Day, store: Store, step: timedelta = STEP) -> None:
    """The day goes by, a step at a time, until the last late phone has synced."""
    clock, topic = ManualClock(MIDNIGHT), Topic()
    service = Service(store, day.plan, clock, topic.ends)
    waiting = list(day.scans)
    was_down = False
    while clock.now < MIDNIGHT + timedelta(days=1) + LONGEST_DELAY + timedelta(hours=1):
        clock.now += step
        while waiting and waiting[0].arrives <= clock.now:
            topic.append(waiting.pop(0))
        if any(begins <= clock.now < ends for begins, ends in DOWN):
            was_down = True
            continue
        if was_down:
            service, was_down = Service(store, day.plan, clock, topic.ends), False
        if batch := topic.batch(clock.now - day.lag()):
            await service.intake.on_records(batch)
        await service.clockwork.on_tick(clock.now)
        await service.visits.on_tick(clock.now)


def judged(day: Day, events: Sequence[Event], states: Mapping[str, str]) -> Outcome:
    """What was said, held against what was there to be known."""
    arrivals = {scan.visit: scan.arrives for scan in day.scans}
    outcome = Outcome(visits=len(day.visits), silent_phones=len(day.silent))
    outcome.unmade = len(day.visits) - len(arrivals)
    outcome.found = sum(states[visit] == "missed" for visit in day.visits if visit not in arrivals)
    outcome.late = sum(arrivals[visit] > day.visits[visit].grace_until for visit in arrivals)
    outcome.false_misses = [visit for visit in arrivals if states[visit] == "missed"]
    told = [event for event in events if isinstance(event, VisitMissed)]
    for event in told:
        arrived = arrivals.get(event.data.id)
        if arrived is not None and arrived <= event.time:
            outcome.false_misses.append(event.data.id)
    counts = Counter(event.data.id for event in told)
    outcome.missed_twice = [visit for visit, times in counts.items() if times > 1]
    silent = _open_silences(events)
    outcome.unheard = sorted(day.silent - silent)
    last = max(day.visits.values(), key=lambda visit: visit.due_at).opens_at
    heard = {scan.event.subject for scan in day.scans if scan.event.time >= last}
    outcome.wrongly_silent = sorted(silent & {str(site) for site in heard})
    return outcome


def _open_silences(events: Sequence[Event]) -> set[str]:
    newest: dict[str, Alert] = {}
    for event in events:
        alert = getattr(event, "data", None)
        if isinstance(alert, Alert) and alert.kind == "silent":
            newest[alert.id] = alert
    return {str(alert.site) for alert in newest.values() if alert.state != "closed"}


async def on_the_fake_store(sites: int, seed: int) -> Outcome:
    """The day in memory."""
    day, store = Day(sites, seed), FakeStore()
    await lived(day, store)
    states = {row.visit.id: row.visit.state for row in store.rows.visits.values()}
    return judged(day, [event for event in store.events() if isinstance(event, Event)], states)


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    sites, seed = (*numbers, 400, 1)[:2] if len(numbers) != 1 else (numbers[0], 1)
    print(asyncio.run(on_the_fake_store(sites, seed)))  # noqa: T201 - its answer
