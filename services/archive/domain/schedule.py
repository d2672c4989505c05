"""When the next checkpoint is due."""

from datetime import datetime, timedelta


def until_due(newest: datetime | None, now: datetime, every: timedelta) -> timedelta:
    """How long until a checkpoint is due, zero when it is: `every` after the newest one.

    A newest one of the future was made by a clock that has been set back since, and is due.
    """
    if newest is None or newest > now:
        return timedelta(0)
    return max(newest + every - now, timedelta(0))
