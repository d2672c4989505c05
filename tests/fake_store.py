"""A store in memory that behaves as PostgreSQL does at READ COMMITTED: row locks, SKIP LOCKED,
rollback, unique ids. Crashes can be ordered for either side of a commit."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

import msgspec

from services.alerts.domain.doubt import Doubt
from services.alerts.domain.visit import needs_barrier
from services.alerts.domain.welfare import is_waiting
from services.alerts.ports import (
    Answer,
    DeviceTrack,
    Duty,
    Incoming,
    Page,
    PendingVisit,
    Progress,
    TopicPartition,
    TryAgain,
    Use,
)
from shared.events.alert import Alert
from shared.events.envelope import Envelope, Event
from shared.events.presence import SequenceGap
from shared.events.registry import AnyEvent, decode, encode
from shared.events.risk import SiteRisk
from shared.events.task import Task
from shared.events.welfare import Nudge
from shared.topics import TopicSpec
from tests.fake_nudge_rows import FakeNudgeRows
from tests.fake_patrol_rows import FakePatrolRows
from tests.fake_task_rows import FakeTaskRows
from tests.fake_watch_rows import FakeWatchRows, alarm_due, handovers

Lock = tuple[str, str]


class Crash(TryAgain):
    """The process was killed here: whoever asked does not know what was stored."""


@dataclass(slots=True)
class QueuedPage:
    """A row of the notifications."""

    page: Page
    progress: Progress

    @property
    def due_at(self) -> datetime | None:
        """When something is to be done about it."""
        return self.progress.due_at

    @property
    def claimed(self) -> Page:
        """As a sender gets it."""
        return replace(
            self.page, attempt=self.progress.attempt, accepted_at=self.progress.accepted_at
        )


@dataclass(frozen=True, slots=True)
class Published:
    """A record of the outbox."""

    topic: str
    key: str
    event: AnyEvent | Envelope


@dataclass(slots=True)
class Rows:
    """What is committed. Objects are kept as the bytes that the real store keeps."""

    alerts: dict[str, bytes] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    visits: dict[str, PendingVisit] = field(default_factory=dict)
    tasks: dict[str, bytes] = field(default_factory=dict)
    risks: dict[str, SiteRisk] = field(default_factory=dict)
    tracks: dict[str, DeviceTrack] = field(default_factory=dict)
    codes: dict[str, tuple[Use, ...]] = field(default_factory=dict)
    doubts: dict[str, Doubt] = field(default_factory=dict)
    gaps: dict[str, SequenceGap | None] = field(default_factory=dict)
    duties: dict[str, Duty | None] = field(default_factory=dict)
    nudges: dict[str, bytes] = field(default_factory=dict)
    signs: dict[str, tuple[datetime, str | None]] = field(default_factory=dict)
    silences: dict[str, tuple[str, datetime] | None] = field(default_factory=dict)
    positions: dict[TopicPartition, int] = field(default_factory=dict)
    inbox: dict[str, bool] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    pages: dict[str, QueuedPage] = field(default_factory=dict)
    journal: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    handovers: dict[str, bytes] = field(default_factory=dict)
    outbox: list[Published] = field(default_factory=list)
    dead_letters: list[tuple[Incoming, str]] = field(default_factory=list)


class FakeStore:
    """Keeps rows in memory; transactions see their own writes, others see them once committed.

    `crash_before_commit` and `crash_after_commit` count the transactions that will die there.
    `queued` counts how often a page with a `dedup` was asked for, by committed transactions.
    """

    def __init__(self) -> None:
        self.rows = Rows()
        self.queued: Counter[str] = Counter()
        self.crash_before_commit = self.crash_after_commit = 0
        self.held: dict[Lock, FakeTransaction] = {}
        self.numbers: int = 0
        self._released = asyncio.Event()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["FakeTransaction"]:
        """Begins; commits at the end of the block, rolls back on any exception."""
        transaction = self._begin()
        try:
            yield transaction
            await asyncio.sleep(0)
            if self.crash_before_commit:
                self.crash_before_commit -= 1
                raise Crash
            transaction.commit()
        finally:
            self._release(transaction)
        if self.crash_after_commit:
            self.crash_after_commit -= 1
            raise Crash

    def _begin(self) -> "FakeTransaction":
        return FakeTransaction(self)

    async def claim_pages(
        self, now: datetime, lease_until: datetime, limit: int, busy: Sequence[str] = ()
    ) -> Sequence[Page]:
        """Due pages, leased."""
        rows = [
            row
            for row in self.rows.pages.values()
            if row.due_at and row.due_at <= now and row.page.channel not in busy
        ]
        due = sorted(rows, key=lambda row: row.due_at or now)[:limit]
        for row in due:
            row.progress = replace(row.progress, due_at=lease_until)
        return [row.claimed for row in due]

    async def hold_pages(self, dedups: Sequence[str], until: datetime) -> None:
        """Renews leases."""
        for row in map(self.rows.pages.__getitem__, dedups):
            if row.due_at is not None:
                row.progress = replace(row.progress, due_at=until)

    async def page_named(self, channel: str, ref: str) -> Page | None:
        """By the provider's name."""
        named = (
            row.claimed
            for row in self.rows.pages.values()
            if (row.page.channel, row.progress.ref) == (channel, ref)
        )
        return next(named, None)

    async def next_due(self) -> datetime | None:
        """The earliest deadline of all but the visits."""
        deadlines = [
            *(alert.next_due_at for alert in self.alerts()),
            *(task.next_due_at for task in self.tasks()),
            *(track.next_check_at for track in self.rows.tracks.values()),
            *(nudge.due_at for nudge in self.nudges() if is_waiting(nudge)),
            *map(alarm_due, handovers(self.rows.handovers)),
        ]
        return min((deadline for deadline in deadlines if deadline), default=None)

    async def next_visit_due(self) -> datetime | None:
        """The earliest check of a visit."""
        checks = [pending.next_check_at for pending in self.rows.visits.values()]
        return min((check for check in checks if check), default=None)

    async def awaits_ends(self, now: datetime) -> bool:
        """Whether the ends of the topic are wanted."""
        due = [v for v in self.rows.visits.values() if v.next_check_at and v.next_check_at <= now]
        return any(needs_barrier(each, now) for each in due)

    async def lock(self, transaction: "FakeTransaction", lock: Lock) -> None:
        """Waits for a lock; raises `TryAgain` where two wait for each other."""
        # As a round trip to a server would, it lets the others go on.
        await asyncio.sleep(0)
        while self.held.get(lock, transaction) is not transaction:
            transaction.waits_for = lock
            if self._is_deadlock(transaction):
                raise TryAgain("deadlock")
            self._released.clear()
            async with asyncio.timeout(5):
                await self._released.wait()
        transaction.waits_for = None
        self.held[lock] = transaction

    def try_lock(self, transaction: "FakeTransaction", lock: Lock) -> bool:
        """Takes a lock unless somebody else has it."""
        return self.held.setdefault(lock, transaction) is transaction

    def _is_deadlock(self, transaction: "FakeTransaction") -> bool:
        other: FakeTransaction | None = transaction
        while other is not None and other.waits_for is not None:
            other = self.held.get(other.waits_for)
            if other is transaction:
                return True
        return False

    def _release(self, transaction: "FakeTransaction") -> None:
        self.held = {lock: owner for lock, owner in self.held.items() if owner is not transaction}
        self._released.set()

    def alerts(self) -> list[Alert]:
        """All committed alerts, the oldest first."""
        alerts = [msgspec.json.decode(body, type=Alert) for body in self.rows.alerts.values()]
        return sorted(alerts, key=lambda alert: alert.number)

    def tasks(self) -> list[Task]:
        """All committed tasks, the oldest first."""
        tasks = [msgspec.json.decode(body, type=Task) for body in self.rows.tasks.values()]
        return sorted(tasks, key=lambda task: (task.reported_at, task.id))

    def nudges(self) -> list[Nudge]:
        """All committed nudges, by crew."""
        bodies = (body for _, body in sorted(self.rows.nudges.items()))
        return [msgspec.json.decode(body, type=Nudge) for body in bodies]

    def alert(self) -> Alert:
        """The only alert, beside those about holes in a chain."""
        (alert,) = (alert for alert in self.alerts() if alert.kind != "roster")
        return alert

    def events(self) -> list[AnyEvent | Envelope]:
        """All published events in order."""
        return [published.event for published in self.rows.outbox]

    def pages(self) -> list[Page]:
        """All queued pages in order."""
        return [row.page for row in self.rows.pages.values()]


class FakeTransaction(FakePatrolRows, FakeNudgeRows, FakeTaskRows, FakeWatchRows):
    """Works on a copy of the changed rows, which replaces them at the commit."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self._new = Rows()
        self._queued: list[str] = []
        self._withdrawn: set[str] = set()
        self._settled: dict[str, Progress] = {}
        self.waits_for: Lock | None = None

    def commit(self) -> None:
        """Merges the changes into the committed rows."""
        rows, new = self._store.rows, self._new
        for name in (
            *("alerts", "parts", "visits", "tasks", "risks", "tracks", "codes"),
            *("doubts", "gaps", "duties", "nudges", "signs", "silences"),
            *("positions", "inbox", "answers", "journal", "handovers"),
        ):
            getattr(rows, name).update(getattr(new, name))
        for dedup, page in new.pages.items():
            rows.pages.setdefault(dedup, page)
        for dedup, progress in self._settled.items():
            rows.pages[dedup].progress = progress
        for visit_id in self._withdrawn:
            rows.visits.pop(visit_id, None)
        rows.outbox += new.outbox
        rows.dead_letters += new.dead_letters
        self._store.queued.update(self._queued)

    async def lock_operation(self) -> None:
        """The one lock of triage."""
        await self._store.lock(self, ("operation", ""))

    async def positions(self) -> Mapping[TopicPartition, int]:
        """Committed positions."""
        return {**self._store.rows.positions, **self._new.positions}

    async def advance(self, positions: Mapping[TopicPartition, int]) -> None:
        """Positions never go back."""
        known = await self.positions()
        for partition, offset in positions.items():
            self._new.positions[partition] = max(offset, known.get(partition, 0))

    async def admit(self, event_ids: Sequence[str]) -> set[str]:
        """Waits for whoever is inserting the same id, as a unique index does."""
        admitted = set()
        for event_id in sorted(set(event_ids)):
            await self._store.lock(self, ("inbox", event_id))
            if event_id not in self._store.rows.inbox and event_id not in self._new.inbox:
                self._new.inbox[event_id] = True
                admitted.add(event_id)
        return admitted

    async def alert(self, alert_id: str) -> Alert | None:
        """Read after the lock is had, so it is the newest committed one."""
        if alert_id not in self._alerts():
            return None
        await self._store.lock(self, ("alert", alert_id))
        return msgspec.json.decode(self._alerts()[alert_id], type=Alert)

    async def alert_with_part(self, event_id: str) -> Alert | None:
        """By the index of parts."""
        alert_id = self._seen(self._store.rows.parts, self._new.parts).get(event_id)
        return await self.alert(alert_id) if alert_id else None

    async def open_alerts(self) -> Sequence[Alert]:
        """Not locked."""
        return [alert for alert in self._decoded() if alert.state != "closed"]

    async def due_alerts(self, now: datetime, limit: int) -> Sequence[Alert]:
        """Skips what others hold."""
        await asyncio.sleep(0)
        due = [each for each in self._decoded() if each.next_due_at and each.next_due_at <= now]
        due.sort(key=lambda alert: alert.next_due_at or now)
        free = (each for each in due if self._store.try_lock(self, ("alert", each.id)))
        return list(islice(free, limit))

    async def next_number(self) -> int:
        """A sequence: a rollback leaves a gap."""
        self._store.numbers += 1
        number: int = self._store.numbers
        return number

    async def save_alert(self, alert: Alert) -> None:
        """Keeps the bytes and the index."""
        self._new.alerts[alert.id] = msgspec.json.encode(alert)
        for part in alert.parts:
            for event_id in (part.event, part.copyof):
                if event_id is not None and event_id not in self._store.rows.parts:
                    self._new.parts.setdefault(event_id, alert.id)

    async def move_parts(
        self, events: Sequence[str] | None, from_alert: str, to_alert: str
    ) -> None:
        """The index names another alert."""
        for event_id, alert_id in self._seen(self._store.rows.parts, self._new.parts).items():
            if alert_id == from_alert and (events is None or event_id in events):
                self._new.parts[event_id] = to_alert

    async def save_alerts(self, alerts: Sequence[Alert]) -> None:
        """Like one after the other."""
        for alert in alerts:
            await self.save_alert(alert)

    async def answer(self, key: str) -> Answer | None:
        """As kept."""
        return self._seen(self._store.rows.answers, self._new.answers).get(key)

    async def keep_answer(self, key: str, actor: str, answer: Answer) -> None:
        """Under its key."""
        self._new.answers[key] = answer

    async def publish(self, topic: TopicSpec, key: str, event: Event) -> None:
        """Through the bytes, as the outbox does."""
        self._new.outbox.append(Published(topic.name, key, decode(encode(event))))

    async def dead_letter(self, record: Incoming, reason: str) -> None:
        """As it came."""
        self._new.dead_letters.append((record, reason))

    async def page(self, page: Page) -> None:
        """Once per `dedup`."""
        self._queued.append(page.dedup)
        self._new.pages.setdefault(
            page.dedup, QueuedPage(copy(page), Progress(page.attempt, page.due_at))
        )

    async def settle_page(self, dedup: str, before: int, progress: Progress) -> bool:
        """Once per attempt."""
        await self._store.lock(self, ("page", dedup))
        row = self._store.rows.pages.get(dedup)
        if row is None or row.progress.attempt != before or row.progress.delivered_at:
            return False
        if not (row.due_at or row.progress.accepted_at or progress.delivered_at):
            return False
        self._settled[dedup] = replace(progress, ref=progress.ref or row.progress.ref)
        return True

    async def call(self, call: str) -> Sequence[Progress]:
        """In the order of their `dedup`."""
        rows = sorted(self._store.rows.pages.items())
        return [
            self._settled.get(dedup, row.progress) for dedup, row in rows if row.page.call == call
        ]

    def _alerts(self) -> dict[str, bytes]:
        return self._seen(self._store.rows.alerts, self._new.alerts)

    def _decoded(self) -> list[Alert]:
        return [msgspec.json.decode(body, type=Alert) for body in self._alerts().values()]
