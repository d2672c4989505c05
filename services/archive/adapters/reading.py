"""Searches in PostgreSQL.

A page runs on psycopg's own connection, in binary: a day of a site is a thousand records, and
SQLAlchemy would take three times as long for it as PostgreSQL does.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.sql import SQL, Composable, Composed, Identifier
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters import tables
from services.archive.adapters.knowing import knowing_values, known_to
from services.archive.adapters.transactions import transaction
from services.archive.domain.index import NARROW_TABLES
from services.archive.domain.search import TRACKS, Place, Rights, Search
from services.archive.ports import Found, Page, Totals, Unavailable
from shared.topics import POSITION

PAGE_BYTES = 16 * 1_048_576
"""A page ends early once its records hold this much, but never before its first record."""

_PLACE = SQL('appended_at, topic, partition, "offset"')
_OLDEST_FIRST = _PLACE
_NEWEST_FIRST = SQL('appended_at DESC, topic DESC, partition DESC, "offset" DESC')
_AND = SQL(" AND ")
# The records' bytes last; `total` tells whether there was more.
_PAGE = SQL(
    "SELECT status, {place}, name, id::text, type, site, unit, time, received_at, reason, value,"
    " total FROM (SELECT found.*, name, value, row_number() OVER placed AS number,"
    " count(*) OVER () AS total, sum(octet_length(value)) OVER (placed ROWS BETWEEN UNBOUNDED"
    " PRECEDING AND 1 PRECEDING) AS before"
    " FROM ({found} ORDER BY {order} LIMIT %(rows)s) AS found"
    " JOIN archive.topic ON topic.id = found.topic"
    " LEFT JOIN archive.record USING ({place}) WINDOW placed AS (ORDER BY {order})) AS numbered"
    " WHERE number <= %(limit)s AND coalesce(before, 0) < %(bytes)s ORDER BY number"
)
# Each table is ordered and cut by itself, so that its own index does it.
_BRANCH = SQL("SELECT * FROM ({select} WHERE {conditions} ORDER BY {order} LIMIT %(rows)s) AS cut")
_NARROW_ROWS = SQL(
    "SELECT {name} AS status, {place}, id, type, site, unit, time, received_at,"
    " NULL::text AS reason FROM archive.{table} AS one"
)
_UNDECODABLE_ROWS = SQL(
    "SELECT {name} AS status, {place}, NULL::uuid AS id, NULL::text AS type,"
    " NULL::text AS site, NULL::text AS unit, NULL::timestamptz AS time,"
    " NULL::timestamptz AS received_at, reason FROM archive.{table}"
)
_EQUAL = {
    "site": SQL("site = %(site)s"),
    "alert": SQL("alert = %(alert)s::uuid"),
    "device": SQL("device = %(device)s"),
    "actor": SQL("actor = %(actor)s"),
    "id": SQL("id = %(id)s::uuid"),
}
_WITHIN = SQL("(unit = %(within)s OR starts_with(unit, %(below)s))")
_WITHIN_OR_UNITLESS = SQL("(unit = %(within)s OR starts_with(unit, %(below)s) OR unit IS NULL)")
_UNIT = SQL("(unit = %(unit)s OR starts_with(unit, %(below_unit)s))")
_AFTER = SQL(
    '(appended_at, topic, partition, "offset")'
    " {} (%(after_at)s, %(after_topic)s, %(after_partition)s, %(after_offset)s)"
)
_TOGETHER = SQL(
    "WITH RECURSIVE wanted (id) AS (SELECT unnest(%(ids)s::uuid[])"
    " UNION SELECT event FROM archive.part WHERE alert = %(alert)s::uuid"
    " UNION SELECT belonging.event FROM wanted"
    ' JOIN archive.belonging ON belonging."to" = wanted.id) SELECT id::text FROM wanted'
)
_IDS_AT_ONCE = 1_000
_NOT_OF_TRACKS = SQL(
    "topic NOT IN (SELECT id FROM archive.topic WHERE right(name, {}) = {})"
).format(len(POSITION.name), POSITION.name)


class PostgresReader:
    """`Reader` on a migrated schema; `prefix` is taken off the topics' names."""

    def __init__(self, engine: AsyncEngine, *, prefix: str) -> None:
        self._engine = engine
        self._prefix = prefix

    async def page(self, search: Search, rights: Rights) -> Page:
        """See `Reader`."""
        with _translated():
            async with transaction(self._engine) as connection:
                cursor = connection.cursor(binary=True)
                await cursor.execute(*page_query(search, rights))
                rows = await cursor.fetchall()
        return Page(list(map(self._found, rows)), bool(rows) and rows[0][-1] > len(rows))

    async def together(self, ids: Sequence[str], *, alert: str | None) -> Sequence[str]:
        """See `Reader`."""
        found: set[str] = set()
        with _translated():
            for start in range(0, max(len(ids), 1), _IDS_AT_ONCE):
                values = {"ids": list(ids[start : start + _IDS_AT_ONCE]), "alert": alert}
                async with transaction(self._engine) as connection:
                    cursor = await connection.execute(_TOGETHER, values)
                    found |= {row[0] for row in await cursor.fetchall()}
        return sorted(found)

    async def totals(self) -> dict[str, Totals]:
        """See `Reader`."""
        columns = tables.segment.c
        counts = [func.coalesce(func.sum(columns[name]), 0).label(name) for name in Totals._fields]
        statement = (
            select(tables.topic.c.name, *counts)
            .join_from(tables.topic, tables.segment, isouter=True)
            .group_by(tables.topic.c.name)
            .order_by(tables.topic.c.name)
        )
        with _translated():
            async with self._engine.connect() as connection:
                rows = (await connection.execute(statement)).all()
        return {row.name.removeprefix(self._prefix): Totals(*map(int, row[1:])) for row in rows}

    def _found(self, row: Sequence[Any]) -> Found:
        status, appended_at, topic, partition, offset, name, *said, _ = row
        place = Place(appended_at, topic, partition, offset)
        return Found(status, place, name.removeprefix(self._prefix), *said)


def page_query(search: Search, rights: Rights) -> tuple[Composed, dict[str, Any]]:
    """What asks for a page, and its values."""
    order = _NEWEST_FIRST if search.newest_first else _OLDEST_FIRST
    narrow = [table for table in NARROW_TABLES if search.status in {None, table}]
    conditions = _AND.join([*_when(search), *_conditions(search, rights)])
    branches = [_branch(_NARROW_ROWS, conditions, order, table) for table in narrow]
    if _may_be_undecodable(search, rights):
        seen = _AND.join([*_when(search), *_seen(rights)])
        branches.append(_branch(_UNDECODABLE_ROWS, seen, order))
    if not branches:
        branches.append(_branch(_UNDECODABLE_ROWS, SQL("false"), order))
    found = SQL(" UNION ALL ").join(branches)
    return _PAGE.format(place=_PLACE, order=order, found=found), _values(search, rights)


def _branch(
    select: SQL, conditions: Composable, order: SQL, table: str = "undecodable"
) -> Composed:
    """The next `limit` records and one more, out of one table."""
    rows = select.format(name=table, place=_PLACE, table=Identifier(table))
    return _BRANCH.format(select=rows, conditions=conditions, order=order)


def _values(search: Search, rights: Rights) -> dict[str, Any]:
    at, topic, partition, offset = search.after or (None, None, None, None)
    return {
        **{name: getattr(search, name) for name in (*_EQUAL, "type", "unit", "since", "until")},
        "below_unit": f"{search.unit}/",
        "within": rights.within,
        "below": f"{rights.within}/",
        **knowing_values(rights),
        "tracks": TRACKS,
        "after_at": at,
        "after_topic": topic,
        "after_partition": partition,
        "after_offset": offset,
        "limit": search.limit,
        "rows": search.limit + 1,
        "bytes": PAGE_BYTES,
    }


def _conditions(search: Search, rights: Rights) -> Iterator[Composable]:
    """Of tables that hold events."""
    if rights.within:
        yield _WITHIN_OR_UNITLESS if rights.sees_unitless else _WITHIN
    for name, condition in _EQUAL.items():
        if getattr(search, name) is not None:
            yield condition
    if search.unit is not None:
        yield _UNIT
    if search.type is not None:
        is_prefix = search.type.endswith(".")
        yield SQL("starts_with(type, %(type)s)") if is_prefix else SQL("type = %(type)s")
    if not rights.tracks:
        yield SQL("NOT starts_with(type, %(tracks)s)")
    yield from known_to(rights)


def _when(search: Search) -> Iterator[Composable]:
    yield SQL("true")
    if search.since is not None:
        yield SQL("appended_at >= %(since)s")
    if search.until is not None:
        yield SQL("appended_at < %(until)s")
    if search.after is not None:
        yield _AFTER.format(SQL("<" if search.newest_first else ">"))


def _seen(rights: Rights) -> Iterator[Composable]:
    """A record that is no event may have stood among tracks."""
    if not rights.tracks:
        yield _NOT_OF_TRACKS


def _may_be_undecodable(search: Search, rights: Rights) -> bool:
    """A record that nobody could read has no unit and nothing else to search by."""
    filters = (search.type, search.site, search.unit, search.alert)
    ids = (search.device, search.actor, search.id)
    return (
        rights.sees_unitless
        and search.status in {None, "undecodable"}
        and all(wanted is None for wanted in (*filters, *ids))
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (psycopg.Error, DBAPIError, PoolTimeout) as error:
        raise Unavailable(f"the database could not do it now: {type(error).__name__}") from error
