"""What comes again after its event was erased: its place, its leaf and its bare row are kept, and
none of its bytes. It is an act of its own, by the authority of the first one, told as any other is.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from psycopg import AsyncCursor
from psycopg.sql import SQL

from services.archive.adapters.copying import ERASED_RECORDS, NARROW, copy
from services.archive.domain.index import digest
from services.archive.domain.stored import Narrow
from shared.events.identity import new_id

ERASING_LOCK = 0x41724572
"""The advisory lock's space; whoever erases holds it alone, whoever stores holds it with others."""
RECORDS_IN_AN_ACT = 500
ACTOR = "archive"
REASON = "it came again after it was erased"
_UNKNOWN = "that of the first erasure"

Place = tuple[int, int, int]
"""Topic, partition, offset."""

# An event whose record was dropped with its month is erased without a row that says by which act.
_ERASED = SQL(
    "SELECT uuid_send(event.id), authority, class FROM archive.event"
    ' LEFT JOIN archive.erasure USING (topic, partition, "offset")'
    " LEFT JOIN archive.erasure_act ON erasure_act.id = erasure.act"
    " WHERE event.id = ANY(%s) AND hash = ''"
)
_ACT = SQL(
    "INSERT INTO archive.erasure_act (id, reason, authority, class, actor, erased_at)"
    " VALUES (%s, %s, %s, %s, %s, %s)"
)
_ERASURE = SQL(
    'INSERT INTO archive.erasure (topic, partition, "offset", appended_at, event_id, status, leaf,'
    " kept, act) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)


class Gone(NamedTuple):
    """What is left of a record that came again: its bare row and that row's table, and by whose
    authority and as data of which class its event was erased."""

    table: str
    row: Narrow
    authority: str
    data_class: str


async def erased_before(
    cursor: AsyncCursor[Any], table: str, rows: Sequence[tuple[Any, ...]]
) -> dict[Place, Gone]:
    """Those of the rows for `table` whose event is erased, bare, by place."""
    if not rows:
        return {}
    ids = [uuid.UUID(bytes=row[0]) for row in rows]
    await cursor.execute(_ERASED, (ids,), binary=True)
    known = {event: act for event, *act in await cursor.fetchall()}
    bare = (Narrow._make(row)._replace(actor=None, device=None, hash=b"") for row in rows)
    return {
        (row.topic, row.partition, row.offset): Gone(table, row, *_named(known[row.id]))
        for row in bare
        if row.id in known
    }


async def keep_bare(
    cursor: AsyncCursor[Any],
    gone: Mapping[Place, Gone],
    leaves: Mapping[Place, bytes],
    now: datetime,
) -> None:
    """Stores their records without bytes or salt, their bare rows, and the acts."""
    for table in {each.table for each in gone.values()}:
        await copy(
            cursor, NARROW[table], (each.row for each in gone.values() if each.table == table)
        )
    await copy(cursor, ERASED_RECORDS, _records(gone, leaves))
    for (authority, data_class), places in _acts(gone):
        act = new_id(now)
        await cursor.execute(_ACT, (act, REASON, authority, data_class, ACTOR, now))
        rows = [_erasure(place, gone[place], leaves[place], act) for place in places]
        await cursor.executemany(_ERASURE, rows)


def _named(act: Sequence[str | None]) -> tuple[str, str]:
    authority, data_class = act
    return authority or _UNKNOWN, data_class or _UNKNOWN


def _acts(gone: Mapping[Place, Gone]) -> Iterator[tuple[tuple[str, str], list[Place]]]:
    """By authority and class, as many as one event may tell of."""
    groups: dict[tuple[str, str], list[Place]] = {}
    for place, each in gone.items():
        groups.setdefault((each.authority, each.data_class), []).append(place)
    for why, places in groups.items():
        rest = iter(places)
        while part := list(islice(rest, RECORDS_IN_AN_ACT)):
            yield why, part


def _records(
    gone: Mapping[Place, Gone], leaves: Mapping[Place, bytes]
) -> Iterable[tuple[Any, ...]]:
    for place, (table, row, *_) in gone.items():
        topic, partition, offset = place
        yield row.appended_at, offset, leaves[place], partition, topic, row.id, table


def _erasure(place: Place, gone: Gone, leaf: bytes, act: str) -> tuple[Any, ...]:
    row = gone.row
    event_id = uuid.UUID(bytes=row.id)
    return (*place, row.appended_at, event_id, gone.table, leaf, digest(row), act)
