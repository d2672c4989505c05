"""What alerts decides. Each event carries the whole resulting object, exactly as GET shows it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.events.envelope import Event, EventId, Name, Timestamp
from shared.events.incident import CrowdLevel
from shared.events.patrol import Sha256

Severity = Literal["rendah", "sedang", "tinggi", "kritis"]
AlertKind = Literal[
    "incident", "duress", "visit_missed", "silent", "roster", "task_overdue", "handover"
]
ThreatStage = Literal["PG", "AG", "GN"]
AlertState = Literal["raised", "acknowledged", "dispatched", "arrived", "resolved", "closed"]


class Reason(Struct, frozen=True, kw_only=True):
    """Why something was decided; `code` is stable, the texts are for people."""

    code: str
    id: str
    en: str


class Owner(Struct, frozen=True, kw_only=True):
    """Who took the alert: the account, the person's name, role and the moment."""

    actor: Name
    name: str
    role: str
    at: Timestamp


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A report that belongs to the alert, with both its clocks."""

    event: EventId
    type: Name
    category: Name
    time: Timestamp
    received_at: Timestamp
    site: Name | None = None
    actor: Name | None = None
    device: Name | None = None
    text: str | None = None
    late_s: int | None = None
    """Seconds between the two clocks, where the report came late; that itself never alarms."""
    copyof: EventId | None = None
    """The report that this one repeats over another channel."""
    lat: float | None = None
    lon: float | None = None
    crowd_level: CrowdLevel | None = None
    backup_type: Name | None = None
    """The rung of the backup ladder that this report asks for."""
    media: Annotated[list[Sha256], Meta(max_length=20)] = []
    """The hashes of its photos; the archive has the bytes."""


class Dispatch(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A crew that was sent, and how far it got."""

    crew: Name
    at: Timestamp
    by: str
    accepted_at: Timestamp | None = None
    declined_at: Timestamp | None = None
    en_route_at: Timestamp | None = None
    arrived_at: Timestamp | None = None
    backup_type: Name | None = None
    distance_m: float | None = None
    """How far away it was when it was sent, by its newest position."""
    target_at: Timestamp | None = None
    """When it should be there: the response target of that distance after the report reached us."""
    by_voice: bool = False
    """Nobody on duty or in the plan goes by that name where the sender may command: no phone gets
    the order, somebody has to tell it."""


LinkKind = Literal["absorbed", "merged_into", "split_off", "split_from"]


class Link(Struct, frozen=True, kw_only=True):
    """Another alert that this one was joined with, or parted from, by hand; it may be undone.

    `absorbed`: its reports came here; `merged_into`: ours went there; `split_off`: it was made of
    reports taken from here; `split_from`: we were made of reports taken from there.
    """

    kind: LinkKind
    alert: EventId
    number: int
    at: Timestamp
    by: str
    parts: list[EventId]


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of the alert's story; `what` is the event's verb, `by` a name or a post."""

    at: Timestamp
    what: str
    by: str | None = None
    note: str | None = None
    cycle: int | None = None
    level: int | None = None


class Closing(Struct, frozen=True, kw_only=True):
    """A first person's proposal to close; a second account must agree before `lapses_at`."""

    actor: Name
    name: str
    at: Timestamp
    lapses_at: Timestamp
    outcome: str


class Interrupted(Struct, frozen=True, kw_only=True):
    """The climb that a take broke off. Until `until` whoever holds the alert may release it; then
    the climb goes on as if nobody had taken it, its next level due at `due_at`."""

    due_at: Timestamp
    until: Timestamp


class Restriction(Struct, frozen=True, kw_only=True):
    """Who may know of an alert: these login roles, all where there are none, but nobody of the
    units in `hidden_from` and below them. For everybody else it is not there."""

    roles: list[Name]
    hidden_from: list[Name]


CHECKER = "auditor"
"""The login role that no restriction to roles keeps from the record, because it checks all of it,
and that alone learns of a report of which nobody could say whom it accuses."""


class Alert(Struct, frozen=True, kw_only=True):
    """An alert as GET shows it and as every `ronda.alert.*` event carries it.

    `cycle` counts the climbs, `level` is the highest level notified over all of them (0 = none
    yet). `next_due_kind` says what happens at `next_due_at` unless somebody acts. `parts` shows the
    first reports and the newest ones, `parts_more` counts those between.
    """

    id: EventId
    number: int
    version: int
    kind: AlertKind
    state: AlertState
    severity: Severity
    category: Name
    site: Name | None
    site_name: str | None
    unit: Name
    operation: Name
    lat: float | None
    lon: float | None
    policy: Name
    cycle: int
    level: int
    post: str | None
    owner: Owner | None
    reasons: list[Reason]
    parts: list[Part]
    dispatches: list[Dispatch]
    reported_at: Timestamp
    received_at: Timestamp
    raised_at: Timestamp
    updated_at: Timestamp
    acknowledged_at: Timestamp | None
    resolved_at: Timestamp | None
    closed_at: Timestamp | None
    next_due_at: Timestamp | None
    next_due_kind: Literal["climb", "ack_expiry", "close_lapse"] | None
    next_post: str | None
    closing: Closing | None
    outcome: str | None
    purpose: str | None
    timeline: list[Entry]
    parts_more: int = 0
    threat_stage: ThreatStage | None = None
    """The furthest stage that any report speaks of; another scale than `severity`."""
    crowd_level: CrowdLevel | None = None
    """What was last said of a crowd."""
    links: list[Link] = []
    undelivered: list[Name] = []
    """Posts that a call did not reach on any way so far, and no later one has."""
    restricted: Restriction | None = None
    interrupted: Interrupted | None = None
    """What the last take broke off; it counts only while the alert is `acknowledged`."""


class Visit(Struct, frozen=True, kw_only=True):
    """A due visit and what became of it. `unknown` is never shown as safe."""

    id: EventId
    version: int
    state: Literal["due", "at_risk", "missed", "recovered", "done"]
    site: Name
    site_name: str
    unit: Name
    rule: Name
    crew: str | None
    opens_at: Timestamp
    due_at: Timestamp
    grace_until: Timestamp
    visited_at: Timestamp | None
    checkin: EventId | None
    alert: EventId | None
    dwell_s: float | None = None
    people: int | None = None
    shortfalls: list[Reason] = []
    """What the rule asks for and the visit lacked: time on site, people, answers."""


class Notification(Struct, frozen=True, kw_only=True):
    """One attempt to reach one recipient over one channel; `dedup` is the same on every retry.

    `sent` says that a provider took it, and once more, with `delivered_at`, that it arrived where
    the provider knows. `final`: this way is not tried again.
    """

    dedup: str
    alert: EventId
    cycle: int
    level: int
    post: str
    recipient: str
    channel: str
    attempt: int
    at: Timestamp
    error: str | None
    delivered_at: Timestamp | None = None
    final: bool = False
    restricted: Restriction | None = None
    """As the alert's."""


class AlertRaised(Event, frozen=True, kw_only=True, tag="ronda.alert.raised.v1"):
    data: Alert


class AlertEscalated(Event, frozen=True, kw_only=True, tag="ronda.alert.escalated.v1"):
    data: Alert


class AlertAcknowledged(Event, frozen=True, kw_only=True, tag="ronda.alert.acknowledged.v1"):
    data: Alert


class AlertAckExpired(Event, frozen=True, kw_only=True, tag="ronda.alert.ack_expired.v1"):
    data: Alert


class AlertDispatched(Event, frozen=True, kw_only=True, tag="ronda.alert.dispatched.v1"):
    data: Alert


class AlertArrived(Event, frozen=True, kw_only=True, tag="ronda.alert.arrived.v1"):
    data: Alert


class AlertResolved(Event, frozen=True, kw_only=True, tag="ronda.alert.resolved.v1"):
    data: Alert


class AlertCloseProposed(Event, frozen=True, kw_only=True, tag="ronda.alert.close_proposed.v1"):
    data: Alert


class AlertCloseLapsed(Event, frozen=True, kw_only=True, tag="ronda.alert.close_lapsed.v1"):
    data: Alert


class AlertClosed(Event, frozen=True, kw_only=True, tag="ronda.alert.closed.v1"):
    data: Alert


class AlertReopened(Event, frozen=True, kw_only=True, tag="ronda.alert.reopened.v1"):
    data: Alert


class AlertReleased(Event, frozen=True, kw_only=True, tag="ronda.alert.released.v1"):
    """Whoever took it by mistake gave it back: nobody holds it, and the climb goes on."""

    data: Alert


class AlertUpdated(Event, frozen=True, kw_only=True, tag="ronda.alert.updated.v1"):
    """A part, a note or a crew's answer joined the alert without changing its state."""

    data: Alert


class AlertMerged(Event, frozen=True, kw_only=True, tag="ronda.alert.merged.v1"):
    """Two alerts became one by hand; each of the two tells it, `links` says which one it is."""

    data: Alert


class AlertSplit(Event, frozen=True, kw_only=True, tag="ronda.alert.split.v1"):
    """Reports were taken out of an alert by hand; what they became is raised, or open again."""

    data: Alert


class VisitDue(Event, frozen=True, kw_only=True, tag="ronda.visit.due.v1"):
    data: Visit


class VisitAtRisk(Event, frozen=True, kw_only=True, tag="ronda.visit.at_risk.v1"):
    data: Visit


class VisitDone(Event, frozen=True, kw_only=True, tag="ronda.visit.done.v1"):
    """It was made in time, or its check-out told more of it."""

    data: Visit


class VisitMissed(Event, frozen=True, kw_only=True, tag="ronda.visit.missed.v1"):
    data: Visit


class VisitRecovered(Event, frozen=True, kw_only=True, tag="ronda.visit.recovered.v1"):
    data: Visit


class NotificationSent(Event, frozen=True, kw_only=True, tag="ronda.notification.sent.v1"):
    data: Notification


class NotificationFailed(Event, frozen=True, kw_only=True, tag="ronda.notification.failed.v1"):
    data: Notification
