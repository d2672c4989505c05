"""What several events together say of a device's presence. Nothing is dropped for it."""

from typing import Literal

from msgspec import Struct

from shared.events.alert import Reason
from shared.events.envelope import Event, EventId, Name, Timestamp


class PresenceDoubt(Struct, frozen=True, kw_only=True):
    """Why a person should look at an event again; `events` are all that the doubt rests on.

    A doubt is said once and never changes. It takes nothing back: the visit stands as it stood.
    """

    id: EventId
    version: int
    kind: Literal["speed", "shared_code", "replayed_code"]
    event: EventId
    events: list[EventId]
    device: Name
    devices: list[Name]
    actor: Name | None
    site: Name | None
    unit: Name
    time: Timestamp
    reasons: list[Reason]


class SeqRange(Struct, frozen=True, kw_only=True):
    """Numbers of one device's events, both included."""

    first: int
    last: int


class SequenceGap(Struct, frozen=True, kw_only=True):
    """What is missing of a device's events, as far as their numbers tell.

    `missing` counts the events; `ranges` shows the first of them. `id` is the device's, whatever
    is missing; `since` is when the oldest of it was noticed.
    """

    id: EventId
    version: int
    state: Literal["open", "closed"]
    device: Name
    actor: Name | None
    unit: Name
    missing: int
    ranges: list[SeqRange]
    since: Timestamp
    updated_at: Timestamp


class PresenceDoubted(Event, frozen=True, kw_only=True, tag="ronda.presence.doubted.v1"):
    data: PresenceDoubt


class SequenceGapOpened(Event, frozen=True, kw_only=True, tag="ronda.sequence.gap_opened.v1"):
    data: SequenceGap


class SequenceGapClosed(Event, frozen=True, kw_only=True, tag="ronda.sequence.gap_closed.v1"):
    data: SequenceGap
