"""Legal holds, and months that are dropped, by the tables' owner."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.evidence.erasing import LOCK, NOT_HELD
from services.archive.adapters.transactions import transaction, translated
from services.archive.domain.index import NARROW_TABLES
from shared.events.identity import new_id

_PLACE = SQL(
    "INSERT INTO archive.hold (id, event_id, alert, site, since, until, reason, authority, actor,"
    " placed_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_LIFT = SQL(
    "UPDATE archive.hold SET lifted_at = %s, lifted_by = %s WHERE id = %s AND lifted_at IS NULL"
)
# What was passed over while it was held is due again.
_FORGET = SQL("DELETE FROM archive.retention")
_HOLDS = SQL(
    "SELECT id::text, event_id::text, alert::text, site, since, until, reason, authority, actor,"
    " placed_at, lifted_at, lifted_by FROM archive.hold ORDER BY placed_at"
)
_IS_HELD = SQL(
    "SELECT EXISTS (SELECT FROM archive.{} AS row"
    " WHERE appended_at >= {} AND appended_at < {} AND NOT ({}))"
)
_RETIRE = SQL(
    "INSERT INTO archive.retired (month, until, records, reason, authority, actor, retired_at)"
    " SELECT %s, %s, count(*), %s, %s, %s, %s FROM {}"
)
_PRESENT = SQL("SELECT to_regclass(%s) IS NOT NULL")


class Held(Exception):
    """A hold keeps something of the month."""


class NoSuchMonth(Exception):
    """The month is not over, or there are no records of it."""


class NoSuchHold(Exception):
    """There is no such hold, or it is lifted already."""


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


class PostgresHolds:
    """Places and lifts holds, and drops months that none keeps. Raises `Unavailable`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def place(
        self, scope: Scope, reason: str, authority: str, actor: str, now: datetime
    ) -> str:
        """From now on nothing in the scope is erased or dropped; the hold's id."""
        made = new_id(now)
        with translated():
            async with transaction(self._engine) as connection:
                await connection.execute(LOCK)
                await connection.execute(_PLACE, (made, *scope, reason, authority, actor, now))
        return made

    async def lift(self, hold_id: str, actor: str, now: datetime) -> None:
        """Ends a hold; raises `NoSuchHold`."""
        with translated():
            async with transaction(self._engine) as connection:
                await connection.execute(LOCK)
                done = await connection.execute(_LIFT, (now, actor, uuid.UUID(hold_id)))
                if not done.rowcount:
                    raise NoSuchHold(f"there is no hold {hold_id} that is not lifted")
                await connection.execute(_FORGET)

    async def all(self) -> Sequence[Hold]:
        """Every hold there ever was."""
        with translated():
            async with transaction(self._engine) as connection:
                cursor = await connection.execute(_HOLDS)
                return [Hold(row[0], Scope(*row[1:6]), *row[6:]) for row in await cursor.fetchall()]

    async def retire(
        self, month: datetime, reason: str, authority: str, actor: str, now: datetime
    ) -> None:
        """Drops a month's records, and says so for ever; raises `Held` or `NoSuchMonth`."""
        start, end = _month(month)
        table = f"record_{start:%Y_%m}"
        if end > now:
            raise NoSuchMonth(f"{start:%Y-%m} is not over")
        with translated():
            async with transaction(self._engine) as connection:
                await connection.execute(LOCK)
                cursor = await connection.execute(_PRESENT, (f"archive.{table}",))
                if not (await cursor.fetchone() or (False,))[0]:
                    raise NoSuchMonth(f"there are no records of {start:%Y-%m}")
                for narrow in NARROW_TABLES:
                    asked = _IS_HELD.format(
                        Identifier(narrow), Literal(start), Literal(end), NOT_HELD
                    )
                    held = await (await connection.execute(asked)).fetchone()
                    if held and held[0]:
                        raise Held(f"a hold keeps records of {start:%Y-%m}")
                name = Identifier("archive", table)
                values = (start, end, reason, authority, actor, now)
                await connection.execute(_RETIRE.format(name), values)
                await connection.execute(SQL("DROP TABLE {}").format(name))


def _month(moment: datetime) -> tuple[datetime, datetime]:
    """The month of a moment in UTC, and where the next begins."""
    at = moment.astimezone(UTC)
    number = at.year * 12 + at.month
    start = datetime(at.year, at.month, 1, tzinfo=UTC)
    return start, datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
