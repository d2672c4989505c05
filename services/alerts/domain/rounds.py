"""How the rounds of a site stand: what was visited last, what is owed, what comes next."""

from datetime import datetime

from msgspec import Struct


class Rounds(Struct, frozen=True, kw_only=True):
    """Moments of one site's visits, each None where there is no such visit.

    `last_at` is when somebody was there last; `next_opens_at` and `next_due_at` are of the next
    visit whose due time is still to come; `owed_at` is the due time of one at risk now;
    `missed` counts those of the last day that nobody made, `missed_at` is when the newest was due.
    """

    last_at: datetime | None = None
    next_opens_at: datetime | None = None
    next_due_at: datetime | None = None
    owed_at: datetime | None = None
    missed: int = 0
    missed_at: datetime | None = None


class Hour(Struct, frozen=True, kw_only=True):
    """Visits by the hour in which they are due; `ahead` are neither made nor missed yet."""

    at: datetime
    made: int
    missed: int
    ahead: int
