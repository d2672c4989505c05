"""Who looked at what: the record of looks at a person's past."""

from typing import Annotated

from msgspec import Meta, Struct

from shared.events.envelope import Event, Name
from shared.events.patrol import Text

Reason = Annotated[str, Meta(min_length=10, max_length=500)]


class Access(Struct, frozen=True, kw_only=True):
    """A look that was about to be answered; `actor` and `unit` of the event say whose."""

    role: Name
    what: Name
    filters: dict[str, Text]
    """The search as it was asked."""
    reason: Reason


class AccessRecorded(Event, frozen=True, kw_only=True, tag="ronda.access.recorded.v1"):
    data: Access
