"""Legal holds, and months that are dropped, by the tables' owner."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.sql import SQL, Composable, Composed, Identifier
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.evidence.erasing import COVERS, LOCK, NOT_HELD
from services.archive.adapters.transactions import transaction, translated
from services.archive.domain.acts import month_of
from services.archive.domain.hold import Hold, Scope
from services.archive.domain.index import NARROW_TABLES
from services.archive.domain.search import Place
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
    " placed_at, lifted_at, lifted_by FROM archive.hold WHERE {} ORDER BY placed_at"
)
_STANDING = SQL("lifted_at IS NULL")
_ROWS = SQL(
    "SELECT row.id, row.alert, row.site, appended_at"
    " FROM unnest(%s::timestamptz[], %s::smallint[], %s::int[], %s::bigint[])"
    ' AS place (appended_at, topic, partition, "offset") JOIN archive.{} AS row'
    ' USING (appended_at, topic, partition, "offset")'
)
_ANY_ROW = SQL(" UNION ALL ").join(_ROWS.format(Identifier(table)) for table in NARROW_TABLES)
_OVER = SQL("lifted_at IS NULL AND EXISTS (SELECT FROM ({}) AS row WHERE {})")
_IS_HELD = SQL(
    "SELECT EXISTS (SELECT FROM archive.{} AS row"
    " WHERE appended_at >= %(start)s AND appended_at < %(end)s AND NOT ({}))"
)
# An erasure is believed by what was told of it.
_TELLS_OF_KEPT = SQL(
    "SELECT EXISTS (SELECT FROM archive.event AS told JOIN archive.erasure ON act = told.id"
    " WHERE told.appended_at >= %(start)s AND told.appended_at < %(end)s"
    " AND NOT (erasure.appended_at >= %(start)s AND erasure.appended_at < %(end)s)"
    " AND NOT EXISTS (SELECT FROM archive.retired"
    " WHERE month <= erasure.appended_at AND erasure.appended_at < until))"
)
_RETIRE = SQL(
    "INSERT INTO archive.retired (month, until, records, reason, authority, actor, retired_at)"
    " SELECT %s, %s, count(*), %s, %s, %s, %s FROM {}"
)
_PRESENT = SQL("SELECT to_regclass(%s) IS NOT NULL")


class Held(Exception):
    """A hold keeps something of the month, or what is kept depends on it."""


class NoSuchMonth(Exception):
    """The month is not over, or there are no records of it."""


class NoSuchHold(Exception):
    """There is no such hold, or it is lifted already."""


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
        return await self._read(SQL("true"))

    async def standing(self, places: Sequence[Place] | None = None) -> Sequence[Hold]:
        """See `Holds`."""
        if places is None:
            return await self._read(_STANDING)
        columns = [list(column) for column in zip(*places, strict=True)]
        over = _OVER.format(_ANY_ROW, COVERS)
        return await self._read(over, columns * len(NARROW_TABLES))

    async def _read(self, wanted: Composable, values: Sequence[Any] = ()) -> list[Hold]:
        with translated():
            async with transaction(self._engine) as connection:
                cursor = await connection.execute(_HOLDS.format(wanted), values)
                return [Hold(row[0], Scope(*row[1:6]), *row[6:]) for row in await cursor.fetchall()]

    async def retire(
        self, month: datetime, reason: str, authority: str, actor: str, now: datetime
    ) -> None:
        """Drops a month's records, and says so for ever; raises `Held` or `NoSuchMonth`."""
        start, end = month_of(month)
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
                    asked = _IS_HELD.format(Identifier(narrow), NOT_HELD)
                    if await _found(connection, asked, start, end):
                        raise Held(f"a hold keeps records of {start:%Y-%m}")
                if await _found(connection, _TELLS_OF_KEPT, start, end):
                    raise Held(
                        f"{start:%Y-%m} tells of erasures from months that are still there: "
                        "retire those first"
                    )
                name = Identifier("archive", table)
                values = (start, end, reason, authority, actor, now)
                await connection.execute(_RETIRE.format(name), values)
                await connection.execute(SQL("DROP TABLE {}").format(name))


async def _found(
    connection: AsyncConnection[Any], question: SQL | Composed, start: datetime, end: datetime
) -> bool:
    cursor = await connection.execute(question, {"start": start, "end": end})
    return bool((await cursor.fetchone() or (False,))[0])
