"""A share of the archive against what was sealed of it: what each of the walkers does alone."""

import os
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple, Protocol, TypeVar

from services.archive.domain import index
from services.archive.domain.acts import is_one_month
from services.archive.domain.announced import announced
from services.archive.domain.balance import Balance, Bucket, Row
from services.archive.domain.finding import Finding
from services.archive.domain.kept import is_aside
from services.archive.domain.known import Said, Saying
from services.archive.domain.leaves import place, record_leaf
from services.archive.domain.stored import Erased, Record, Retired, Seal
from services.archive.domain.walk import Chain, Leaf, Walk
from services.archive.ports import Snapshot
from shared.topics import AUDIT

Count = tuple[int, str, int]
"""Of a topic's records, by status, how many there are."""
Step = Callable[[int], None]
"""Told of so many more rows that were read."""


class _HasDate(Protocol):
    @property
    def appended_at(self) -> datetime: ...


_Dated = TypeVar("_Dated", bound=_HasDate)
_topic_and_status = attrgetter("topic", "status")


class ErasedGroup(NamedTuple):
    """Records that were erased for one reason at one time; `first` is the topic, partition and
    offset of the first of them."""

    reason: str
    authority: str
    data_class: str
    erased_at: datetime
    records: int
    first: tuple[str, int, int]

    @property
    def where(self) -> str:
        """The first one's name."""
        return "/".join(map(str, self.first))


class Part(NamedTuple):
    """What a walk over a share gives: `uneven` are the buckets in which records and the rows that
    stand for them differ, `seals` the checkpoints that records tell of, `sayings` what they say of
    who may know."""

    findings: Sequence[Finding]
    uneven: Sequence[Bucket]
    chains: Sequence[Chain]
    records: int
    unprovable: int
    counts: Sequence[Count]
    erased: Sequence[ErasedGroup]
    seals: Sequence[Seal]
    sayings: Sequence[Saying]


class Rows:
    """What records and the rows of other tables say, in pieces; without what was dropped with its
    month."""

    def __init__(self, snapshot: Snapshot, retired: Sequence[Retired]) -> None:
        self._snapshot = snapshot
        self._retired = retired

    async def of_records(self, bucket: Bucket | None = None) -> AsyncIterator[list[Row]]:
        """What the other tables say of records, the erasures apart."""
        for table in index.NARROW_TABLES:
            async for rows in self._snapshot.narrow(table, bucket):
                yield [index.of_narrow(table, row) for row in self._kept(rows)]
        async for undecoded in self._snapshot.undecodable(bucket):
            yield [index.of_undecodable(row) for row in self._kept(undecoded)]

    async def erased(self, bucket: Bucket | None = None) -> AsyncIterator[list[Erased]]:
        """The erasures, each of which says something of a record and of its other row."""
        async for erased in self._snapshot.erased(bucket):
            yield list(self._kept(erased))

    def _kept(self, rows: Iterable[_Dated]) -> Iterator[_Dated]:
        if not self._retired:
            return iter(rows)
        return (
            row
            for row in rows
            if not any(span.start <= row.appended_at < span.end for span in self._retired)
        )


async def walk(snapshot: Snapshot, step: Step = lambda rows: None) -> Part:
    """Walks everything that the snapshot shows; raises what it raises."""
    retired = [each for each in await snapshot.retired() if is_one_month(each)]
    return await _Walker(snapshot, await snapshot.names(), retired).run(step)


class _Walker:
    def __init__(
        self, snapshot: Snapshot, names: dict[int, str], retired: Sequence[Retired]
    ) -> None:
        self._snapshot = snapshot
        self._rows = Rows(snapshot, retired)
        self._walk = Walk(names, retired)
        self._aside = {number for number, name in names.items() if is_aside(name)}
        self._audit = {number for number, name in names.items() if name.endswith(AUDIT.name)}
        self._seals: list[Seal] = []
        self._said = Said()
        self._balance = Balance(os.urandom(32))
        self._counts: Counter[tuple[int, str]] = Counter()
        self._erased: dict[tuple[str, str, str, datetime], list[tuple[str, int, int]]] = {}

    async def run(self, step: Step) -> Part:
        async for links in self._snapshot.links():
            for link in links:
                self._walk.link(link)
        records = await self._records(step)
        await self._other_rows(step)
        self._walk.finish()
        return Part(
            findings=self._walk.findings,
            uneven=self._balance.uneven(),
            chains=self._walk.chains(),
            records=records,
            unprovable=self._walk.unprovable,
            counts=[(*what, number) for what, number in self._counts.items()],
            erased=list(self._groups()),
            seals=self._seals,
            sayings=self._said.sayings(),
        )

    async def _records(self, step: Step) -> int:
        records = 0
        async for chunk in self._snapshot.records():
            self._leaves(chunk)
            self._balance.add(map(self._claim, chunk))
            self._counts.update(map(_topic_and_status, self._provable(chunk)))
            self._seals += filter(None, map(announced, self._audits(chunk)))
            records += len(chunk)
            step(len(chunk))
        return records

    def _claim(self, record: Record) -> Row:
        aside = record.topic in self._aside
        event, told = index.read(record, aside=aside)
        if told is not None:
            self._said.add(record, told)
        return index.of_record(record, event, aside=aside)

    def _audits(self, records: Sequence[Record]) -> Iterator[bytes | None]:
        return (each.value for each in records if each.topic in self._audit)

    def _provable(self, records: Sequence[Record]) -> Iterable[Record]:
        """Those of segments that no retired month touches, which alone count theirs."""
        if not self._walk.unprovable:
            return records
        return (
            each for each in records if self._walk.proves(each.topic, each.partition, each.offset)
        )

    async def _other_rows(self, step: Step) -> None:
        async for rows in self._rows.of_records():
            self._balance.take(rows)
            step(len(rows))
        async for erased in self._rows.erased():
            self._list(erased)
            self._balance.take(map(index.of_erased_record, erased))
            self._balance.add(index.of_erased_row(each) for each in erased if each.kept is not None)

    def _leaves(self, records: Sequence[Record]) -> None:
        parts: dict[tuple[int, int], tuple[bytes | None, list[Leaf]]] = {}
        for record in records:
            where = (record.topic, record.partition)
            if where not in parts:
                parts[where] = (self._place(*where), [])
            named, leaves = parts[where]
            leaves.append((record.offset, _leaf(record, named), record.appended_at))
        for where, (_, leaves) in parts.items():
            leaves.sort()
            self._walk.leaves(*where, leaves)

    def _place(self, topic: int, partition: int) -> bytes | None:
        try:
            return place(self._walk.name_of(topic), partition)
        except struct.error:  # a number that no partition ever had
            return None

    def _list(self, erased: Iterable[Erased]) -> None:
        for each in erased:
            group = (each.reason, each.authority, each.data_class, each.erased_at)
            where = (self._walk.name_of(each.topic), each.partition, each.offset)
            self._erased.setdefault(group, []).append(where)

    def _groups(self) -> Iterator[ErasedGroup]:
        for what, places in self._erased.items():
            yield ErasedGroup(*what, len(places), min(places))


def _leaf(record: Record, named: bytes | None) -> bytes:
    if record.salt is None:
        return record.leaf or b""
    try:
        return b"" if named is None else record_leaf(record.salt, named, record)
    except struct.error:  # a number that no record ever had
        return b""
