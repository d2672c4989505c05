"""The one log in PostgreSQL, and its sealer's loop."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncCursor
from psycopg.sql import SQL
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.copying import LOG, LOG_NODES, copy
from services.archive.adapters.transactions import transaction, translated
from services.archive.domain import tree
from services.archive.domain.leaves import Segment, segment_leaf
from services.archive.domain.tree import Node
from services.archive.handlers import Sealing
from services.archive.ports import Sealed, Unavailable
from shared.crash import crash_point
from shared.logging import logger

SEGMENTS_AT_ONCE = 10_000
AFTER_FAILURE_S = 5.0
_LOCK_SPACE = 0x41725365
_LOCK = SQL("SELECT pg_advisory_xact_lock(%s, 0)")
_SIZE = SQL("SELECT coalesce(max(position) + 1, 0) FROM archive.log")
_SEALED_SINCE = SQL("SELECT EXISTS (SELECT FROM archive.checkpoint WHERE sealed_at > %s)")
_NODES = SQL(
    'SELECT level, "index", hash FROM archive.log_node'
    " JOIN unnest(%s::smallint[], %s::bigint[]) AS asked (level, index)"
    ' USING (level, "index")'
)
# One index look-up per partition, however long the log has become.
_UNSEALED = SQL(
    """
    WITH RECURSIVE place AS (
        (SELECT topic, partition FROM archive.segment ORDER BY topic, partition LIMIT 1)
        UNION ALL
        SELECT following.* FROM place CROSS JOIN LATERAL (
            SELECT topic, partition FROM archive.segment
            WHERE (topic, partition) > (place.topic, place.partition)
            ORDER BY topic, partition LIMIT 1) AS following
    )
    SELECT segment.topic, name, segment.partition, first_offset, segment.next_offset, records,
        root, previous, committed_at
    FROM place JOIN archive.topic ON topic.id = place.topic
    CROSS JOIN LATERAL (
        SELECT coalesce(max(next_offset), -1) AS next_offset FROM archive.log
        WHERE topic = place.topic AND partition = place.partition) AS sealed
    CROSS JOIN LATERAL (
        SELECT * FROM archive.segment
        WHERE topic = place.topic AND partition = place.partition
            AND next_offset > sealed.next_offset
        ORDER BY next_offset LIMIT %(limit)s) AS segment
    ORDER BY segment.topic, segment.partition, segment.next_offset LIMIT %(limit)s
    """
)
_KEEP = SQL(
    "INSERT INTO archive.checkpoint (size, root, note, sealed_at, reason)"
    " VALUES (%s, %s, %s, %s, %s)"
)
# With ties, so that a page never ends between two checkpoints of one size.
_CHECKPOINTS = SQL(
    "SELECT size, root, note, sealed_at, reason FROM archive.checkpoint"
    " WHERE %(before)s::bigint IS NULL OR size < %(before)s"
    " ORDER BY size DESC FETCH FIRST %(limit)s ROWS WITH TIES"
)

_log = logger(__name__)


class _Grown(NamedTuple):
    """The log after a step: its size, the nodes of its edge, whether there may be more."""

    size: int
    edge: dict[Node, bytes]
    more: bool


class PostgresLedger:
    """`Ledger` on a migrated schema; needs no right but to add and to read."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def seal(
        self, sign: Callable[[int, bytes], Sealed], *, unless_since: datetime | None = None
    ) -> Sealed | None:
        """See `Ledger`."""
        with translated():
            while True:
                async with transaction(self._engine) as connection:
                    cursor = connection.cursor()
                    await cursor.execute(_LOCK, (_LOCK_SPACE,))
                    if unless_since is not None and await _one(cursor, _SEALED_SINCE, unless_since):
                        return None
                    grown = await _grow(cursor)
                    crash_point("archive.sealing")
                    # A long backlog is appended in transactions of its own.
                    if not grown.more:
                        return await _keep(cursor, grown, sign)

    async def checkpoints(self, *, before: int | None = None, limit: int) -> Sequence[Sealed]:
        """See `Ledger`."""
        with translated():
            async with transaction(self._engine) as connection:
                found = await connection.execute(_CHECKPOINTS, {"before": before, "limit": limit})
                rows = [Sealed(*row) for row in await found.fetchall()]
        return sorted(rows, key=_newest_first)


def _newest_first(sealed: Sealed) -> tuple[int, float]:
    return -sealed.size, -sealed.sealed_at.timestamp()


async def nodes_of(cursor: AsyncCursor[Any], wanted: Iterable[Node]) -> dict[Node, bytes]:
    """The hashes of these nodes of the log."""
    nodes = list(wanted)
    levels, indexes = [level for level, _ in nodes], [index for _, index in nodes]
    await cursor.execute(_NODES, (levels, indexes))
    return {(level, index): found for level, index, found in await cursor.fetchall()}


async def _grow(cursor: AsyncCursor[Any]) -> _Grown:
    size = await _one(cursor, _SIZE)
    edge = await nodes_of(cursor, tree.needed(tree.whole(size)))
    await cursor.execute(_UNSEALED, {"limit": SEGMENTS_AT_ONCE})
    unsealed = [(topic, Segment(*rest)) for topic, *rest in await cursor.fetchall()]
    leaves = [segment_leaf(segment) for _, segment in unsealed]
    rows = [
        (position, topic, segment.partition, segment.next_offset, leaf)
        for position, ((topic, segment), leaf) in enumerate(
            zip(unsealed, leaves, strict=True), size
        )
    ]
    made = tree.appended(size, edge, leaves)
    await copy(cursor, LOG, rows)
    await copy(cursor, LOG_NODES, [(*node, found) for node, found in made.items()])
    return _Grown(size + len(rows), edge | made, more=len(rows) == SEGMENTS_AT_ONCE)


async def _keep(
    cursor: AsyncCursor[Any], grown: _Grown, sign: Callable[[int, bytes], Sealed]
) -> Sealed:
    (root,) = tree.hashes(tree.whole(grown.size), grown.edge)
    sealed = sign(grown.size, root)
    kept = (sealed.size, sealed.root, sealed.note, sealed.sealed_at, sealed.reason)
    await cursor.execute(_KEEP, kept)
    return sealed


async def _one(cursor: AsyncCursor[Any], statement: SQL, *values: Any) -> Any:
    await cursor.execute(statement, values)
    (found,) = await cursor.fetchall()
    return found[0]


async def seal_on_schedule(sealing: Sealing) -> None:
    """Runs until cancelled."""
    while True:
        try:
            wait = (await sealing.on_schedule()).total_seconds()
        except Unavailable as error:
            _log.warning("cannot seal now", error=str(error))
            wait = AFTER_FAILURE_S
        await asyncio.sleep(wait)
