"""What a decision about an alert is: the alert that results, what it is called, why, who is told.

A change is put together from small steps; `decided` makes one version of it, however many steps.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec.structs import replace as with_fields

from services.alerts.domain.paging import Call, Page, pages_of
from shared.events.alert import (
    Alert,
    AlertAckExpired,
    AlertAcknowledged,
    AlertArrived,
    AlertClosed,
    AlertCloseLapsed,
    AlertCloseProposed,
    AlertDispatched,
    AlertEscalated,
    AlertMerged,
    AlertRaised,
    AlertReleased,
    AlertReopened,
    AlertResolved,
    AlertSplit,
    AlertUpdated,
    Entry,
    Owner,
    Part,
    Reason,
)

AlertEvent: TypeAlias = (
    AlertRaised
    | AlertEscalated
    | AlertAcknowledged
    | AlertAckExpired
    | AlertDispatched
    | AlertArrived
    | AlertResolved
    | AlertCloseProposed
    | AlertCloseLapsed
    | AlertClosed
    | AlertReopened
    | AlertReleased
    | AlertUpdated
    | AlertMerged
    | AlertSplit
)

FIRST_PARTS = 10
NEWEST_PARTS = 40
TIMELINE_ENTRIES = 200
REASONS = 30
TEXT_CHARACTERS = 1000
MAX_ALERT_BYTES = 200_000
"""Every version travels whole, to every viewer; what is left out stands in the archive."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A step that reached nobody and was passed over; `level` None means the whole chain."""

    policy: str
    level: int | None
    named: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """A new version of an alert, the event that tells of it, why, and the pages it causes.

    `gaps` are the holes in the chain that were found on the way: each is an alert of its own.
    """

    event: type[AlertEvent]
    alert: Alert
    reasons: tuple[Reason, ...]
    pages: tuple[Page, ...] = ()
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What was asked is so already; the answer is the alert as it is."""

    alert: Alert


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing changes. `winner` is who was first, where somebody was.

    `lost_race` and `stale` are conflicts, `illegal` does not fit the alert's state or lacks
    something, `not_allowed` takes another person.
    """

    code: Literal["lost_race", "stale", "illegal", "not_allowed"]
    reason: Reason
    winner: Owner | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A change in the making; `alert` keeps its version until the change is decided."""

    alert: Alert
    reasons: tuple[Reason, ...] = ()
    calls: tuple[Call, ...] = ()
    gaps: tuple[Gap, ...] = ()

    def to(self, **fields: Any) -> "Change":
        """The change with fields of the alert replaced."""
        return replace(self, alert=with_fields(self.alert, **fields))

    def entered(self, *entries: Entry) -> "Change":
        """The change with lines added to the alert's story."""
        timeline = self.alert.timeline
        for entry in entries:
            timeline = _continued(timeline, entry)
        return self.to(timeline=timeline)

    def because(self, *reasons: Reason) -> "Change":
        """The change with reasons of its own; they do not stay on the alert."""
        return replace(self, reasons=(*self.reasons, *reasons))

    def noting(self, *reasons: Reason) -> "Change":
        """The change with reasons that stay visible on the alert."""
        known = {(reason.code, reason.id) for reason in self.alert.reasons}
        new = [reason for reason in reasons if (reason.code, reason.id) not in known]
        return self.because(*reasons).to(reasons=[*self.alert.reasons, *new][:REASONS])

    def calling(self, *calls: Call) -> "Change":
        """The change with more people to tell."""
        return replace(self, calls=(*self.calls, *calls))

    def lacking(self, *gaps: Gap) -> "Change":
        """The change with holes in the chain that it came upon."""
        return replace(self, gaps=(*self.gaps, *gaps))


def decided(change: Change, event: type[AlertEvent], now: datetime) -> Decision:
    """One version more, bounded in size, with the pages showing the alert as it then is."""
    alert = bounded(with_fields(change.alert, version=change.alert.version + 1, updated_at=now))
    return Decision(
        event=event,
        alert=alert,
        reasons=change.reasons,
        pages=pages_of(alert, change.calls, now),
        gaps=change.gaps,
    )


def bounded(alert: Alert) -> Alert:
    """The alert with its lists cut to what a record may carry; what goes is the middle of each."""
    alert = with_fields(alert, timeline=alert.timeline[-TIMELINE_ENTRIES:])
    alert = _with_parts(alert, FIRST_PARTS, NEWEST_PARTS)
    entries = TIMELINE_ENTRIES
    newest = NEWEST_PARTS
    while len(msgspec.json.encode(alert)) > MAX_ALERT_BYTES and (newest > 1 or entries > 1):
        newest, entries = max(1, newest // 2), max(1, entries // 2)
        alert = _with_parts(alert, 1, newest)
        alert = with_fields(alert, timeline=alert.timeline[-entries:])
    return alert


def clipped(text: str | None) -> str | None:
    """A text as an alert shows it."""
    if text is None or len(text) <= TEXT_CHARACTERS:
        return text
    return f"{text[: TEXT_CHARACTERS - 1]}…"


def without(reasons: Iterable[Reason], code: str) -> list[Reason]:
    """Reasons but those of one code."""
    return [reason for reason in reasons if reason.code != code]


def _with_parts(alert: Alert, first: int, newest: int) -> Alert:
    parts: list[Part] = alert.parts
    dropped = len(parts) - first - newest
    if dropped <= 0:
        return alert
    return with_fields(
        alert,
        parts=[*parts[:first], *parts[-newest:]],
        parts_more=alert.parts_more + dropped,
    )


def _continued(timeline: list[Entry], entry: Entry) -> list[Entry]:
    """Repeats of one line become a count, or an alert that nobody takes fills its own story."""
    last = timeline[-1] if timeline else None
    repeats = entry.what in {"repeated", "nobody_reachable"}
    if not (repeats and last and _same_line(last, entry)):
        return [*timeline, entry]
    times = int(last.note.removeprefix("×")) if last.note else 1
    return [*timeline[:-1], with_fields(entry, note=f"×{times + 1}")]


def _same_line(one: Entry, other: Entry) -> bool:
    return (one.what, one.cycle, one.level) == (other.what, other.cycle, other.level)
