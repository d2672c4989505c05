"""The whole ledger read from PostgreSQL in one snapshot, in large pieces.

Runs on psycopg's own connection: server-side cursors in binary, because a check reads every row.
"""

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed, Identifier

from services.archive.adapters.evidence.acts import ACTS, RETIRED, SAID, act_of
from services.archive.domain.balance import Bucket
from services.archive.domain.index import COUNTED
from services.archive.domain.knowing import Belonging, PartOf, Rule
from services.archive.domain.leaves import Segment
from services.archive.domain.share import EVERYTHING, Share
from services.archive.domain.stored import (
    Act,
    Entry,
    Erased,
    Link,
    LogNode,
    Narrow,
    Record,
    Repeat,
    Retired,
    Seal,
    Undecoded,
)

ROWS = 5_000
ACTS_AT_ONCE = 50
CONNECT_TIMEOUT_S = 5

_Row = TypeVar("_Row", bound=NamedTuple)

_RECORD = SQL(
    'SELECT appended_at, "offset", key, value, headers, partition, topic, status::text,'
    " uuid_send(event_id), salt, leaf FROM archive.record"
)
_NARROW = SQL(
    "SELECT uuid_send(id), type, site, unit, actor, device, time, received_at, uuid_send(alert),"
    ' hash, appended_at, "offset", partition, topic FROM archive.{}'
)
_UNDECODABLE = SQL(
    'SELECT topic, partition, "offset", appended_at, reason FROM archive.undecodable'
)
_SEGMENT = SQL(
    "SELECT topic, name, partition, first_offset, next_offset, records, root, previous,"
    " committed_at, earliest, latest, appended_at"
    " FROM archive.segment JOIN archive.topic ON topic.id = topic"
)
_IN_ORDER = SQL(" ORDER BY topic, partition, next_offset")
_WITHHELD = SQL("SELECT uuid_send(about), roles, hidden_from FROM archive.withheld")
_BELONGING = SQL('SELECT uuid_send(event), uuid_send("to") FROM archive.belonging')
_PART = SQL("SELECT uuid_send(event), uuid_send(alert) FROM archive.part")
_LOG = SQL(
    "SELECT position, topic, partition, next_offset, leaf FROM archive.log ORDER BY position"
)
_NODES = SQL('SELECT level, "index", hash FROM archive.log_node ORDER BY level, "index"')
_SEALS = SQL(
    "SELECT size, root, note, sealed_at, reason FROM archive.checkpoint ORDER BY size, sealed_at"
)
_ERASED = SQL(
    'SELECT topic, partition, "offset", appended_at, uuid_send(event_id), status::text, leaf,'
    " kept, reason, authority, class, erased_at, actor, act::text"
    " FROM archive.erasure JOIN archive.erasure_act ON erasure_act.id = erasure.act"
)
# Whatever numbers somebody wrote there, each row is in exactly one share.
_IN_SHARE = SQL(" WHERE mod(abs(topic::bigint + partition), {}) = {}")
_EVERYWHERE = SQL("")
_IN_BUCKET = SQL(' WHERE topic = %s AND partition = %s AND "offset" >= %s AND "offset" < %s')
# What came again must say the same as the event that it repeats, and a conflict must not; and the
# event came first: by its offset in the same partition, and nowhere was a repeat sealed before it.
_SEALED_AT = (
    "(SELECT position FROM archive.log WHERE topic = {row}.topic AND partition = {row}.partition"
    ' AND next_offset > {row}."offset" ORDER BY next_offset LIMIT 1)'
)
_CAME_FIRST = SQL(
    "CASE WHEN (event.topic, event.partition) = (again.topic, again.partition)"
    ' THEN event."offset" < again."offset" ELSE NOT EXISTS (SELECT FROM archive.checkpoint'
    " WHERE size > {again} AND coalesce(size <= {event}, true)) END"
).format(again=SQL(_SEALED_AT.format(row="again")), event=SQL(_SEALED_AT.format(row="event")))
_UNLIKE = SQL(
    "SELECT 'duplicate', topic, partition, \"offset\" FROM archive.duplicate AS again"
    " WHERE NOT EXISTS (SELECT FROM archive.event WHERE event.id = again.id"
    " AND (again.hash = '' OR event.hash IN (again.hash, '')) AND {first})"
    " UNION ALL SELECT 'conflict', topic, partition, \"offset\" FROM archive.conflict AS again"
    " WHERE NOT EXISTS (SELECT FROM archive.event WHERE event.id = again.id"
    " AND (again.hash = '' OR event.hash <> again.hash) AND {first})"
).format(first=_CAME_FIRST)
_COUNTS = SQL(
    "SELECT topic, sum(events)::bigint, sum(duplicates)::bigint, sum(conflicts)::bigint,"
    " sum(aside)::bigint, sum(undecodable)::bigint FROM archive.segment"
    " WHERE NOT EXISTS (SELECT FROM archive.retired WHERE earliest < until AND month <= latest)"
    " GROUP BY topic"
)


class PostgresSnapshot:
    """`Snapshot` on an open connection; whoever opened it decides what it sees.

    Of segments, records and the rows that stand for them it shows one share only.
    """

    def __init__(self, connection: AsyncConnection[Any], share: Share = EVERYTHING) -> None:
        self._connection = connection
        self._share = _EVERYWHERE if share.of == 1 else _IN_SHARE.format(share.of, share.number)

    async def name(self) -> str:
        """See `Snapshot`."""
        cursor = await self._connection.execute("SELECT pg_export_snapshot()")
        (found,) = await cursor.fetchall()
        return str(found[0])

    async def names(self) -> dict[int, str]:
        """See `Snapshot`."""
        cursor = await self._connection.execute("SELECT id, name FROM archive.topic")
        return dict(await cursor.fetchall())

    async def size(self) -> int:
        """See `Snapshot`."""
        cursor = await self._connection.execute(
            "SELECT coalesce(sum(records), 0)::bigint FROM archive.segment"
        )
        (found,) = await cursor.fetchall()
        return int(found[0])

    async def last_commit(self) -> datetime | None:
        """See `Snapshot`."""
        cursor = await self._connection.execute("SELECT max(committed_at) FROM archive.segment")
        (found,) = await cursor.fetchall()
        last: datetime | None = found[0]
        return last

    async def said(self, ids: Sequence[str]) -> dict[str, bytes]:
        """See `Snapshot`."""
        asked = [uuid.UUID(each) for each in ids]
        cursor = await self._connection.execute(SAID, (asked, asked), binary=True)
        return dict(await cursor.fetchall())

    async def retired(self) -> list[Retired]:
        """See `Snapshot`."""
        return [row async for rows in self._read(RETIRED, Retired) for row in rows]

    async def links(self) -> AsyncIterator[Sequence[Link]]:
        """See `Snapshot`."""
        async for rows in self._rows(_SEGMENT + self._share + _IN_ORDER):
            yield [Link(row[0], Segment(*row[1:9]), *row[9:]) for row in rows]

    def records(self, bucket: Bucket | None = None) -> AsyncIterator[Sequence[Record]]:
        """See `Snapshot`."""
        return self._read(*self._within(_RECORD, bucket, Record))

    def narrow(self, table: str, bucket: Bucket | None = None) -> AsyncIterator[Sequence[Narrow]]:
        """See `Snapshot`."""
        return self._read(*self._within(_NARROW.format(Identifier(table)), bucket, Narrow))

    def undecodable(self, bucket: Bucket | None = None) -> AsyncIterator[Sequence[Undecoded]]:
        """See `Snapshot`."""
        return self._read(*self._within(_UNDECODABLE, bucket, Undecoded))

    def erased(self, bucket: Bucket | None = None) -> AsyncIterator[Sequence[Erased]]:
        """See `Snapshot`."""
        return self._read(*self._within(_ERASED, bucket, Erased))

    async def acts(self) -> AsyncIterator[Sequence[Act]]:
        """See `Snapshot`."""
        async for rows in self._rows(ACTS, at_once=ACTS_AT_ONCE):
            yield list(map(act_of, rows))

    def unlike(self) -> AsyncIterator[Sequence[Repeat]]:
        """See `Snapshot`."""
        return self._read(_UNLIKE, Repeat)

    async def known(self) -> AsyncIterator[Sequence[Rule | Belonging | PartOf]]:
        """See `Snapshot`."""
        async for rows in self._rows(_WITHHELD):
            yield [Rule(about, tuple(roles), tuple(units)) for about, roles, units in rows]
        async for pairs in self._read(_BELONGING, Belonging):
            yield pairs
        async for parts in self._read(_PART, PartOf):
            yield parts

    def log(self) -> AsyncIterator[Sequence[Entry]]:
        """See `Snapshot`."""
        return self._read(_LOG, Entry)

    def nodes(self) -> AsyncIterator[Sequence[LogNode]]:
        """See `Snapshot`."""
        return self._read(_NODES, LogNode)

    def seals(self) -> AsyncIterator[Sequence[Seal]]:
        """See `Snapshot`."""
        return self._read(_SEALS, Seal)

    async def counts(self) -> dict[int, dict[str, int]]:
        """See `Snapshot`."""
        cursor = await self._connection.execute(_COUNTS)
        return {row[0]: dict(zip(COUNTED, row[1:], strict=True)) for row in await cursor.fetchall()}

    def _within(
        self, statement: SQL | Composed, bucket: Bucket | None, row_type: type[_Row]
    ) -> tuple[SQL | Composed, type[_Row], Sequence[Any]]:
        if bucket is None:
            return statement + self._share, row_type, ()
        values = (bucket.topic, bucket.partition, bucket.first, bucket.end)
        return statement + _IN_BUCKET, row_type, values

    async def _read(
        self, statement: SQL | Composed, row_type: type[_Row], values: Sequence[Any] = ()
    ) -> AsyncIterator[Sequence[_Row]]:
        make = row_type._make
        async for rows in self._rows(statement, values):
            yield list(map(make, rows))

    async def _rows(
        self, statement: SQL | Composed, values: Sequence[Any] = (), *, at_once: int = ROWS
    ) -> AsyncIterator[Sequence[tuple[Any, ...]]]:
        async with self._connection.cursor("walk") as cursor:
            await cursor.execute(statement, values, binary=True)
            while rows := await cursor.fetchmany(at_once):
                yield rows


@asynccontextmanager
async def snapshot(
    url: str, *, application: str, name: str | None = None
) -> AsyncIterator[AsyncConnection[Any]]:
    """A connection whose every statement sees the archive as it is now, however long it takes; or
    as the open snapshot of that name sees it.

    Raises `psycopg.Error` when there is no such database.
    """
    connection = await AsyncConnection.connect(
        url.replace("postgresql+psycopg://", "postgresql://", 1),
        connect_timeout=CONNECT_TIMEOUT_S,
        application_name=application,
        options="-c statement_timeout=0 -c timezone=UTC",
    )
    async with connection:
        await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        await connection.set_read_only(True)
        if name is not None:
            await connection.execute(SQL("SET TRANSACTION SNAPSHOT {}").format(name))
        yield connection
