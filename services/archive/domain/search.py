"""What may be asked of the archive, and of which answers a look must be recorded."""

from datetime import datetime
from typing import Literal, NamedTuple, get_args

from msgspec import Struct

Status = Literal["event", "duplicate", "conflict", "aside", "undecodable"]
STATUSES: tuple[Status, ...] = get_args(Status)
TRACKS = "ronda.position."
"""Events of this prefix are people's tracks."""
HISTORIES = (TRACKS, "ronda.shift.")
"""Events of these prefixes, one after the other, are somebody's past."""


class Place(NamedTuple):
    """A record's place in the archive's order: when it was appended, then where."""

    appended_at: datetime
    topic: int
    partition: int
    offset: int


class Rights(NamedTuple):
    """What an asker may see: records of the unit `within` and below it (of all units where it is
    empty); those without a unit only where `sees_unitless`, people's positions only where
    `tracks`. What is restricted to login roles or hidden from a unit is kept from `role` and
    `within`; nothing is kept from no role (the command line), and nothing hidden from the
    deployment's own unit (`is_top`)."""

    within: str
    sees_unitless: bool
    tracks: bool
    role: str | None = None
    is_top: bool = False


class Search(Struct, frozen=True, kw_only=True):
    """One page's question. Every filter that is given must hold.

    `type` is exact, or a prefix when it ends with a dot; `unit` includes everything below it;
    `since` and `until` (exclusive) are moments of appending. `after` is the last place of the page
    before, in whichever order.
    """

    type: str | None = None
    site: str | None = None
    unit: str | None = None
    alert: str | None = None
    device: str | None = None
    actor: str | None = None
    id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    status: Status | None = None
    after: Place | None = None
    newest_first: bool = False
    limit: int = 100


def needs_reason(*, event_type: str | None, actor: str | None, device: str | None) -> bool:
    """Whether a search looks at a person's past: by person, by device, along tracks or shifts."""
    return bool(actor or device or (event_type or "").startswith(HISTORIES))


def shows_tracks(*, event_id: str | None, reason: str | None) -> bool:
    """Tracks are shown to whoever says why, or already knows the one event."""
    return event_id is not None or reason is not None
