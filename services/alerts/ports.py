"""What the handlers of alerts need from the world, and nothing more."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.alerts.domain.delivery import Progress
from services.alerts.domain.doubt import Doubt
from services.alerts.domain.duty import Duty
from services.alerts.domain.operator import Operator
from services.alerts.domain.paging import Page
from services.alerts.domain.presence import DeviceTrack, Use
from services.alerts.domain.throttle import Failures
from services.alerts.domain.triage import OpenVulnerability
from services.alerts.domain.visit import PendingVisit
from shared.events.alert import Alert
from shared.events.envelope import Event
from shared.events.patrol import Fix
from shared.events.presence import SequenceGap
from shared.events.risk import SiteRisk
from shared.events.task import Task
from shared.events.watch import Handover, JournalEntry
from shared.events.welfare import Nudge
from shared.plan.model import Plan, Situation
from shared.plan.situation import LiveOverride
from shared.topics import TopicSpec

__all__ = [
    "AccountStore",
    "AccountTransaction",
    "Answer",
    "DeviceTrack",
    "Duty",
    "Incoming",
    "Notifier",
    "OpenVulnerability",
    "Page",
    "Passwords",
    "PatrolEnds",
    "PendingVisit",
    "PlanBook",
    "Progress",
    "Receipt",
    "Store",
    "TopicPartition",
    "Transaction",
    "TryAgain",
    "Unstorable",
    "Use",
]

TopicPartition = tuple[str, int]


class TryAgain(Exception):
    """The store could not do it now. Nothing was changed, or it is not known whether it was; the
    same call with the same ids and keys is safe."""


class Unstorable(ValueError):
    """The store will never take this value, however often it is tried."""


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

    async def move_parts(
        self, events: Sequence[str] | None, from_alert: str, to_alert: str
    ) -> None:
        """Lets the index of parts name another alert for these events; None means for all."""

    async def save_alerts(self, alerts: Sequence[Alert]) -> None:
        """Replaces alerts that are there, each of them once, and that have no new parts."""

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

    async def task(self, task_id: str) -> Task | None:
        """A task, its row locked until the transaction ends."""

    async def due_tasks(self, now: datetime, limit: int) -> Sequence[Task]:
        """Tasks whose `next_due_at` has come, oldest first, locked, skipping locked ones."""

    async def save_task(self, task: Task) -> None:
        """Inserts or replaces a task."""

    async def vulnerabilities_of(self, site: str) -> Sequence[OpenVulnerability]:
        """Vulnerabilities of a site that nobody has mended yet, the oldest first."""

    async def weighs_alone(self) -> bool:
        """Whether nobody else weighs the sites; then nobody does until the transaction ends."""

    async def open_tasks(self) -> Sequence[Task]:
        """All tasks that are not done, the oldest first; not locked."""

    async def site_risks(self) -> Mapping[str, SiteRisk]:
        """What was last told of each site's risk."""

    async def save_site_risk(self, risk: SiteRisk) -> None:
        """Inserts or replaces a site's."""

    async def tracks(self, devices: Sequence[str]) -> Mapping[str, DeviceTrack]:
        """What is known of these devices, which come sorted; their rows locked."""

    async def due_tracks(self, now: datetime, limit: int) -> Sequence[DeviceTrack]:
        """Devices whose `next_check_at` has come, locked, skipping locked ones."""

    async def save_tracks(self, tracks: Sequence[DeviceTrack]) -> None:
        """Inserts or replaces devices, which come sorted."""

    async def code_uses(self, codes: Sequence[str]) -> Mapping[str, tuple[Use, ...]]:
        """How these codes were used before; nobody else uses one until the transaction ends."""

    async def save_code_uses(self, uses: Mapping[str, tuple[Use, ...]]) -> None:
        """Inserts or replaces the uses of codes."""

    async def keep_doubts(self, doubts: Sequence[Doubt]) -> None:
        """Keeps doubts for people to look at; the same one again changes nothing."""

    async def save_gap(self, gap: SequenceGap) -> None:
        """What is missing of a device's events now; a closed gap is forgotten."""

    async def save_duty(self, duty: Duty) -> None:
        """A crew went on duty, or changed."""

    async def end_duty(self, crew: str, at: datetime) -> None:
        """A crew went off duty, unless it went on again after `at`."""

    async def move(self, crew: str, fix: Fix, at: datetime) -> None:
        """A crew's newer position; an older one changes nothing."""

    async def duties(self) -> Sequence[Duty]:
        """Crews on duty."""

    async def ask(self, nudge: Nudge) -> Nudge | None:
        """Begins a nudge. None where it was begun, else the one that its crew still has to
        answer."""

    async def nudge(self, nudge_id: str) -> Nudge | None:
        """A nudge, its row locked; None where its crew was asked again since."""

    async def due_nudges(self, now: datetime, limit: int) -> Sequence[Nudge]:
        """Those whose time is over, the oldest first, locked, skipping locked ones."""

    async def save_nudge(self, nudge: Nudge) -> None:
        """Replaces a nudge."""

    async def seen(self, site: str, at: datetime, situation: str | None) -> None:
        """A sign of life of a site, and what was said of it."""

    async def note(self, unit: str, entry: JournalEntry) -> None:
        """Adds a line to a unit's journal; the same line again changes nothing."""

    async def handover(self, handover_id: str) -> Handover | None:
        """A handover, its row locked until the transaction ends."""

    async def newest_handover(self, unit: str) -> Handover | None:
        """What was prepared last for exactly this unit, its row locked."""

    async def due_handovers(self, now: datetime, limit: int) -> Sequence[Handover]:
        """Those that nobody accepted in time, the oldest first, locked, skipping locked ones."""

    async def save_handover(self, made: Handover) -> None:
        """Inserts or replaces a handover."""

    async def last_sign(self, site: str) -> datetime | None:
        """When a site was last heard of; whoever reports a newer sign waits until we are done."""

    async def begin_silence(self, site: str, alert_id: str, since: datetime) -> str | None:
        """A site is silent. None where it was not yet, else the alert that asks for a word."""

    async def renew_silence(self, site: str, alert_id: str, since: datetime) -> None:
        """Another alert asks for a word now."""

    async def end_silences(self, heard: Mapping[str, datetime]) -> Sequence[str]:
        """Ends the silence of sites that were heard of since it began; returns their alerts."""

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

    async def settle_page(self, dedup: str, before: int, progress: Progress) -> bool:
        """How a page stands now; False, and nothing changed, where another sender was first.

        `before` is the number of attempts that the caller knows of.
        """

    async def call(self, call: str) -> Sequence[Progress]:
        """How the pages of a call stand, in the order of their `dedup`."""


class Store(Protocol):
    """Where alerts keeps its state."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Begins; commits at the end of the block, rolls back on any exception."""

    async def claim_pages(
        self, now: datetime, lease_until: datetime, limit: int, busy: Sequence[str] = ()
    ) -> Sequence[Page]:
        """Due pages, leased: nobody else gets them before `lease_until`. None of `busy` channels.

        Each with the attempts that it had, and when a provider took it.
        """

    async def hold_pages(self, dedups: Sequence[str], until: datetime) -> None:
        """Renews the lease of pages that are being sent."""

    async def page_named(self, channel: str, ref: str) -> Page | None:
        """The page that a channel's provider took under a name, or None."""

    async def next_due(self) -> datetime | None:
        """The earliest deadline of an alert, a task, a device, a nudge or a handover."""

    async def next_visit_due(self) -> datetime | None:
        """The earliest check of a visit."""

    async def awaits_ends(self, now: datetime) -> bool:
        """Whether a visit's check has come that is past its grace and has no barrier yet."""


class PatrolEnds(Protocol):
    """Reads how far `ronda.patrol` reaches."""

    async def ends(self) -> Mapping[int, int]:
        """End offset by partition, read from the broker now; raises OSError, within seconds, when
        it is away.

        A partition that holds no record now is left out: nobody could ever read up to its end.
        """


class PlanBook(Protocol):
    """The plan as folded from its topic."""

    @property
    def plan(self) -> Plan | None:
        """The newest complete plan, with the situation's classes and stand-ins in place."""

    @property
    def published_at(self) -> datetime | None:
        """Since when what it demands is demanded: its publication, or the situation's last
        change."""

    @property
    def situation(self) -> Situation:
        """Live overrides."""

    def overrides(self) -> Sequence[LiveOverride]:
        """The same, each with who decided it, why, and until when."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a channel said of a page; `error` None means the provider accepted it.

    `ref` is the provider's name of it, by which it may tell later what became of it.
    """

    error: str | None = None
    ref: str | None = None


class Notifier(Protocol):
    """One channel."""

    async def send(self, page: Page) -> Receipt:
        """Sends once, within a timeout of its own; failures are receipts, not exceptions."""


class AccountTransaction(Protocol):
    """What a transaction offers to accounts, besides the outbox."""

    async def operator(self, login: str) -> Operator | None:
        """An account, its row locked until the transaction ends."""

    async def operator_of(self, subject: str) -> Operator | None:
        """The account that is bound to an issuer's subject, locked."""

    async def operators(self) -> Sequence[Operator]:
        """Every account, by login."""

    async def save_operator(self, operator: Operator) -> None:
        """Inserts or replaces an account."""

    async def sign_in_failures(self, subjects: Sequence[str]) -> Mapping[str, Failures]:
        """What was counted of these subjects; nobody else counts them until the end."""

    async def save_sign_in_failures(self, failures: Mapping[str, Failures]) -> None:
        """Replaces what was counted; a count of 0 is forgotten."""

    async def publish(self, topic: TopicSpec, key: str, event: Event) -> None:
        """Puts an event into the outbox."""


class AccountStore(Protocol):
    """Where accounts are kept."""

    def transaction(self) -> AbstractAsyncContextManager[AccountTransaction]:
        """Begins; commits at the end of the block, rolls back on any exception."""


class Passwords(Protocol):
    """Hashes passwords; raises `TryAgain` while more than it can do are waiting."""

    async def hashed(self, password: str) -> str:
        """A salted hash with its parameters."""

    async def matches(self, known: str | None, password: str) -> bool:
        """Whether a password is the one of a hash; against None it is never, and takes as long."""

    def is_stale(self, known: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
