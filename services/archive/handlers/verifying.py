"""The whole archive against what was sealed of it."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple

from services.archive.domain import index
from services.archive.domain.acts import is_one_month
from services.archive.domain.announced import missed
from services.archive.domain.balance import Bucket
from services.archive.domain.finding import Finding, sharpened
from services.archive.domain.kept import is_aside
from services.archive.domain.known import Known
from services.archive.domain.log_walk import LogWalk
from services.archive.domain.note import Key
from services.archive.domain.retention import SAY_NOTHING
from services.archive.domain.stored import Retired
from services.archive.handlers.acting import Acting
from services.archive.handlers.walking import ErasedGroup, Part, Rows, Step, walk
from services.archive.ports import Snapshot

BUCKETS_LOOKED_INTO = 50
"""In how many places rows that differ are named one by one."""

Progress = Callable[[int, int], None]
"""Rows read, rows there should be."""
Walkers = Callable[[Snapshot, Step], Awaitable[Sequence[Part]]]
"""Walk over all that a snapshot shows, divided in whatever way."""


class Verdict(NamedTuple):
    """What a verification found. `checkpoint` is the size of the newest one, `untold` the number of
    erasures and retired months that no event of the record tells of yet."""

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
    untold: int


async def alone(snapshot: Snapshot, step: Step) -> Sequence[Part]:
    """`Walkers` without company."""
    return [await walk(snapshot, step)]


async def verify(
    snapshot: Snapshot,
    *,
    walkers: Walkers = alone,
    elsewhere: Sequence[str] = (),
    keys: Sequence[Key] = (),
    progress: Progress = lambda done, total: None,
) -> Verdict:
    """Checks everything there is; `elsewhere` are notes of checkpoints kept elsewhere.

    The verdict does not depend on how many walk. Signatures are checked where there are keys.
    Raises what the snapshot and the walkers raise.
    """
    names, spans = await snapshot.names(), await snapshot.retired()
    retired = [each for each in spans if is_one_month(each)]
    done, total = 0, 2 * await snapshot.size()

    def step(rows: int) -> None:
        nonlocal done
        done += rows
        progress(done, total)

    parts = await walkers(snapshot, step)
    check = _Check(snapshot, names, retired)
    await check.judge(parts)
    acting = Acting(snapshot, retired)
    await acting.check()
    log, seals = await check.log(parts, elsewhere, keys)
    strange = [_no_month(each) for each in spans if each not in retired]
    walked = [finding for part in parts for finding in part.findings]
    return Verdict(
        findings=sharpened([*walked, *strange, *check.findings, *acting.findings, *log.findings]),
        records=sum(part.records for part in parts),
        segments=log.segments,
        sealed=log.size,
        unsealed=log.unsealed,
        unprovable=sum(part.unprovable for part in parts),
        checkpoint=max(seals, default=None),
        checkpoints=len(seals),
        elsewhere=len(elsewhere),
        signatures=bool(keys),
        erased=_together(group for part in parts for group in part.erased),
        retired=retired,
        untold=acting.untold,
    )


class _Check:
    """What is left to do once all rows were walked."""

    def __init__(
        self, snapshot: Snapshot, names: dict[int, str], retired: Sequence[Retired]
    ) -> None:
        self._snapshot = snapshot
        self._names = names
        self._retired = retired
        self._rows = Rows(snapshot, retired)
        self.findings: list[Finding] = []

    async def judge(self, parts: Sequence[Part]) -> None:
        """Names the rows that differ."""
        async for repeats in self._snapshot.unlike():
            for table, topic, partition, offset in repeats:
                what = f"is kept as a {table}, and no event before it is as that says"
                self._find(what, topic, partition, offset)
        uneven = sorted(bucket for part in parts for bucket in part.uneven)
        for bucket in uneven[:BUCKETS_LOOKED_INTO]:
            await self._look_into(bucket)
        await self._count(parts)
        await self._know(parts)

    async def log(
        self, parts: Sequence[Part], elsewhere: Sequence[str], keys: Sequence[Key]
    ) -> tuple[LogWalk, list[int]]:
        """The log against the segments, and the sizes of the checkpoints that are kept here."""
        log = LogWalk([chain for part in parts for chain in part.chains], self._names)
        async for entries in self._snapshot.log():
            log.entries(entries)
        log.close()
        async for nodes in self._snapshot.nodes():
            log.nodes(nodes)
        log.end_nodes()
        seals = [seal async for seals in self._snapshot.seals() for seal in seals]
        for seal in seals:
            log.seal(seal, keys)
        for note in elsewhere:
            log.elsewhere(note, keys)
        self.findings += missed((seal for part in parts for seal in part.seals), seals)
        return log, [seal.size for seal in seals]

    async def _look_into(self, bucket: Bucket) -> None:
        claimed: dict[int, list[Any]] = {}
        answered: dict[int, list[Any]] = {}
        async for chunk in self._snapshot.records(bucket):
            aside = is_aside(self._name_of(bucket.topic))
            for record in chunk:
                event, _ = index.read(record, aside=aside)
                *_, offset, said = index.of_record(record, event, aside=aside)
                claimed.setdefault(offset, []).append(said)
        async for rows in self._rows.of_records(bucket):
            for *_, offset, said in rows:
                answered.setdefault(offset, []).append(said)
        async for erased in self._rows.erased(bucket):
            for each in erased:
                answered.setdefault(each.offset, []).append(index.of_erased_record(each)[3])
                if each.kept is not None:
                    claimed.setdefault(each.offset, []).append(index.of_erased_row(each)[3])
        for offset in sorted(claimed.keys() | answered.keys()):
            what = index.disagreement(claimed.get(offset, []), answered.get(offset, []))
            if what:
                self._find(what, bucket.topic, bucket.partition, offset)

    async def _know(self, parts: Sequence[Part]) -> None:
        known = Known(saying for part in parts for saying in part.sayings)
        async for rows in self._snapshot.known():
            known.rows(rows)
        may_have_said = any(
            group.data_class not in SAY_NOTHING for part in parts for group in part.erased
        )
        all_are_here = not (self._retired or may_have_said)
        self.findings += known.findings(self._names, all_are_here=all_are_here)

    async def _count(self, parts: Sequence[Part]) -> None:
        there: Counter[tuple[int, str]] = Counter()
        for part in parts:
            for topic, status, number in part.counts:
                there[topic, status] += number
        for topic, counts in (await self._snapshot.counts()).items():
            for status, count in counts.items():
                found = there[topic, status]
                if found != count:
                    what = f"its segments count {count} of status {status}, and there are {found}"
                    self.findings.append(Finding("segment", what, self._name_of(topic)))

    def _find(self, what: str, topic: int, partition: int, offset: int) -> None:
        self.findings.append(Finding("index", what, self._name_of(topic), partition, offset))

    def _name_of(self, topic: int) -> str:
        return self._names.get(topic, f"topic {topic}")


def _no_month(retired: Retired) -> Finding:
    what = f"is retired up to {retired.end.isoformat()}, which is not one month and excuses nothing"
    return Finding("erasure", what, f"from {retired.start.isoformat()} on")


def _together(groups: Iterable[ErasedGroup]) -> list[ErasedGroup]:
    """One group for each act, though several walkers met it; oldest first."""
    found: dict[Any, ErasedGroup] = {}
    for group in groups:
        act = group[:4]
        known = found.get(act, group._replace(records=0))
        first, records = min(known.first, group.first), known.records + group.records
        found[act] = group._replace(records=records, first=first)
    return sorted(found.values(), key=lambda each: (each.erased_at, each.first))
