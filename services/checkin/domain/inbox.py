"""What comes down to phones: who took a report, orders, visits, nudges. Folded from `ronda.alert`.

Each entry is the whole present state of one thing for one recipient; a newer one takes its place.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from shared.events.alert import Alert, Dispatch, Visit
from shared.events.envelope import Envelope, Event
from shared.events.task import Task
from shared.events.welfare import Nudge

MAX_ENTRIES = 50_000
MAX_OPEN_TASKS = 10_000

_encoder = msgspec.json.Encoder()


class Taker(Struct, frozen=True, kw_only=True):
    """Who took a report."""

    name: str
    role: str
    at: datetime


class _Item(Struct, frozen=True, kw_only=True, tag_field="kind"):
    id: str
    version: int
    at: datetime
    what: str
    """The last word of the event's type: `acknowledged`, `missed`."""


class _OfAlert(_Item, frozen=True, kw_only=True):
    number: int
    state: str
    severity: str
    category: str
    site: str | None
    site_name: str | None
    owner: Taker | None
    crews: list[Dispatch]
    outcome: str | None
    purpose: str | None


class ReportItem(_OfAlert, frozen=True, kw_only=True, tag="report"):
    """What became of reports of this person; `reports` are their event ids."""

    reports: list[str]


class OrderItem(_OfAlert, frozen=True, kw_only=True, tag="order"):
    """A crew is sent; `order` is how far it got."""

    order: Dispatch
    lat: float | None
    lon: float | None
    text: str | None


class VisitItem(_Item, frozen=True, kw_only=True, tag="visit"):
    """A visit that is due, was missed, or was done after all; `id` is the target's."""

    state: str
    site: str
    site_name: str
    rule: str
    crew: str | None
    opens_at: datetime
    due_at: datetime
    grace_until: datetime
    visited_at: datetime | None
    checkin: str | None


class TaskItem(_Item, frozen=True, kw_only=True, tag="task"):
    """A vulnerability or an advice at a site of the round."""

    task_kind: str
    state: str
    site: str | None
    text: str
    owner_name: str
    due_at: datetime


class NudgeItem(_Item, frozen=True, kw_only=True, tag="nudge"):
    """The crew is asked for a sign of life; `by` is the name of whoever asks, None the system."""

    state: str
    crew: str
    reason: str
    by: str | None
    text: str | None
    site: str | None
    site_name: str | None
    asked_at: datetime
    due_at: datetime
    answered_at: datetime | None
    answered_by: str | None


Item = ReportItem | OrderItem | VisitItem | TaskItem | NudgeItem


class Place(Struct, frozen=True, order=True):
    """Where a record stands."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Entry:
    """An item as it is sent, and the record that it came with."""

    place: Place
    version: int
    item: bytes


@dataclass(slots=True)
class Inbox:
    """The fold. At most `limit` entries; those that were said longest ago go first."""

    limit: int = MAX_ENTRIES
    tasks: OrderedDict[str, Task] = field(default_factory=OrderedDict)
    """Those that are not done, by id."""
    _entries: OrderedDict[tuple[str, str], None] = field(default_factory=OrderedDict)
    _by_recipient: dict[str, dict[str, Entry]] = field(default_factory=dict)

    def feed(self, event: Event | Envelope, place: Place) -> None:
        """Takes the next event; most types say nothing to phones."""
        data = getattr(event, "data", None)
        if isinstance(data, Task):
            self._keep_task(data)
        for recipient, item in items_of(event):
            self._put(recipient, f"{type(item).__struct_config__.tag}/{item.id}", item, place)

    def since(self, recipients: Iterable[str], after: dict[int, int]) -> list[Entry]:
        """Each entry at or behind `after`, the next offset to read by partition; a thing that comes
        to several of the recipients once."""
        found: dict[str, Entry] = {}
        for recipient in recipients:
            for name, entry in self._by_recipient.get(recipient, {}).items():
                if entry.place.offset >= after.get(entry.place.partition, 0):
                    found.setdefault(name, entry)
        return sorted(found.values(), key=lambda entry: entry.place)

    def _put(self, recipient: str, name: str, item: Item, place: Place) -> None:
        entries = self._by_recipient.setdefault(recipient, {})
        known = entries.get(name)
        if known is not None and known.version > item.version:
            return
        entries[name] = Entry(place, item.version, _encoder.encode(item))
        self._entries[recipient, name] = None
        self._entries.move_to_end((recipient, name))
        if len(self._entries) > self.limit:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        (recipient, name), _ = self._entries.popitem(last=False)
        entries = self._by_recipient[recipient]
        del entries[name]
        if not entries:
            del self._by_recipient[recipient]

    def _keep_task(self, task: Task) -> None:
        self.tasks.pop(task.id, None)
        if task.state != "done":
            self.tasks[task.id] = task
        if len(self.tasks) > MAX_OPEN_TASKS:
            self.tasks.popitem(last=False)


def of_actor(actor: str) -> str:
    """The recipient that is a person."""
    return f"actor/{actor}"


def of_crew(crew: str) -> str:
    """The recipient that is a crew."""
    return f"crew/{crew}"


def of_site(site: str) -> str:
    """Whoever has a site on the round."""
    return f"site/{site}"


def items_of(event: Event | Envelope) -> Iterator[tuple[str, Item]]:
    """What an event says to whom."""
    data = getattr(event, "data", None)
    what = event.type.rpartition(".")[0].rpartition(".")[2]
    if isinstance(data, Alert):
        yield from _of_reporters(data, event.time, what)
        yield from _of_crews(data, event.time, what)
    elif isinstance(data, Visit):
        recipient = of_crew(data.crew) if data.crew else of_site(data.site)
        yield recipient, _visit(data, event.time, what)
    elif isinstance(data, Task):
        if data.site is not None:
            yield of_site(data.site), _task(data, event.time, what)
    elif isinstance(data, Nudge):
        yield of_crew(data.crew), _nudge(data, event.time, what)


def _of_reporters(alert: Alert, at: datetime, what: str) -> Iterator[tuple[str, Item]]:
    reports: dict[str, list[str]] = {}
    for part in alert.parts:
        if part.actor is not None:
            reports.setdefault(part.actor, []).append(part.event)
    for actor, events in reports.items():
        yield of_actor(actor), ReportItem(**_alert(alert, at, what), reports=events)


def _of_crews(alert: Alert, at: datetime, what: str) -> Iterator[tuple[str, Item]]:
    text = next((part.text for part in alert.parts if part.text), None)
    # A crew that was sent twice has its newest order; what is told by voice is no order to a phone.
    orders = {order.crew: order for order in alert.dispatches if not order.by_voice}
    for crew, order in orders.items():
        yield (
            of_crew(crew),
            OrderItem(
                **_alert(alert, at, what), order=order, lat=alert.lat, lon=alert.lon, text=text
            ),
        )


def _alert(alert: Alert, at: datetime, what: str) -> dict[str, Any]:
    owner = alert.owner
    return {
        "id": alert.id,
        "version": alert.version,
        "at": at,
        "what": what,
        "number": alert.number,
        "state": alert.state,
        "severity": alert.severity,
        "category": alert.category,
        "site": alert.site,
        "site_name": alert.site_name,
        "owner": Taker(name=owner.name, role=owner.role, at=owner.at) if owner else None,
        "crews": alert.dispatches,
        "outcome": alert.outcome,
        "purpose": alert.purpose,
    }


def _visit(visit: Visit, at: datetime, what: str) -> VisitItem:
    return VisitItem(
        id=visit.id,
        version=visit.version,
        at=at,
        what=what,
        state=visit.state,
        site=visit.site,
        site_name=visit.site_name,
        rule=visit.rule,
        crew=visit.crew,
        opens_at=visit.opens_at,
        due_at=visit.due_at,
        grace_until=visit.grace_until,
        visited_at=visit.visited_at,
        checkin=visit.checkin,
    )


def _nudge(nudge: Nudge, at: datetime, what: str) -> NudgeItem:
    return NudgeItem(
        id=nudge.id,
        version=nudge.version,
        at=at,
        what=what,
        state=nudge.state,
        crew=nudge.crew,
        reason=nudge.reason,
        by=nudge.by,
        text=nudge.text,
        site=nudge.site,
        site_name=nudge.site_name,
        asked_at=nudge.asked_at,
        due_at=nudge.due_at,
        answered_at=nudge.answered_at,
        answered_by=nudge.answered_by,
    )


def _task(task: Task, at: datetime, what: str) -> TaskItem:
    return TaskItem(
        id=task.id,
        version=task.version,
        at=at,
        what=what,
        task_kind=task.kind,
        state=task.state,
        site=task.site,
        text=task.text,
        owner_name=task.owner_name,
        due_at=task.due_at,
    )
