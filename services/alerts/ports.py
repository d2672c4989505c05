"""What the handlers of alerts need from the world, and nothing more."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.alerts.domain.paging import Page
from services.alerts.domain.triage import OpenVulnerability
from services.alerts.domain.visit import PendingVisit
from shared.events.alert import Alert
from shared.events.envelope import Event
from shared.events.patrol import Fix
from shared.plan.model import Plan, Situation
from shared.topics import TopicSpec

__all__ = [
    "Answer",
    "Duty",
    "Incoming",
    "Notifier",
    "OpenVulnerability",
    "Page",
    "PatrolEnds",
    "PendingVisit",
    "PlanBook",
    "Receipt",
    "Store",
    "TopicPartition",
    "Transaction",
    "TryAgain",
    "Unstorable",
]

TopicPartition = tuple[str, int]


class TryAgain(Exception):
    """The store could not do it now. Nothing was changed, or it is not known whether it was; the
    same call with the same ids and keys is safe."""


class Unstorable(ValueError):
    """The store will never take this value, however often it is tried."""


@dataclass(frozen=True, slots=True)
class Duty:
    """A crew on duty, and the newest position that any of its devices sent."""

    crew: str
    unit: str
    since: datetime
    members: tuple[str, ...]
    lat: float | None = None
    lon: float | None = None
    position_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command was answered, kept under its idempotency key."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Incoming:
    """A Kafka record as the consumer hands it over; `topic` is the logical name."""

    topic: str
    partition: int
    offset: int
    value: bytes | None


class Transaction(Protocol):
    """One database transaction: inbox, positions, state and outbox commit together."""

    async def lock_operation(self) -> None:
        """Waits for the one lock under which triage and correlation are decided."""

    async def positions(self) -> Mapping[TopicPartition, int]:
        """The next offset to process, by logical topic and partition."""

    async def advance(self, positions: Mapping[TopicPartition, int]) -> None:
        """Stores new positions; they never go back."""

    async def admit(self, event_ids: Sequence[str]) -> set[str]:
        """Puts ids into the inbox; returns those that were not there yet."""

    async def alert(self, alert_id: str) -> Alert | None:
        """An alert, its row locked until the transaction ends."""

    async def alert_with_part(self, event_id: str) -> Alert | None:
        """The alert that has a part with this `event` or with this `copyof`, locked."""

    async def open_alerts(self) -> Sequence[Alert]:
        """All alerts that are not closed, for correlation; not locked."""

    async def due_alerts(self, now: datetime, limit: int) -> Sequence[Alert]:
        """Alerts whose `next_due_at` has come, oldest first, locked, skipping locked ones."""

    async def next_number(self) -> int:
        """The next human-readable alert number."""

    async def save_alert(self, alert: Alert) -> None:
        """Inserts or replaces an alert, and adds its parts' `event` and `copyof` to their index.

        Nothing leaves the index: an alert shows a bounded number of its parts.
        """

    async def add_visits(self, visits: Sequence[PendingVisit]) -> None:
        """Inserts visits that are not there yet; leaves the others as they are."""

    async def withdraw_visits(self, keep: Sequence[str], opening_after: datetime) -> None:
        """Deletes still-due visits that open after a moment and are not in `keep`."""

    async def visits_of(
        self, site: str, since: datetime, until: datetime
    ) -> Sequence[PendingVisit]:
        """A site's visits whose window overlaps a span, by due time, locked."""

    async def due_visits(self, now: datetime, limit: int) -> Sequence[PendingVisit]:
        """Visits whose `next_check_at` has come, locked, skipping locked ones."""

    async def save_visit(self, visit: PendingVisit) -> None:
        """Replaces a visit."""

    async def add_vulnerability(self, vulnerability: OpenVulnerability) -> None:
        """Keeps an open vulnerability."""

    async def vulnerabilities_of(self, site: str) -> Sequence[OpenVulnerability]:
        """Open vulnerabilities of a site."""

    async def save_duty(self, duty: Duty) -> None:
        """A crew went on duty, or changed."""

    async def end_duty(self, crew: str, at: datetime) -> None:
        """A crew went off duty, unless it went on again after `at`."""

    async def move(self, crew: str, fix: Fix, at: datetime) -> None:
        """A crew's newer position; an older one changes nothing."""

    async def duties(self) -> Sequence[Duty]:
        """Crews on duty."""

    async def seen(self, site: str, at: datetime, situation: str | None) -> None:
        """A sign of life of a site, and what was said of it."""

    async def answer(self, key: str) -> Answer | None:
        """What a command with this idempotency key was answered."""

    async def keep_answer(self, key: str, actor: str, answer: Answer) -> None:
        """Keeps a command's answer under its key."""

    async def publish(self, topic: TopicSpec, key: str, event: Event) -> None:
        """Puts an event into the outbox."""

    async def dead_letter(self, record: Incoming, reason: str) -> None:
        """Puts a record that cannot be read into the outbox, for `ronda.deadletter`, as it came."""

    async def page(self, page: Page) -> None:
        """Queues a notification; one with the same `dedup` is queued once."""

    async def finish_page(self, dedup: str) -> None:
        """A page was accepted by its provider, or given up for good."""

    async def retry_page(self, dedup: str, attempt: int, at: datetime) -> None:
        """A page failed and is due again at `at`."""


class Store(Protocol):
    """Where alerts keeps its state."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Begins; commits at the end of the block, rolls back on any exception."""

    async def claim_pages(self, now: datetime, lease_until: datetime, limit: int) -> Sequence[Page]:
        """Due pages, leased: nobody else gets them before `lease_until`."""

    async def next_due(self) -> datetime | None:
        """The earliest `next_due_at` of an alert or `next_check_at` of a visit."""


class PatrolEnds(Protocol):
    """Reads how far `ronda.patrol` reaches."""

    async def ends(self) -> Mapping[int, int]:
        """End offset by partition, read from the broker now; raises OSError when it is away.

        A partition that holds no record now is left out: nobody could ever read up to its end.
        """


class PlanBook(Protocol):
    """The plan as folded from its topic."""

    @property
    def plan(self) -> Plan | None:
        """The newest complete plan."""

    @property
    def published_at(self) -> datetime | None:
        """When that plan was published."""

    @property
    def situation(self) -> Situation:
        """Live overrides."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a channel said of a page; `error` None means the provider accepted it."""

    error: str | None = None


class Notifier(Protocol):
    """One channel."""

    async def send(self, page: Page) -> Receipt:
        """Sends once, within a timeout of its own; failures are receipts, not exceptions."""
