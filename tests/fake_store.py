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
from typing import TypeVar

import msgspec

from services.alerts.ports import (
    Answer,
    Duty,
    Incoming,
    OpenVulnerability,
    Page,
    PendingVisit,
    TopicPartition,
    TryAgain,
)
from shared.events.alert import Alert
from shared.events.envelope import Envelope, Event
from shared.events.patrol import Fix
from shared.events.registry import AnyEvent, decode, encode
from shared.topics import TopicSpec

T = TypeVar("T")
Lock = tuple[str, str]


class Crash(Exception):
    """The process was killed here."""


@dataclass(slots=True)
class QueuedPage:
    """A row of the notifications."""

    page: Page
    due_at: datetime | None
    attempt: int = 0


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
    vulnerabilities: dict[str, OpenVulnerability] = field(default_factory=dict)
    duties: dict[str, Duty | None] = field(default_factory=dict)
    signs: dict[str, tuple[datetime, str | None]] = field(default_factory=dict)
    positions: dict[TopicPartition, int] = field(default_factory=dict)
    inbox: dict[str, bool] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    pages: dict[str, QueuedPage] = field(default_factory=dict)
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
        self.crash_before_commit = 0
        self.crash_after_commit = 0
        self.held: dict[Lock, FakeTransaction] = {}
        self.numbers = 0
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

    async def claim_pages(self, now: datetime, lease_until: datetime, limit: int) -> Sequence[Page]:
        """Due pages, leased."""
        rows = [row for row in self.rows.pages.values() if row.due_at and row.due_at <= now]
        due = sorted(rows, key=lambda row: row.due_at or now)[:limit]
        for row in due:
            row.due_at = lease_until
        return [replace(row.page, attempt=row.attempt) for row in due]

    async def next_due(self) -> datetime | None:
        """The earliest deadline of an alert or a visit."""
        deadlines = [
            *(alert.next_due_at for alert in self.alerts()),
            *(pending.next_check_at for pending in self.rows.visits.values()),
        ]
        return min((deadline for deadline in deadlines if deadline), default=None)

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

    def alert(self) -> Alert:
        """The only alert."""
        (alert,) = self.alerts()
        return alert

    def events(self) -> list[AnyEvent | Envelope]:
        """All published events in order."""
        return [published.event for published in self.rows.outbox]

    def pages(self) -> list[Page]:
        """All queued pages in order."""
        return [row.page for row in self.rows.pages.values()]


class FakeTransaction:
    """Works on a copy of the changed rows, which replaces them at the commit."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self._new = Rows()
        self._queued: list[str] = []
        self._withdrawn: set[str] = set()
        self._page_changes: dict[str, tuple[int | None, datetime | None]] = {}
        self.waits_for: Lock | None = None

    def commit(self) -> None:
        """Merges the changes into the committed rows."""
        rows, new = self._store.rows, self._new
        for name in ("alerts", "parts", "visits", "vulnerabilities", "duties", "signs"):
            getattr(rows, name).update(getattr(new, name))
        for name in ("positions", "inbox", "answers"):
            getattr(rows, name).update(getattr(new, name))
        for dedup, page in new.pages.items():
            rows.pages.setdefault(dedup, page)
        for dedup, (attempt, due_at) in self._page_changes.items():
            row = rows.pages[dedup]
            row.due_at = due_at
            row.attempt = row.attempt if attempt is None else attempt
        for visit_id in self._withdrawn:
            rows.visits.pop(visit_id, None)
        rows.outbox += new.outbox
        rows.dead_letters += new.dead_letters
        self._store.queued.update(self._queued)

    def _seen(self, committed: Mapping[str, T], written: Mapping[str, T]) -> dict[str, T]:
        return {**committed, **written}

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
        return self._store.numbers

    async def save_alert(self, alert: Alert) -> None:
        """Keeps the bytes and the index."""
        self._new.alerts[alert.id] = msgspec.json.encode(alert)
        for part in alert.parts:
            for event_id in (part.event, part.copyof):
                if event_id is not None and event_id not in self._store.rows.parts:
                    self._new.parts.setdefault(event_id, alert.id)

    async def add_visits(self, visits: Sequence[PendingVisit]) -> None:
        """Only new ones."""
        known = self._visits()
        for pending in visits:
            if pending.visit.id not in known:
                self._new.visits[pending.visit.id] = pending

    async def withdraw_visits(self, keep: Sequence[str], opening_after: datetime) -> None:
        """Those that are still due and open later."""
        self._withdrawn |= {
            pending.visit.id
            for pending in self._visits().values()
            if pending.visit.state == "due"
            and pending.visit.opens_at > opening_after
            and pending.visit.id not in keep
        }

    async def visits_of(
        self, site: str, since: datetime, until: datetime
    ) -> Sequence[PendingVisit]:
        """Locked, so that nobody judges them meanwhile."""
        overlapping = [
            pending.visit.id
            for pending in self._visits().values()
            if pending.visit.site == site
            and pending.visit.opens_at <= until
            and pending.visit.grace_until >= since
        ]
        for visit_id in overlapping:
            await self._store.lock(self, ("visit", visit_id))
        visits = [self._visits()[visit_id] for visit_id in overlapping]
        return sorted(visits, key=lambda pending: pending.visit.due_at)

    async def due_visits(self, now: datetime, limit: int) -> Sequence[PendingVisit]:
        """Skips what others hold."""
        due = [v for v in self._visits().values() if v.next_check_at and v.next_check_at <= now]
        due.sort(key=lambda pending: pending.next_check_at or now)
        free = (v for v in due if self._store.try_lock(self, ("visit", v.visit.id)))
        return list(islice(free, limit))

    async def save_visit(self, visit: PendingVisit) -> None:
        """Replaces it."""
        self._new.visits[visit.visit.id] = visit

    async def add_vulnerability(self, vulnerability: OpenVulnerability) -> None:
        """Keeps it."""
        self._new.vulnerabilities[vulnerability.event] = vulnerability

    async def vulnerabilities_of(self, site: str) -> Sequence[OpenVulnerability]:
        """Of one site."""
        known = self._seen(self._store.rows.vulnerabilities, self._new.vulnerabilities)
        return [each for each in known.values() if each.site == site]

    async def save_duty(self, duty: Duty) -> None:
        """Keeps it, unless the crew began anew meanwhile."""
        known = self._seen(self._store.rows.duties, self._new.duties).get(duty.crew)
        if known is None or known.since <= duty.since:
            self._new.duties[duty.crew] = duty

    async def end_duty(self, crew: str, at: datetime) -> None:
        """Unless it went on again."""
        duty = self._seen(self._store.rows.duties, self._new.duties).get(crew)
        if duty is not None and duty.since <= at:
            self._new.duties[crew] = None

    async def move(self, crew: str, fix: Fix, at: datetime) -> None:
        """Only newer positions count."""
        duty = self._seen(self._store.rows.duties, self._new.duties).get(crew)
        if duty is not None and (duty.position_at is None or duty.position_at < at):
            self._new.duties[crew] = replace(duty, lat=fix.lat, lon=fix.lon, position_at=at)

    async def duties(self) -> Sequence[Duty]:
        """Crews on duty."""
        known = self._seen(self._store.rows.duties, self._new.duties)
        return [duty for duty in known.values() if duty is not None]

    async def seen(self, site: str, at: datetime, situation: str | None) -> None:
        """The newest sign, and what was last said."""
        before = self._seen(self._store.rows.signs, self._new.signs).get(site)
        said = situation or (before[1] if before else None)
        self._new.signs[site] = (max(at, before[0]) if before else at, said)

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
        self._new.pages.setdefault(page.dedup, QueuedPage(copy(page), page.due_at))

    async def finish_page(self, dedup: str) -> None:
        """Never due again."""
        self._page_changes[dedup] = (None, None)

    async def retry_page(self, dedup: str, attempt: int, at: datetime) -> None:
        """Due again."""
        self._page_changes[dedup] = (attempt, at)

    def _alerts(self) -> dict[str, bytes]:
        return self._seen(self._store.rows.alerts, self._new.alerts)

    def _decoded(self) -> list[Alert]:
        return [msgspec.json.decode(body, type=Alert) for body in self._alerts().values()]

    def _visits(self) -> dict[str, PendingVisit]:
        return self._seen(self._store.rows.visits, self._new.visits)
