"""What is to be mended before it happens. Each event carries the whole task, as GET shows it."""

from typing import Literal

from msgspec import Struct

from shared.events.alert import Entry, Reason
from shared.events.envelope import Event, EventId, Name, Timestamp

TaskKind = Literal["vulnerability", "advice"]
TaskState = Literal["open", "overdue", "done"]


class Task(Struct, frozen=True, kw_only=True):
    """A vulnerability or an advice, with who sees to it and until when.

    The id of a vulnerability is that of the event that reported it. `owner` is a person or post of
    the plan, or the words of whoever named it; `owner_name` is for people. `next_due_at` is the one
    timer: the due time or, before it, when an open task is told again; while it is overdue the
    moment at which that is said again; None once it is done. `alert` is the alert that an overdue
    task raised last, `lapses` counts how often its time ran out.
    """

    id: EventId
    version: int
    kind: TaskKind
    state: TaskState
    site: Name | None
    site_name: str | None
    unit: Name
    what: Name
    text: str
    stage: Literal["PG", "AG", "GN"] | None
    owner: Name
    owner_name: str
    due_at: Timestamp
    reported_by: Name | None
    reported_at: Timestamp
    checkin: EventId | None
    media: list[str]
    lapses: int
    alert: EventId | None
    next_due_at: Timestamp | None
    updated_at: Timestamp
    done_at: Timestamp | None
    done_by: str | None
    reasons: list[Reason]
    timeline: list[Entry]
    purpose: Name | None = None
    """What it is for, as an event's; absent is the real thing."""


class VulnerabilityAssigned(
    Event, frozen=True, kw_only=True, tag="ronda.vulnerability.assigned.v1"
):
    """A vulnerability has an owner: when it is first heard of, and whenever the owner changes."""

    data: Task


class VulnerabilityExtended(
    Event, frozen=True, kw_only=True, tag="ronda.vulnerability.extended.v1"
):
    data: Task


class VulnerabilityMitigated(
    Event, frozen=True, kw_only=True, tag="ronda.vulnerability.mitigated.v1"
):
    data: Task


class VulnerabilityOverdue(Event, frozen=True, kw_only=True, tag="ronda.vulnerability.overdue.v1"):
    data: Task


class AdviceIssued(Event, frozen=True, kw_only=True, tag="ronda.advice.issued.v1"):
    data: Task


class AdviceDone(Event, frozen=True, kw_only=True, tag="ronda.advice.done.v1"):
    data: Task


class AdviceOverdue(Event, frozen=True, kw_only=True, tag="ronda.advice.overdue.v1"):
    data: Task


class TaskUpdated(Event, frozen=True, kw_only=True, tag="ronda.task.updated.v1"):
    """A note joined the task, a visit looked at it, or an advice changed its owner or its time."""

    data: Task
