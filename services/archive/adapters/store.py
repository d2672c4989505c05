"""Keeping records in PostgreSQL: rows and position in one transaction, by binary COPY.

The statements run on psycopg's own connection, which opens the transaction with its first one.
Nothing is updated: the head of a partition is its last segment.
"""

import os
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from psycopg import AsyncCursor
from psycopg.sql import SQL
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.again import ERASING_LOCK, Gone, Place, erased_before, keep_bare
from services.archive.adapters.copying import (
    NARROW,
    NARROW_COLUMNS,
    RECORDS,
    STAGED,
    UNDECODABLE,
    Copy,
    copy,
    narrow,
)
from services.archive.adapters.knowing import keep_told
from services.archive.adapters.transactions import transaction, translated
from services.archive.domain.join import START, Head, join
from services.archive.domain.kept import Batch, Kept
from services.archive.domain.knowing import Told, of_itself
from services.archive.domain.leaves import (
    SALT_BYTES,
    Segment,
    place,
    record_leaf,
    segment_leaf,
    segment_of,
)
from services.archive.ports import Outcome
from shared.crash import crash_point

_LOCK_SPACE = 0x41726368
_TOPICS_LOCK = -1
# A row lock would need the right to update. Nothing is erased in between, or what came again at the
# same time would keep its bytes.
_LOCK_HEADS = SQL(
    "SELECT pg_advisory_xact_lock_shared({}, 0)"
    " UNION ALL SELECT pg_advisory_xact_lock(%s, key) FROM unnest(%s::int[]) AS key"
).format(ERASING_LOCK)
_HEADS = SQL(
    "SELECT asked.topic, asked.partition, head.appended_at, name,"
    " head.partition, head.first_offset, head.next_offset, head.records, head.root, head.previous,"
    " head.committed_at"
    " FROM unnest(%s::smallint[], %s::int[]) AS asked (topic, partition)"
    " JOIN archive.topic ON topic.id = asked.topic"
    " CROSS JOIN LATERAL ("
    " SELECT * FROM archive.segment"
    " WHERE topic = asked.topic AND partition = asked.partition"
    " ORDER BY next_offset DESC LIMIT 1) AS head"
)
_STAGE = SQL("CREATE TEMP TABLE IF NOT EXISTS staged (LIKE archive.event) ON COMMIT DELETE ROWS")
_CLAIM = SQL(
    "INSERT INTO archive.event ({columns}) SELECT {columns} FROM pg_temp.staged"
    " ON CONFLICT DO NOTHING"
).format(columns=NARROW_COLUMNS)
# What an id's row does not point at came after it. The statement sees what others have committed.
_REPEATS = SQL(
    'SELECT staged.topic, staged.partition, staged."offset", event.hash = staged.hash'
    " FROM pg_temp.staged JOIN archive.event USING (id)"
    ' WHERE (event.topic, event.partition, event."offset")'
    ' <> (staged.topic, staged.partition, staged."offset")'
)
_KEEP_REPEATS = {
    same: SQL(
        "INSERT INTO archive.{table} ({columns}) SELECT {columns} FROM pg_temp.staged"
        " JOIN unnest(%s::smallint[], %s::int[], %s::bigint[])"
        ' AS place (topic, partition, "offset")'
        ' USING (topic, partition, "offset")'
    ).format(table=SQL("duplicate" if same else "conflict"), columns=NARROW_COLUMNS)
    for same in (True, False)
}
_SEGMENT = SQL(
    "INSERT INTO archive.segment (topic, partition, first_offset, next_offset, appended_at,"
    " committed_at, records, events, duplicates, conflicts, aside, undecodable, root, previous,"
    " earliest, latest)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_NUMBERS = SQL("SELECT name, id FROM archive.topic")
_NUMBER = SQL(
    "INSERT INTO archive.topic (id, name)"
    " SELECT coalesce(max(id), 0) + 1, %s FROM archive.topic ON CONFLICT DO NOTHING"
)


class _Part(NamedTuple):
    """A batch with the number of its topic, and its new records with their salts."""

    batch: Batch
    topic: int
    head: Head
    verdict: Literal["kept", "gap", "foreign"]
    fresh: Sequence[Kept]
    salts: Sequence[bytes]


class _Sorted(NamedTuple):
    """By place: what a record is that is no event, and which ones were erased before they came."""

    statuses: dict[Place, str]
    gone: dict[Place, Gone]


class PostgresStore:
    """`Store` on a migrated schema; `prefix` is that of the topics' physical names."""

    def __init__(self, engine: AsyncEngine, *, prefix: str) -> None:
        self._engine = engine
        self._prefix = prefix
        self._numbers: dict[str, int] = {}

    async def keep(self, batches: Sequence[Batch], now: datetime) -> Sequence[Outcome]:
        """See `Store`."""
        with translated():
            await self._number([batch.topic for batch in batches])
            async with transaction(self._engine) as connection:
                outcomes = await self._keep(connection.cursor(), batches, now)
                crash_point("archive.before_commit")
        crash_point("archive.after_commit")
        return outcomes

    async def _number(self, names: Iterable[str]) -> None:
        """Learns the topics' numbers, in a transaction of its own: a number that is remembered
        must not be rolled back with a batch."""
        missing = [name for name in names if name not in self._numbers]
        if not missing:
            return
        async with transaction(self._engine) as connection:
            cursor = connection.cursor()
            await cursor.execute(_LOCK_HEADS, (_LOCK_SPACE, [_TOPICS_LOCK]))
            for name in missing:
                await cursor.execute(_NUMBER, (self._prefix + name,))
            await cursor.execute(_NUMBERS)
            numbers = dict(await cursor.fetchall())
        self._numbers |= {name: numbers[self._prefix + name] for name in missing}

    async def _keep(
        self, cursor: AsyncCursor[Any], batches: Sequence[Batch], now: datetime
    ) -> list[Outcome]:
        heads = await self._locked_heads(cursor, batches)
        parts = [self._part(batch, head) for batch, head in zip(batches, heads, strict=True)]
        statuses, gone = await _sorted(cursor, parts)
        await keep_told(cursor, _told(parts))
        await copy(cursor, RECORDS, _record_rows(parts, statuses, gone))
        if gone:
            await keep_bare(cursor, gone, self._leaves(parts, gone), now)
        outcomes = [_outcome(part, statuses) for part in parts]
        for part, outcome in zip(parts, outcomes, strict=True):
            if outcome.records:
                await cursor.execute(_SEGMENT, self._segment(part, outcome, now))
        return outcomes

    def _part(self, batch: Batch, head: Head) -> _Part:
        verdict, fresh = join(head, batch)
        salts = _salts(len(fresh))
        return _Part(batch, self._numbers[batch.topic], head, verdict, fresh, salts)

    def _leaves(self, parts: Sequence[_Part], gone: Container[Place]) -> dict[Place, bytes]:
        return {
            where: record_leaf(salt, place(self._prefix + batch.topic, batch.partition), record)
            for batch, topic, _, _, fresh, salts in parts
            for salt, record in zip(salts, fresh, strict=True)
            if (where := (topic, batch.partition, record.offset)) in gone
        }

    def _segment(self, part: _Part, outcome: Outcome, now: datetime) -> tuple[Any, ...]:
        topic, partition = self._prefix + part.batch.topic, part.batch.partition
        segment = segment_of(
            topic,
            partition,
            part.fresh,
            part.salts,
            previous=part.head.leaf,
            committed_at=now,
        )
        moments = [record.appended_at for record in part.fresh]
        return (
            part.topic,
            segment.partition,
            segment.first_offset,
            segment.next_offset,
            moments[-1],
            now,
            outcome.records,
            outcome.events,
            outcome.duplicates,
            outcome.conflicts,
            outcome.aside,
            outcome.undecodable,
            segment.root,
            segment.previous,
            min(moments),
            max(moments),
        )

    async def _locked_heads(self, cursor: AsyncCursor[Any], batches: Sequence[Batch]) -> list[Head]:
        keys = [(self._numbers[batch.topic], batch.partition) for batch in batches]
        locks = sorted((topic << 16) + partition for topic, partition in keys)
        await cursor.execute(_LOCK_HEADS, (_LOCK_SPACE, locks))
        # A statement of its own: one that waited for the locks would still see the heads as they
        # were before it waited.
        await cursor.execute(_HEADS, tuple(map(list, zip(*keys, strict=True))))
        heads = {}
        for topic, partition, appended_at, *segment in await cursor.fetchall():
            last = Segment(*segment)
            heads[topic, partition] = Head(last.next_offset, appended_at, segment_leaf(last))
        return [heads.get(key, START) for key in keys]


async def _sorted(cursor: AsyncCursor[Any], parts: Sequence[_Part]) -> _Sorted:
    """Stores the narrow rows but of what is gone."""
    statuses: dict[Place, str] = {}
    claims, aside, undecodable = [], [], []
    for batch, topic, _, _, fresh, _ in parts:
        for record in fresh:
            where = (topic, batch.partition, record.offset)
            if record.event is None:
                statuses[where] = "undecodable"
                undecodable.append(
                    (record.appended_at, record.offset, batch.partition, topic, record.reason)
                )
            elif batch.aside:
                statuses[where] = "aside"
                aside.append(narrow(record.event, record, batch.partition, topic))
            else:
                claims.append(narrow(record.event, record, batch.partition, topic))
    gone = await erased_before(cursor, "aside", aside)
    if claims:
        repeats = await _claimed(cursor, claims)
        others = [row for row in claims if repeats and repeats.get(_place(row)) is False]
        gone |= await erased_before(cursor, "duplicate", others)
        statuses |= await _keep_repeats(cursor, repeats, gone)
    await _copied(cursor, NARROW["aside"], [row for row in aside if _place(row) not in gone])
    await _copied(cursor, UNDECODABLE, undecodable)
    return _Sorted(statuses, gone)


async def _copied(cursor: AsyncCursor[Any], what: Copy, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        await copy(cursor, what, rows)


async def _claimed(cursor: AsyncCursor[Any], rows: list[tuple[Any, ...]]) -> dict[Place, bool]:
    """Gives each id its event row; the places of the records that came too late for theirs, and
    whether they say the same."""
    # By id, so that two transactions with the same ids wait for each other instead of deadlocking.
    rows.sort(key=_by_id_then_append)
    await cursor.execute(_STAGE)
    await copy(cursor, STAGED, rows)
    await cursor.execute(_CLAIM)
    if cursor.rowcount == len(rows):
        return {}
    await cursor.execute(_REPEATS)
    return {
        (topic, partition, offset): same
        for topic, partition, offset, same in await cursor.fetchall()
    }


async def _keep_repeats(
    cursor: AsyncCursor[Any], repeats: dict[Place, bool], gone: Container[Place]
) -> dict[Place, str]:
    """Stores the rows of repeats; what each is. Of one that is gone nobody can tell any more
    whether it says the same."""
    for same, statement in _KEEP_REPEATS.items():
        kept = [where for where, is_same in repeats.items() if is_same is same]
        kept = [where for where in kept if where not in gone]
        if kept:
            await cursor.execute(statement, tuple(map(list, zip(*kept, strict=True))))
    return {
        where: "duplicate" if same or where in gone else "conflict"
        for where, same in repeats.items()
    }


def _told(parts: Sequence[_Part]) -> list[Told]:
    return [
        of_itself(record.told, record.event.id) if part.batch.aside else record.told
        for part in parts
        for record in part.fresh
        if record.told is not None and record.event is not None
    ]


def _place(row: tuple[Any, ...]) -> Place:
    """A narrow row's place."""
    return row[13], row[12], row[11]


def _by_id_then_append(row: tuple[Any, ...]) -> tuple[bytes, datetime, int]:
    return row[0], row[10], row[11]


def _record_rows(
    parts: Sequence[_Part], statuses: dict[Place, str], gone: Mapping[Place, Gone]
) -> Iterator[tuple[Any, ...]]:
    for batch, topic, _, _, fresh, salts in parts:
        partition = batch.partition
        for salt, record in zip(salts, fresh, strict=True):
            offset, appended_at, key, value, headers, event, *_ = record
            if gone and (topic, partition, offset) in gone:
                continue
            yield (
                appended_at,
                offset,
                key,
                value,
                headers,
                salt,
                partition,
                topic,
                None if event is None else event.id,
                statuses.get((topic, partition, offset), "event"),
            )


def _outcome(part: _Part, statuses: dict[Place, str]) -> Outcome:
    batch, topic, fresh = part.batch, part.topic, part.fresh
    counts = Counter(
        statuses.get((topic, batch.partition, record.offset), "event") for record in fresh
    )
    return Outcome(
        verdict=part.verdict,
        head=part.head.next_offset,
        records=len(fresh),
        events=counts["event"],
        duplicates=counts["duplicate"],
        conflicts=counts["conflict"],
        aside=counts["aside"],
        undecodable=counts["undecodable"],
        repeated=len(batch.records) - len(fresh) if part.verdict == "kept" else 0,
    )


def _salts(number: int) -> list[bytes]:
    """So many salts, from one question to the system."""
    drawn = os.urandom(number * SALT_BYTES)
    return [drawn[start : start + SALT_BYTES] for start in range(0, len(drawn), SALT_BYTES)]
