"""Erasing in PostgreSQL, by the tables' owner: bytes and salt go, the leaf stays.

Every act is one transaction of up to `RECORDS_AT_ONCE` records, and one at a time. The service
tells of acts afterwards, from these tables, so that a crash between the two loses nothing.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.sql import SQL, Composable, Identifier, Literal
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.again import ERASING_LOCK
from services.archive.adapters.transactions import transaction, translated
from services.archive.domain.index import ERASED, NARROW_TABLES, digest
from services.archive.domain.proof import leaf_of
from services.archive.domain.retention import AUTHORITY, Term
from services.archive.domain.stored import Narrow, Record
from shared.crash import crash_point
from shared.events.identity import new_id

RECORDS_AT_ONCE = 500
KEEPER = "archive-keeper"
LOCK = SQL("SELECT pg_advisory_xact_lock({}, 0)").format(ERASING_LOCK)
# An event of an alert under hold is held too, wherever it happened, and so is the alert's report.
_FITS = SQL(
    "(coalesce(hold.event_id = {0}.id, hold.event_id IS NULL)"
    " AND (hold.alert IS NULL OR coalesce(hold.alert = {0}.alert, false)"
    " OR EXISTS (SELECT FROM archive.part WHERE part.event = {0}.id AND part.alert = hold.alert))"
    " AND coalesce(hold.site = {0}.site, hold.site IS NULL)"
    " AND coalesce(hold.since <= {0}.appended_at, true)"
    " AND coalesce(hold.until > {0}.appended_at, true))"
)
# A photo is held with the reports that name it, a call for backup with the report that it follows.
COVERS = SQL(
    '({} OR EXISTS (SELECT FROM archive.belonging JOIN archive.event AS other ON other.id = "to"'
    " WHERE belonging.event = row.id AND {}))"
).format(_FITS.format(Identifier("row")), _FITS.format(Identifier("other")))
NOT_HELD = SQL("NOT EXISTS (SELECT FROM archive.hold WHERE lifted_at IS NULL AND {})").format(
    COVERS
)
_PICK = SQL(
    "SELECT uuid_send(id), type, site, unit, actor, device, time, received_at, uuid_send(alert),"
    ' hash, appended_at, "offset", partition, topic FROM archive.{table} AS row'
    " WHERE hash <> '' AND {wanted} AND {not_held} ORDER BY appended_at LIMIT {limit}"
)
# It has no id, no alert and no site that a hold could name, and a time that it can.
_PICK_UNREADABLE = SQL(
    'SELECT topic, partition, "offset", appended_at FROM (SELECT NULL::uuid AS id,'
    " NULL::uuid AS alert, NULL::text AS site, * FROM archive.undecodable) AS row"
    " WHERE reason <> {erased} AND {wanted} AND {not_held} ORDER BY appended_at LIMIT {limit}"
)
_PLACES = (
    "unnest(%s::timestamptz[], %s::smallint[], %s::int[], %s::bigint[])"
    ' AS place (appended_at, topic, partition, "offset")'
)
_RECORDS = SQL(
    'SELECT appended_at, "offset", key, value, headers, partition, topic, status::text,'
    " uuid_send(event_id), salt, leaf, name FROM archive.record JOIN {places}"
    ' USING (appended_at, topic, partition, "offset") JOIN archive.topic ON topic.id = topic'
)
_BLANK_RECORD = SQL(
    "UPDATE archive.record SET key = NULL, value = NULL, headers = NULL, salt = NULL, leaf = %s"
    ' WHERE appended_at = %s AND topic = %s AND partition = %s AND "offset" = %s'
)
_BLANK_ROW = SQL(
    "UPDATE archive.{} SET actor = NULL, device = NULL, hash = ''"
    ' WHERE id = %s AND topic = %s AND partition = %s AND "offset" = %s'
)
_BLANK_UNREADABLE = SQL(
    "UPDATE archive.undecodable SET reason = {}"
    ' WHERE topic = %s AND partition = %s AND "offset" = %s'
).format(Literal(ERASED))
_ACT = SQL(
    "INSERT INTO archive.erasure_act (id, reason, authority, class, actor, erased_at)"
    " VALUES (%s, %s, %s, %s, %s, %s)"
)
_ERASURE = SQL(
    'INSERT INTO archive.erasure (topic, partition, "offset", appended_at, event_id, status, leaf,'
    " kept, act) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_OF_TOPIC = SQL("topic IN (SELECT id FROM archive.topic WHERE right(name, {}) = {}) AND {}")
# An alert's event carries its reports' words, positions and persons.
_QUOTING = SQL(
    "SELECT DISTINCT quoting.id::text, quoting.type, quoting.alert::text FROM archive.part"
    " JOIN archive.event AS quoting ON quoting.alert = part.alert"
    ' JOIN archive.record USING (appended_at, topic, partition, "offset")'
    " WHERE part.event IN (SELECT id FROM archive.event WHERE {wanted}) AND hash <> ''"
    " AND position(convert_to(part.event::text, 'UTF8') IN record.value) > 0"
    " ORDER BY quoting.id::text"
)
_MARK = SQL("SELECT erased_up_to FROM archive.retention WHERE class = %s")
# What was stored since the mark, and appended before it, came too late for the rounds until then.
_LATE = SQL(
    "SELECT least(%(mark)s, min(earliest)) FROM archive.segment"
    " WHERE committed_at >= %(mark)s AND earliest < %(mark)s"
)
_PUT_MARK = SQL(
    "INSERT INTO archive.retention (class, erased_up_to) VALUES (%s, %s)"
    " ON CONFLICT (class) DO UPDATE SET erased_up_to = excluded.erased_up_to"
)


class Act(NamedTuple):
    """Why something is erased, on whose authority, by whose hand."""

    reason: str
    authority: str
    data_class: str
    actor: str


class _Picked(NamedTuple):
    """A row to blank, and the digest of what will be left of it."""

    place: tuple[int, int, int]
    appended_at: datetime
    event_id: uuid.UUID | None
    kept: bytes


class Quote(NamedTuple):
    """An alert's event that still shows what reports say."""

    event: str
    type: str
    alert: str


class PostgresErasure:
    """Erases as the tables' owner. Everything raises `Unavailable`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def event(self, event_id: str, act: Act, now: datetime) -> int:
        """Erases every record of an event that no hold keeps; how many."""
        return await self._all(_of_event(event_id), act, now)

    async def person(self, actor: str, before: datetime, act: Act, now: datetime) -> int:
        """Erases a person's events from before a moment that no hold keeps; how many."""
        return await self._all(_of_person(actor, before), act, now)

    async def quoting_event(self, event_id: str) -> Sequence[Quote]:
        """The alerts' events that show what an event says, also once it is erased."""
        return await self._quoting(_of_event(event_id))

    async def quoting_person(self, actor: str, before: datetime) -> Sequence[Quote]:
        """The same of a person's events, as long as these are not erased."""
        return await self._quoting(_of_person(actor, before))

    async def _quoting(self, wanted: Composable) -> list[Quote]:
        with translated():
            async with transaction(self._engine) as connection:
                cursor = await connection.execute(_QUOTING.format(wanted=wanted))
                return [Quote(*row) for row in await cursor.fetchall()]

    async def due(self, term: Term, now: datetime) -> int:
        """Erases what is kept longer than its term and not held; how many."""
        act = Act(term.reason, AUTHORITY, term.data_class, KEEPER)
        cutoff = term.cutoff(now)
        since = await self._since(term)
        when = SQL("appended_at < {} AND {}").format(Literal(cutoff), since)
        of_class = SQL("type LIKE {} AND {}").format(Literal(f"{term.prefix}%"), when)
        erased = await self._all(of_class, act, now)
        if term.topic is not None:
            wanted = _OF_TOPIC.format(len(term.topic), term.topic, when)
            erased += await self._table("undecodable", wanted, act, now)
        with translated():
            async with transaction(self._engine) as connection:
                await connection.execute(_PUT_MARK, (term.data_class, cutoff))
        return erased

    async def _since(self, term: Term) -> Composable:
        with translated():
            async with transaction(self._engine) as connection:
                cursor = await connection.execute(_MARK, (term.data_class,))
                row = await cursor.fetchone()
                if row is None:
                    return SQL("true")
                cursor = await connection.execute(_LATE, {"mark": row[0]})
                (late,) = await cursor.fetchone() or (None,)
        return SQL("appended_at >= {}").format(Literal(late))

    async def _all(self, wanted: Composable, act: Act, now: datetime) -> int:
        return sum([await self._table(table, wanted, act, now) for table in NARROW_TABLES])

    async def _table(self, table: str, wanted: Composable, act: Act, now: datetime) -> int:
        total, rest = 0, wanted
        while True:
            with translated():
                async with transaction(self._engine) as connection:
                    await connection.execute(LOCK)
                    picked = await _picked(connection, table, rest)
                    await _erase(connection, table, picked, act, now)
                    crash_point("archive.erasing")
            crash_point("archive.erased")
            total += len(picked)
            if len(picked) < RECORDS_AT_ONCE:
                return total
            # Or each act would pass over the rows of all that went before.
            last = Literal(picked[-1].appended_at)
            rest = SQL("{} AND appended_at >= {}").format(wanted, last)


def _of_event(event_id: str) -> Composable:
    return SQL("id = {}").format(Literal(uuid.UUID(event_id)))


def _of_person(actor: str, before: datetime) -> Composable:
    return SQL("actor = {} AND appended_at < {}").format(Literal(actor), Literal(before))


async def _picked(
    connection: AsyncConnection[Any], table: str, wanted: Composable
) -> list[_Picked]:
    """The next rows of a table, in the order of appending."""
    limits = {"wanted": wanted, "not_held": NOT_HELD, "limit": Literal(RECORDS_AT_ONCE)}
    if table == "undecodable":
        pick = _PICK_UNREADABLE.format(erased=Literal(ERASED), **limits)
        cursor = await connection.execute(pick)
        found = await cursor.fetchall()
        return [_Picked((*place,), moment, None, b"") for *place, moment in found]
    pick = _PICK.format(table=Identifier(table), **limits)
    cursor = await connection.execute(pick, binary=True)
    rows = [Narrow(*row) for row in await cursor.fetchall()]
    return [
        _Picked(_place(row), row.appended_at, uuid.UUID(bytes=row.id), _bare(row)) for row in rows
    ]


async def _erase(
    connection: AsyncConnection[Any],
    table: str,
    picked: Sequence[_Picked],
    act: Act,
    now: datetime,
) -> None:
    if not picked:
        return
    columns = list(
        map(list, zip(*((each.appended_at, *each.place) for each in picked), strict=True))
    )
    cursor = await connection.execute(_RECORDS.format(places=SQL(_PLACES)), columns, binary=True)
    records = [(Record(*row), name) for *row, name in await cursor.fetchall()]
    leaves = {_place(record): leaf_of(record, name) for record, name in records}
    act_id = new_id(now)
    await connection.execute(_ACT, (act_id, *act, now))
    writing = connection.cursor()
    await writing.executemany(
        _BLANK_RECORD,
        [(leaves[_place(record)], record.appended_at, *_place(record)) for record, _ in records],
    )
    if table == "undecodable":
        await writing.executemany(_BLANK_UNREADABLE, [each.place for each in picked])
    else:
        await writing.executemany(
            _BLANK_ROW.format(Identifier(table)),
            [(each.event_id, *each.place) for each in picked],
        )
    # What was dropped with its month is gone already.
    there = [each for each in picked if each.place in leaves]
    await writing.executemany(
        _ERASURE,
        [
            (
                *each.place,
                each.appended_at,
                each.event_id,
                table,
                leaves[each.place],
                each.kept,
                act_id,
            )
            for each in there
        ],
    )


def _bare(row: Narrow) -> bytes:
    return digest(row._replace(actor=None, device=None, hash=b""))


def _place(row: Record | Narrow) -> tuple[int, int, int]:
    return row.topic, row.partition, row.offset
