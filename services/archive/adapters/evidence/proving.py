"""Records with their proofs, out of PostgreSQL."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import AsyncConnection
from psycopg.sql import SQL
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.sealing import nodes_of
from services.archive.adapters.transactions import transaction, translated
from services.archive.domain import merkle, tree
from services.archive.domain.leaves import Segment
from services.archive.domain.merkle import ProofError
from services.archive.domain.proof import Proven, Sealed, leaf_of
from services.archive.domain.search import Place
from services.archive.domain.stored import Erased, Record, Seal

_COLUMNS = SQL(
    'record.appended_at, record."offset", record.key, record.value, record.headers,'
    " record.partition, record.topic, record.status::text, uuid_send(record.event_id),"
    " record.salt, record.leaf"
)
_ASKED = SQL(
    " FROM unnest(%s::timestamptz[], %s::smallint[], %s::int[], %s::bigint[])"
    ' AS asked (appended_at, topic, partition, "offset")'
)
_RECORDS = SQL(
    "SELECT {columns}, segment.next_offset, erasure.status::text, erasure.leaf, kept, reason,"
    " authority, class, erased_at, actor, act::text {asked}"
    ' JOIN archive.record ON record.appended_at = asked.appended_at AND record."offset" ='
    ' asked."offset" AND record.partition = asked.partition AND record.topic = asked.topic'
    " CROSS JOIN LATERAL (SELECT next_offset FROM archive.segment"
    " WHERE segment.topic = asked.topic AND segment.partition = asked.partition"
    ' AND segment.next_offset > asked."offset" ORDER BY segment.next_offset LIMIT 1) AS segment'
    " LEFT JOIN archive.erasure ON erasure.topic = asked.topic"
    ' AND erasure.partition = asked.partition AND erasure."offset" = asked."offset"'
    " LEFT JOIN archive.erasure_act ON erasure_act.id = erasure.act"
    ' ORDER BY record.appended_at, record.topic, record.partition, record."offset"'
).format(columns=_COLUMNS, asked=_ASKED)
_SEGMENTS = SQL(
    "SELECT segment.topic, name, segment.partition, first_offset, segment.next_offset, records,"
    " root, previous, committed_at, log.position, earliest, latest"
    " FROM unnest(%s::smallint[], %s::int[], %s::bigint[])"
    " AS asked (topic, partition, next_offset)"
    " JOIN archive.segment USING (topic, partition, next_offset)"
    " JOIN archive.topic ON topic.id = segment.topic"
    " LEFT JOIN archive.log USING (topic, partition, next_offset)"
)
# By the time of appending, which is what records are found by.
_OF_SEGMENT = SQL(
    "SELECT {} FROM archive.record WHERE appended_at BETWEEN %s AND %s"
    ' AND topic = %s AND partition = %s AND "offset" >= %s AND "offset" < %s ORDER BY "offset"'
).format(_COLUMNS)
_SIZE = SQL("SELECT coalesce(max(position) + 1, 0) FROM archive.log")
_NEWEST = SQL(
    "SELECT size, root, note, sealed_at, reason FROM archive.checkpoint"
    " WHERE size = coalesce(%s, size) ORDER BY size DESC, sealed_at DESC LIMIT 1"
)

Where = tuple[int, int, int]
"""Topic, partition, next offset of a segment."""


class PostgresProofs:
    """`Proofs` on a migrated schema."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def checkpoint(self, size: int | None = None) -> Seal | None:
        """See `Proofs`."""
        with translated():
            async with transaction(self._engine) as connection:
                return await newest(connection, size)

    async def proven(self, places: Sequence[Place], size: int) -> Sequence[Proven]:
        """See `Proofs`."""
        with translated():
            async with transaction(self._engine) as connection:
                return await proven(connection, places, size)

    async def consistency(self, first: int, second: int) -> list[bytes]:
        """See `Proofs`."""
        spans = tree.consistency(first, second)
        with translated():
            async with transaction(self._engine) as connection:
                cursor = await connection.execute(_SIZE)
                (size,) = await cursor.fetchone() or (0,)
                if second > size:
                    raise ProofError(f"the log has {size} segments, not {second}")
                nodes = await nodes_of(connection.cursor(), tree.needed(spans))
        return tree.hashes(spans, nodes)


async def newest(connection: AsyncConnection[Any], size: int | None = None) -> Seal | None:
    """The newest checkpoint, or the newest of that size."""
    cursor = await connection.execute(_NEWEST, (size,))
    row = await cursor.fetchone()
    return None if row is None else Seal(*row)


async def proven(
    connection: AsyncConnection[Any], places: Sequence[Place], size: int
) -> list[Proven]:
    """The records at these places, in the archive's order, with proofs against the log of `size`
    leaves; those whose bytes were dropped with their month are left out."""
    if not places:
        return []
    columns = list(map(list, zip(*places, strict=True)))
    cursor = await connection.execute(_RECORDS, columns, binary=True)
    rows = [(Record(*row[:11]), row[11], row[12:]) for row in await cursor.fetchall()]
    wanted = {(record.topic, record.partition, end) for record, end, _ in rows}
    segments = await _segments(connection, wanted, size)
    trees: dict[Where, tuple[list[int], merkle.Tree]] = {}
    found = []
    for record, end, erasure in rows:
        where = (record.topic, record.partition, end)
        sealed, window = segments[where]
        if where not in trees:
            trees[where] = await _tree(connection, where, sealed.segment, window)
        offsets, leaves = trees[where]
        index = bisect_left(offsets, record.offset)
        # Where its segment's times were changed it is not among them, and nothing proves it.
        path = leaves.path(index) if offsets[index : index + 1] == [record.offset] else []
        found.append(Proven(record, index, path, sealed, _erased(record, erasure)))
    return found


async def _segments(
    connection: AsyncConnection[Any], wanted: Iterable[Where], size: int
) -> dict[Where, tuple[Sealed, tuple[Any, Any]]]:
    columns = list(map(list, zip(*wanted, strict=True))) or [[], [], []]
    cursor = await connection.execute(_SEGMENTS, columns, binary=True)
    rows = await cursor.fetchall()
    sealed = [position for *_, position, _, _ in rows if position is not None and position < size]
    spans = {position: tree.inclusion(position, size) for position in sealed}
    nodes = await nodes_of(
        connection.cursor(), {node for each in spans.values() for node in tree.needed(each)}
    )
    found = {}
    for topic, *values, position, earliest, latest in rows:
        segment = Segment(*values)
        path = tree.hashes(spans[position], nodes) if position in spans else None
        where = (topic, segment.partition, segment.next_offset)
        found[where] = Sealed(segment, position, size, path), (earliest, latest)
    return found


async def _tree(
    connection: AsyncConnection[Any], where: Where, segment: Segment, window: tuple[Any, Any]
) -> tuple[list[int], merkle.Tree]:
    """A segment's offsets, and the tree over its leaves."""
    values = (*window, *where[:2], segment.first_offset, segment.next_offset)
    cursor = await connection.execute(_OF_SEGMENT, values, binary=True)
    records = [Record(*row) for row in await cursor.fetchall()]
    leaves = [leaf_of(record, segment.topic) for record in records]
    return [record.offset for record in records], merkle.Tree(leaves)


def _erased(record: Record, erasure: Sequence[Any]) -> Erased | None:
    status, leaf, kept, *act = erasure
    if status is None:
        return None
    place = (record.topic, record.partition, record.offset, record.appended_at, record.event_id)
    return Erased(*place, status, leaf, kept, *act)
