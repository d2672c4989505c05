"""The whole archive against what was sealed of it."""

import os
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from services.archive.domain import index
from services.archive.domain.balance import Balance, Bucket, Row
from services.archive.domain.finding import Finding, sharpened
from services.archive.domain.leaves import place, record_leaf
from services.archive.domain.log_walk import LogWalk
from services.archive.domain.note import Key
from services.archive.domain.stored import Erased, Record, Retired
from services.archive.domain.walk import Leaf, Walk
from services.archive.ports import Snapshot

BUCKETS_LOOKED_INTO = 50
"""In how many places rows that differ are named one by one."""

Progress = Callable[[int, int], None]
"""Records checked, records there should be."""


class _HasDate(Protocol):
    @property
    def appended_at(self) -> datetime: ...


_Dated = TypeVar("_Dated", bound=_HasDate)


class ErasedGroup(NamedTuple):
    """Records that were erased for one reason at one time."""

    reason: str
    authority: str
    data_class: str
    erased_at: datetime
    records: int
    first: str


class Verdict(NamedTuple):
    """What a verification found. `checkpoint` is the size of the newest one."""

    findings: Sequence[Finding]
    records: int
    segments: int
    sealed: int
    unsealed: int
    unprovable: int
    checkpoint: int | None
    checkpoints: int
    elsewhere: int
    signatures: bool
    erased: Sequence[ErasedGroup]
    retired: Sequence[Retired]


async def verify(
    snapshot: Snapshot,
    *,
    elsewhere: Sequence[str] = (),
    keys: Sequence[Key] = (),
    progress: Progress = lambda done, total: None,
) -> Verdict:
    """Checks everything there is; `elsewhere` are notes of checkpoints kept elsewhere.

    Signatures are checked where there are keys. Raises what the snapshot raises.
    """
    return await _Check(snapshot, await snapshot.names(), await snapshot.retired()).run(
        elsewhere, keys, progress
    )


class _Check:
    def __init__(
        self, snapshot: Snapshot, names: dict[int, str], retired: Sequence[Retired]
    ) -> None:
        self._snapshot = snapshot
        self._names = names
        self._retired = retired
        self._walk = Walk(names, retired)
        self._balance = Balance(os.urandom(32))
        self._findings: list[Finding] = []
        self._counts: Counter[tuple[int, str]] = Counter()
        self._erased: dict[tuple[str, str, str, datetime], list[Any]] = {}

    async def run(
        self, elsewhere: Sequence[str], keys: Sequence[Key], progress: Progress
    ) -> Verdict:
        async for links in self._snapshot.links():
            for link in links:
                self._walk.link(link)
        records = await self._rows(progress)
        self._walk.finish()
        await self._judge_rows()
        log, seals = await self._log(elsewhere, keys)
        findings = [*self._walk.findings, *self._findings, *log.findings]
        return Verdict(
            findings=sharpened(findings),
            records=records,
            segments=self._walk.segments,
            sealed=log.size,
            unsealed=log.unsealed,
            unprovable=self._walk.unprovable,
            checkpoint=max(seals, default=None),
            checkpoints=len(seals),
            elsewhere=len(elsewhere),
            signatures=bool(keys),
            erased=[ErasedGroup(*what, *rest) for what, rest in self._erased.items()],
            retired=self._retired,
        )

    async def _rows(self, progress: Progress) -> int:
        """Every record, and every row that stands for one."""
        records, done, total = 0, 0, 2 * await self._snapshot.size()
        async for chunk in self._snapshot.records():
            self._leaves(chunk)
            self._balance.add(map(index.of_record, chunk))
            self._counts.update((record.topic, record.status) for record in chunk)
            records += len(chunk)
            progress(records, total)
        async for rows in self._said_of_narrow_rows():
            self._balance.add(rows)
        done = records
        async for rows in self._said_of_records():
            self._balance.take(rows)
            done += len(rows)
            progress(done, total)
        return records

    def _leaves(self, records: Sequence[Record]) -> None:
        parts: dict[tuple[int, int], list[Leaf]] = {}
        for record in records:
            where = (record.topic, record.partition)
            leaf = (record.offset, self._leaf(record), record.appended_at)
            parts.setdefault(where, []).append(leaf)
        for where, leaves in parts.items():
            leaves.sort()
            self._walk.leaves(*where, leaves)

    def _leaf(self, record: Record) -> bytes:
        if record.salt is None:
            return record.leaf or b""
        name = self._walk.name_of(record.topic)
        try:
            return record_leaf(record.salt, place(name, record.partition), record)
        except struct.error:  # a number that no record ever had
            return b""

    async def _said_of_records(self, bucket: Bucket | None = None) -> AsyncIterator[list[Row]]:
        """What the other tables say of records."""
        for table in index.NARROW_TABLES:
            async for rows in self._snapshot.narrow(table, bucket):
                yield [index.of_narrow(table, row) for row in self._kept(rows)]
        async for undecoded in self._snapshot.undecodable(bucket):
            yield [index.of_undecodable(row) for row in self._kept(undecoded)]
        async for erased in self._snapshot.erased(bucket):
            kept = list(self._kept(erased))
            if bucket is None:
                self._list(kept)
            yield [index.of_erased_record(row) for row in kept]

    async def _said_of_narrow_rows(self, bucket: Bucket | None = None) -> AsyncIterator[list[Row]]:
        """What erasures say of the rows that they blanked."""
        async for erased in self._snapshot.erased(bucket):
            yield [index.of_erased_row(row) for row in self._kept(erased) if row.kept is not None]

    def _kept(self, rows: Iterable[_Dated]) -> Iterator[_Dated]:
        """Without the rows whose records were dropped with their month."""
        if not self._retired:
            return iter(rows)
        return (
            row
            for row in rows
            if not any(span.start <= row.appended_at < span.end for span in self._retired)
        )

    def _list(self, erased: Iterable[Erased]) -> None:
        for each in erased:
            group = (each.reason, each.authority, each.data_class, each.erased_at)
            where = f"{self._walk.name_of(each.topic)}/{each.partition}/{each.offset}"
            self._erased.setdefault(group, [0, where])[0] += 1

    async def _judge_rows(self) -> None:
        async for repeats in self._snapshot.unlike():
            for table, topic, partition, offset in repeats:
                what = f"is kept as a {table}, and its event is not as that says"
                self._find(what, topic, partition, offset)
        for bucket in self._balance.uneven()[:BUCKETS_LOOKED_INTO]:
            await self._look_into(bucket)
        if not self._retired:
            await self._count()

    async def _look_into(self, bucket: Bucket) -> None:
        claimed: dict[int, list[Any]] = {}
        async for chunk in self._snapshot.records(bucket):
            for *_, offset, said in map(index.of_record, chunk):
                claimed.setdefault(offset, []).append(said)
        async for rows in self._said_of_narrow_rows(bucket):
            for *_, offset, said in rows:
                claimed.setdefault(offset, []).append(said)
        answered: dict[int, list[Any]] = {}
        async for rows in self._said_of_records(bucket):
            for *_, offset, said in rows:
                answered.setdefault(offset, []).append(said)
        for offset in sorted(claimed.keys() | answered.keys()):
            what = index.disagreement(claimed.get(offset, []), answered.get(offset, []))
            if what:
                self._find(what, bucket.topic, bucket.partition, offset)

    async def _count(self) -> None:
        for topic, counts in (await self._snapshot.counts()).items():
            for status, count in counts.items():
                found = self._counts[topic, status]
                if found != count:
                    what = f"its segments count {count} of status {status}, and there are {found}"
                    self._findings.append(Finding("segment", what, self._walk.name_of(topic)))

    def _find(self, what: str, topic: int, partition: int, offset: int) -> None:
        name = self._walk.name_of(topic)
        self._findings.append(Finding("index", what, name, partition, offset))

    async def _log(
        self, elsewhere: Sequence[str], keys: Sequence[Key]
    ) -> tuple[LogWalk, list[int]]:
        log = LogWalk(self._walk)
        async for entries in self._snapshot.log():
            log.entries(entries)
        log.close()
        log.nodes([node async for nodes in self._snapshot.nodes() for node in nodes])
        sizes = []
        async for seals in self._snapshot.seals():
            for seal in seals:
                log.seal(seal, keys)
                sizes.append(seal.size)
        for note in elsewhere:
            log.elsewhere(note, keys)
        return log, sizes
