"""An archive made of an export of everything: the same rows, the same proofs, the same answers."""

import json
import uuid
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

from psycopg import AsyncConnection, AsyncCursor
from psycopg.sql import SQL
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.copying import (
    LOG,
    LOG_NODES,
    NARROW,
    UNDECODABLE,
    WHOLE_RECORDS,
    copy,
)
from services.archive.adapters.evidence import verifier
from services.archive.adapters.knowing import keep_told
from services.archive.adapters.months import make_months
from services.archive.adapters.transactions import transaction, translated
from services.archive.domain import lines, tree
from services.archive.domain.classify import event_row
from services.archive.domain.index import COUNTED, ERASED, NARROW_TABLES, REFUSED, digest
from services.archive.domain.knowing import Told, bare, of_itself, told_by
from services.archive.domain.storable import storable
from services.archive.domain.stored import Entry, Link, Narrow, Record, Retired
from shared.events.registry import Undecodable, decode_envelope

ROWS = 5_000

_SEGMENT = SQL(
    "INSERT INTO archive.segment (topic, partition, first_offset, next_offset, appended_at,"
    " earliest, latest, committed_at, records, events, duplicates, conflicts, aside, undecodable,"
    " root, previous) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_SEAL = SQL(
    "INSERT INTO archive.checkpoint (size, root, note, sealed_at, reason)"
    " VALUES (%s, %s, %s, %s, %s)"
)
_ACT = SQL(
    "INSERT INTO archive.erasure_act (id, reason, authority, class, actor, erased_at)"
    " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
_ERASURE = SQL(
    'INSERT INTO archive.erasure (topic, partition, "offset", appended_at, event_id, status, leaf,'
    " kept, act) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_RETIRED = SQL(
    "INSERT INTO archive.retired (month, until, records, reason, authority, retired_at, actor)"
    " VALUES (%s, %s, 0, %s, %s, %s, %s)"
)

_HOLD = SQL(
    "INSERT INTO archive.hold (id, event_id, alert, site, since, until, reason, authority, actor,"
    " placed_at, lifted_at, lifted_by) VALUES (%(id)s, %(event_id)s, %(alert)s, %(site)s,"
    " %(since)s, %(until)s, %(reason)s, %(authority)s, %(actor)s, %(placed_at)s, %(lifted_at)s,"
    " %(lifted_by)s)"
)


class NotEmpty(Exception):
    """The database holds records already."""


class NotWhole(Exception):
    """The file is no export of everything, or not as it was sealed."""


class Restored(NamedTuple):
    """How much there is now."""

    records: int
    segments: int
    sealed: int


async def restore(file: Path, engine: AsyncEngine, now: datetime) -> Restored:
    """Fills a migrated database that holds nothing, as the tables' owner, all or nothing.

    The file is checked first. Raises `NotWhole`, `NotEmpty`, `verifier.Unreadable`, `Unavailable`.
    """
    checked = verifier.check(file)
    if not checked.whole:
        raise NotWhole("this is a part: only an export of everything can become an archive")
    if checked.findings:
        where, what = checked.findings[0]
        raise NotWhole(f"{where}: {what}")
    with ZipFile(file) as archive, translated():
        export = _Export(archive)
        months = {(link.earliest.year, link.earliest.month): link.earliest for link in export.links}
        for moment in (*months.values(), now):
            await make_months(engine, moment)
        async with transaction(engine) as connection:
            return await _Restoring(connection, export).run()


class _Export:
    """What the lines of a file say."""

    def __init__(self, archive: ZipFile) -> None:
        self._zip = archive
        self.manifest = json.loads(archive.read("manifest.json"))
        self.topics = {each["name"]: each["number"] for each in self.manifest["topics"]}
        self.retired = [
            Retired(
                lines.moment_of(each["from"]),
                lines.moment_of(each["to"]),
                each["reason"],
                each["authority"],
                lines.moment_of(each["retired_at"]),
                each.get("actor", "export"),
            )
            for each in self.manifest["retired"]
        ]
        self.links = [lines.link_of(each, self._topic(each)) for each in self._lines("segments")]
        self.erasures = {
            (self._topic(each), each["partition"], each["offset"]): each
            for each in self._lines("erasures")
        }

    def records(self) -> Iterator[list[Record]]:
        """Records in pieces."""
        found = (lines.record_of(each, self._topic(each)) for each in self._lines("records"))
        while chunk := list(islice(found, ROWS)):
            yield chunk

    def log(self) -> list[Entry]:
        """The log in order."""
        return [lines.entry_of(each, self._topic(each)) for each in self._lines("log")]

    def rows(self) -> Iterator[list[dict[str, Any]]]:
        """Rows whose records were dropped, in pieces."""
        found = self._lines("rows")
        while chunk := list(islice(found, ROWS)):
            yield [each | {"topic": self._topic(each)} for each in chunk]

    def holds(self) -> Iterator[dict[str, Any]]:
        """Every hold."""
        return self._lines("holds")

    def seals(self) -> Iterator[dict[str, Any]]:
        """Checkpoints."""
        return self._lines("checkpoints")

    def _topic(self, line: dict[str, Any]) -> int:
        return int(self.topics[line["topic"]])

    def _lines(self, name: str) -> Iterator[dict[str, Any]]:
        # An older export has neither rows nor holds.
        if f"{name}.ndjson" not in self._zip.namelist():
            return
        with self._zip.open(f"{name}.ndjson") as stream:
            for line in stream:
                yield json.loads(line)


class _Restoring:
    def __init__(self, connection: AsyncConnection[Any], export: _Export) -> None:
        self._cursor: AsyncCursor[Any] = connection.cursor()
        self._export = export
        self._met: set[tuple[int, int, int]] = set()
        self._counts: dict[tuple[int, int, int], Counter[str]] = defaultdict(Counter)
        ends: dict[tuple[int, int], list[int]] = defaultdict(list)
        for link in export.links:
            ends[link.topic, link.segment.partition].append(link.segment.next_offset)
        self._ends = {where: sorted(found) for where, found in ends.items()}

    async def run(self) -> Restored:
        await self._cursor.execute("SET LOCAL statement_timeout = 0")
        await self._cursor.execute("LOCK TABLE archive.segment IN EXCLUSIVE MODE")
        await self._cursor.execute("SELECT EXISTS (SELECT FROM archive.segment)")
        if (await self._cursor.fetchone() or (True,))[0]:
            raise NotEmpty("this archive holds records already; a file fills an empty one only")
        await self._topics()
        records = 0
        for chunk in self._export.records():
            await self._records(chunk)
            records += len(chunk)
        for rows in self._export.rows():
            await self._rows(rows)
        await self._cursor.executemany(_HOLD, self._export.holds())
        await self._cursor.executemany(_SEGMENT, map(self._segment, self._export.links))
        await self._retired()
        return Restored(records, len(self._export.links), await self._log())

    async def _topics(self) -> None:
        await self._cursor.execute("DELETE FROM archive.topic")
        await self._cursor.executemany(
            "INSERT INTO archive.topic (name, id) VALUES (%s, %s)", self._export.topics.items()
        )

    async def _records(self, records: list[Record]) -> None:
        await copy(self._cursor, WHOLE_RECORDS, records)
        narrow: dict[str, list[Narrow]] = {table: [] for table in NARROW_TABLES}
        undecodable, erased, told = [], [], []
        for record in records:
            place = (record.topic, record.partition, record.offset)
            self._count(*place, record.status)
            if any(span.covers(record.appended_at) for span in self._export.retired):
                self._met.add(place)
            line = self._export.erasures.get(place)
            if record.status == "undecodable":
                reason = _reason(record.value) if line is None else ERASED
                undecodable.append((record.appended_at, *place[::-1], reason))
                if line is not None:
                    erased.append((record, line, b""))
                continue
            row = _narrow(record) if line is None else lines.left_of(line, record)
            narrow[record.status].append(row)
            told.append(_told(record, row))
            if line is not None:
                erased.append((record, line, digest(row)))
        await self._narrow(narrow, undecodable, told)
        await self._erased(erased)

    async def _narrow(
        self,
        narrow: dict[str, list[Narrow]],
        undecodable: list[tuple[Any, ...]],
        told: list[Told | None],
    ) -> None:
        for table, rows in narrow.items():
            await copy(self._cursor, NARROW[table], rows)
        await copy(self._cursor, UNDECODABLE, undecodable)
        await keep_told(self._cursor, [each for each in told if each is not None])

    async def _erased(self, erased: list[tuple[Record, dict[str, Any], bytes]]) -> None:
        names = ("act", "reason", "authority", "class", "actor", "erased_at")
        acts = {line["act"]: [line[name] for name in names] for _, line, _ in erased}
        await self._cursor.executemany(_ACT, acts.values())
        await self._cursor.executemany(
            _ERASURE,
            [
                (
                    *(record.topic, record.partition, record.offset, record.appended_at),
                    record.event_id and uuid.UUID(bytes=record.event_id),
                    *(record.status, record.leaf, kept, line["act"]),
                )
                for record, line, kept in erased
            ],
        )

    async def _retired(self) -> None:
        await self._cursor.executemany(_RETIRED, self._export.retired)

    async def _log(self) -> int:
        entries = self._export.log()
        await copy(self._cursor, LOG, entries)
        nodes = tree.appended(0, {}, [entry.leaf for entry in entries])
        await copy(self._cursor, LOG_NODES, [(*node, found) for node, found in nodes.items()])
        for seal in self._export.seals():
            values = (seal["size"], bytes.fromhex(seal["root"]), seal["note"], seal["sealed_at"])
            await self._cursor.execute(_SEAL, (*values, seal["reason"]))
        return len(entries)

    async def _rows(self, found: list[dict[str, Any]]) -> None:
        """What is left of records that were dropped with their month, where they really were."""
        rows: dict[str, list[Narrow]] = {table: [] for table in NARROW_TABLES}
        undecodable = []
        for line in found:
            if _place(line) in self._met:
                continue
            self._count(*_place(line), line["table"])
            if line["table"] == "undecodable":
                moment = lines.moment_of(line["appended_at"])
                undecodable.append((moment, *_place(line)[::-1], line["reason"]))
            else:
                rows[line["table"]].append(lines.row_of(line, line["topic"]))
        told = [bare(row.type, row.id, row.unit) for each in rows.values() for row in each]
        await self._narrow(rows, undecodable, told)

    def _count(self, topic: int, partition: int, offset: int, status: str) -> None:
        ends = self._ends[topic, partition]
        self._counts[topic, partition, ends[bisect_right(ends, offset)]][status] += 1

    def _segment(self, link: Link) -> tuple[Any, ...]:
        segment = link.segment
        counts = self._counts[link.topic, segment.partition, segment.next_offset]
        return (
            *(link.topic, segment.partition, segment.first_offset, segment.next_offset),
            *(link.last, link.earliest, link.latest, segment.committed_at, segment.records),
            *(counts[status] for status in COUNTED),
            *(segment.root, segment.previous),
        )


def _place(line: dict[str, Any]) -> tuple[int, int, int]:
    return line["topic"], line["partition"], line["offset"]


def _narrow(record: Record) -> Narrow:
    row = event_row(record.value)
    place = (record.appended_at, record.offset, record.partition, record.topic)
    return Narrow(*row, *place)


def _told(record: Record, row: Narrow) -> Told | None:
    if record.value is None:
        return bare(row.type, row.id, row.unit)
    told = told_by(decode_envelope(record.value))
    return of_itself(told, row.id) if told and record.status == "aside" else told


def _reason(value: bytes | None) -> str:
    try:
        event_row(value)
    except Undecodable as error:
        return storable(str(error))[:500]
    return REFUSED
