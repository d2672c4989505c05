"""Searches in PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    Table,
    Text,
    and_,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters import tables
from services.archive.adapters.tables import Id, Moment
from services.archive.domain.search import TRACKS, Place, Rights, Search
from services.archive.ports import Found, Page, Totals, Unavailable
from shared.topics import POSITION

PAGE_BYTES = 16 * 1_048_576
"""A page ends early once its records hold this much, but never before its first record."""

_NARROW: dict[str, Table] = {
    "event": tables.event,
    "duplicate": tables.duplicate,
    "conflict": tables.conflict,
    "aside": tables.aside,
}
_PLACE = ("appended_at", "topic", "partition", "offset")


class PostgresReader:
    """`Reader` on a migrated schema; `prefix` is taken off the topics' names."""

    def __init__(self, engine: AsyncEngine, *, prefix: str) -> None:
        self._engine = engine
        self._prefix = prefix

    async def page(self, search: Search, rights: Rights) -> Page:
        """See `Reader`."""
        rows = await self._rows(page_statement(search, rights))
        return Page([self._found(row) for row in rows], bool(rows) and rows[0].total > len(rows))

    async def totals(self) -> dict[str, Totals]:
        """See `Reader`."""
        columns = tables.segment.c
        counts = [func.coalesce(func.sum(columns[name]), 0).label(name) for name in Totals._fields]
        rows = await self._rows(
            select(tables.topic.c.name, *counts)
            .join_from(tables.topic, tables.segment, isouter=True)
            .group_by(tables.topic.c.name)
            .order_by(tables.topic.c.name)
        )
        return {row.name.removeprefix(self._prefix): Totals(*map(int, row[1:])) for row in rows}

    async def _rows(self, statement: Select[Any]) -> Sequence[Any]:
        with _translated():
            async with self._engine.connect() as connection:
                rows: Sequence[Any] = (await connection.execute(statement)).all()
                return rows

    def _found(self, row: Any) -> Found:
        return Found(
            status=row.status,
            place=Place(row.appended_at, row.topic, row.partition, row.offset),
            topic=row.name.removeprefix(self._prefix),
            id=row.id,
            type=row.type,
            site=row.site,
            unit=row.unit,
            time=row.time,
            received_at=row.received_at,
            reason=row.reason,
            value=row.value,
        )


def page_statement(search: Search, rights: Rights) -> Select[Any]:
    """The page with the records' bytes; `total` tells whether there was more."""
    places = _places(search, rights)
    record = tables.record
    order = [places.c[name] for name in _PLACE]
    size = func.coalesce(func.octet_length(record.c.value), 0)
    numbered = (
        select(
            places,
            tables.topic.c.name,
            record.c.value,
            func.row_number().over(order_by=order).label("number"),
            func.count().over().label("total"),
            func.sum(size).over(order_by=order, rows=(None, -1)).label("before"),
        )
        .join_from(places, tables.topic, tables.topic.c.id == places.c.topic)
        .outerjoin(record, and_(*(record.c[name] == places.c[name] for name in _PLACE)))
        .subquery()
    )
    return (
        select(numbered)
        .where(
            numbered.c.number <= search.limit,
            func.coalesce(numbered.c.before, 0) < PAGE_BYTES,
        )
        .order_by(numbered.c.number)
    )


def _places(search: Search, rights: Rights) -> Subquery:
    """The places of the next `limit` records and one more, out of all tables that may have some.

    Each table is ordered and cut by itself, so that its own index does it.
    """
    branches = [
        _narrow(status, table, search, rights)
        for status, table in _NARROW.items()
        if search.status in {None, status}
    ]
    if _may_be_undecodable(search, rights):
        branches.append(_undecodable(search, rights))
    if not branches:
        branches.append(_undecodable(search, rights).where(literal(False)))
    cut = [
        branch.order_by(*(branch.selected_columns[name] for name in _PLACE))
        .limit(search.limit + 1)
        .subquery()
        for branch in branches
    ]
    merged = union_all(*(select(branch) for branch in cut)).subquery()
    return (
        select(merged)
        .order_by(*(merged.c[name] for name in _PLACE))
        .limit(search.limit + 1)
        .subquery()
    )


def _narrow(status: str, table: Table, search: Search, rights: Rights) -> Select[Any]:
    columns = table.c
    return select(
        literal(status).label("status"),
        *(columns[name] for name in _PLACE),
        columns.id,
        columns.type,
        columns.site,
        columns.unit,
        columns.time,
        columns.received_at,
        cast(null(), Text).label("reason"),
    ).where(*_conditions(table, search, rights))


def _conditions(table: Table, search: Search, rights: Rights) -> Iterator[ColumnElement[bool]]:
    columns = table.c
    yield from _when(table, search)
    if rights.within:
        within = _below(columns.unit, rights.within)
        yield or_(within, columns.unit.is_(None)) if rights.sees_unitless else within
    for name in ("site", "alert", "device", "actor", "id"):
        wanted = getattr(search, name)
        if wanted is not None:
            yield columns[name] == wanted
    if search.unit is not None:
        yield _below(columns.unit, search.unit)
    if search.type is not None:
        is_prefix = search.type.endswith(".")
        yield (
            columns.type.startswith(search.type, autoescape=True)
            if is_prefix
            else columns.type == search.type
        )
    if not rights.tracks:
        yield columns.type.not_like(f"{TRACKS}%")


def _when(table: Table, search: Search) -> Iterator[ColumnElement[bool]]:
    appended_at = table.c.appended_at
    if search.since is not None:
        yield appended_at >= search.since
    if search.until is not None:
        yield appended_at < search.until
    if search.after is not None:
        place = tuple_(*(table.c[name] for name in _PLACE))
        yield place > tuple_(*search.after)


def _below(unit: ColumnElement[str | None], root: str) -> ColumnElement[bool]:
    return or_(unit == root, unit.startswith(f"{root}/", autoescape=True))


def _may_be_undecodable(search: Search, rights: Rights) -> bool:
    """A record that nobody could read has no unit and nothing else to search by."""
    filters = (search.type, search.site, search.unit, search.alert)
    ids = (search.device, search.actor, search.id)
    return (
        rights.sees_unitless
        and search.status in {None, "undecodable"}
        and all(wanted is None for wanted in (*filters, *ids))
    )


def _undecodable(search: Search, rights: Rights) -> Select[Any]:
    columns = tables.undecodable.c
    nothing = cast(null(), Text)
    statement = select(
        literal("undecodable").label("status"),
        *(columns[name] for name in _PLACE),
        cast(null(), Id).label("id"),
        nothing.label("type"),
        nothing.label("site"),
        nothing.label("unit"),
        cast(null(), Moment).label("time"),
        cast(null(), Moment).label("received_at"),
        columns.reason,
    ).where(*_when(tables.undecodable, search))
    if rights.tracks:
        return statement
    tracks = select(tables.topic.c.id).where(tables.topic.c.name.endswith(POSITION.name))
    return statement.where(columns.topic.not_in(tracks))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        raise Unavailable(f"the database could not do it now: {type(error).__name__}") from error
