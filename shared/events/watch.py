"""The room's own record: what was noted, and who had the watch."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.events.alert import Owner
from shared.events.envelope import Event, EventId, Name, Timestamp

Line = Annotated[str, Meta(min_length=1, max_length=1_000)]
JournalKind = Literal["note", "silence", "blind"]


class JournalEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of the post's journal. `silence`: the siren of a screen was silenced, `blind`: a
    screen showed nothing live; both for `seconds`."""

    id: EventId
    at: Timestamp
    by: Owner
    kind: JournalKind
    text: Line
    site: Name | None = None
    seconds: Annotated[int, Meta(ge=0, le=86_400)] | None = None


class Handover(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A watch that was prepared by those who leave, and accepted by those who come.

    `open` are the alerts that were open when it was prepared. `attention` is what the old watch
    wants to be looked at; `read` what the new one had opened when it accepted. `withdrawn` is who
    took it back before anybody accepted, or prepared another one in its place. `due_at` is until
    when somebody should accept; `alert` what was raised because nobody had.
    """

    id: EventId
    unit: Name
    outgoing: Owner
    attention: Annotated[str, Meta(max_length=4_000)]
    open: list[EventId]
    incoming: Owner | None = None
    read: list[EventId] = []
    withdrawn: Owner | None = None
    due_at: Timestamp | None = None
    alert: EventId | None = None


class JournalNoted(Event, frozen=True, kw_only=True, tag="ronda.journal.noted.v1"):
    data: JournalEntry


class WatchPrepared(Event, frozen=True, kw_only=True, tag="ronda.watch.prepared.v1"):
    data: Handover


class WatchWithdrawn(Event, frozen=True, kw_only=True, tag="ronda.watch.withdrawn.v1"):
    data: Handover


class WatchHandedOver(Event, frozen=True, kw_only=True, tag="ronda.watch.handed_over.v1"):
    data: Handover
