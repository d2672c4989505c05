"""Partitions of `record`, made ahead of time: one per month of append."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from psycopg.errors import InsufficientPrivilege
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.clock import Clock
from shared.logging import logger

MONTHS_AHEAD = 3
EVERY = timedelta(hours=1)
AFTER_FAILURE = timedelta(seconds=5)
_LOCK = text("SELECT pg_advisory_xact_lock(:space, 0)")
_LOCK_SPACE = 0x41726D6F
_PRESENT = text("SELECT to_regclass(:name) IS NOT NULL")
_STRAYED = text(
    "SELECT DISTINCT date_trunc('month', appended_at, 'UTC') AS month FROM archive.record_default"
    " ORDER BY month LIMIT 24"
)
# Writers wait behind whoever waits for a table, so that wait is short; moving what the default
# partition has gathered takes as long as it takes.
_LIMITS = (text("SET LOCAL lock_timeout = '5s'"), text("SET LOCAL statement_timeout = 0"))

_log = logger(__name__)


def months(now: datetime, ahead: int = MONTHS_AHEAD) -> list[tuple[datetime, datetime]]:
    """The month of `now` and those that follow, in UTC, each with the beginning of the next."""
    first = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1
    starts = [
        datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
        for number in range(first, first + ahead + 2)
    ]
    return list(pairwise(starts))


async def make_months(engine: AsyncEngine, now: datetime) -> list[str]:
    """Makes the missing partitions from `now` on, and of months that the default partition has
    records of because some clock was elsewhere; returns their names.

    What the default partition holds of a month moves into it.
    """
    made = []
    async with engine.begin() as connection:
        for limit in _LIMITS:
            await connection.execute(limit)
        await connection.execute(_LOCK, {"space": _LOCK_SPACE})
        strayed = [
            month for (moment,) in await connection.execute(_STRAYED) for month in months(moment, 0)
        ]
        for start, end in sorted({*months(now), *strayed}):
            name = f"archive.record_{start:%Y_%m}"
            if not (await connection.execute(_PRESENT, {"name": name})).scalar_one():
                await _make(connection, name, start, end)
                made.append(name)
    return made


async def _make(connection: AsyncConnection, name: str, start: datetime, end: datetime) -> None:
    """A table of its own first, attached when it is filled: `CREATE … PARTITION OF` would lock
    the other months too, and refuse while the default has such rows."""
    within = f"appended_at >= '{start.isoformat()}' AND appended_at < '{end.isoformat()}'"
    for statement in (
        # Or a record that comes in between would make the attaching fail, again and again.
        "LOCK TABLE archive.record_default IN ACCESS EXCLUSIVE MODE",
        f"CREATE TABLE {name} (LIKE archive.record INCLUDING ALL)",
        f"ALTER TABLE {name} ADD CONSTRAINT month CHECK ({within})",
        f"WITH moved AS (DELETE FROM archive.record_default WHERE {within} RETURNING *)"  # noqa: S608
        f" INSERT INTO {name} SELECT * FROM moved",
        f"ALTER TABLE archive.record ATTACH PARTITION {name}"
        f" FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')",
        f"ALTER TABLE {name} DROP CONSTRAINT month",
    ):
        await connection.execute(text(statement))


def _is_refused(error: DBAPIError | PoolTimeout) -> bool:
    return isinstance(error, DBAPIError) and isinstance(error.orig, InsufficientPrivilege)


async def keep_months_ahead(engine: AsyncEngine, clock: Clock) -> None:
    """Runs until cancelled. Failing is no harm for long: the default partition takes all."""
    while True:
        pause = EVERY
        try:
            for name in await make_months(engine, clock()):
                _log.info("made a partition", partition=name)
        except (DBAPIError, PoolTimeout) as error:
            if _is_refused(error):
                # Under least privilege `ronda db upgrade` makes them; the default takes the rest.
                _log.info("may not make partitions; `ronda db upgrade` does, as their owner")
            else:
                _log.warning("cannot make partitions", error=type(error).__name__)
                pause = AFTER_FAILURE
        await asyncio.sleep(pause.total_seconds())
