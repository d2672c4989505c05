"""What may not be erased or dropped, whatever its term."""

from datetime import datetime
from typing import NamedTuple


class Scope(NamedTuple):
    """What a hold keeps: everything for which each condition that is given holds."""

    event_id: str | None = None
    alert: str | None = None
    site: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Hold(NamedTuple):
    """A hold, and who lifted it when."""

    id: str
    scope: Scope
    reason: str
    authority: str
    actor: str
    placed_at: datetime
    lifted_at: datetime | None
    lifted_by: str | None
