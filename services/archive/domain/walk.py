"""Records against the roots of their segments, in whatever order the records come.

Segments come first, each partition's in order, and are chained. Then come leaves; those of a
segment are together in the end, and are forgotten once they give its root.
"""

import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple, TypeVar

from services.archive.domain.finding import Finding, Kind
from services.archive.domain.leaves import HASH_BYTES, NOTHING_BEFORE, segment_leaf
from services.archive.domain.merkle import root
from services.archive.domain.stored import Link, Retired

Leaf = tuple[int, bytes, datetime]
"""Of a record: its offset, its leaf, when it was appended."""


class Chain(NamedTuple):
    """A partition's segments in order, packed: where each ends (i64 as this machine has them), and
    the leaf of each (32 bytes)."""

    topic: int
    partition: int
    nexts: bytes
    leaves: bytes


_WHOLE, _PARTLY, _GONE = range(3)
_TWICE = "stands twice"
_Key = TypeVar("_Key")
_offset = itemgetter(0)


class Walk:
    """Collects findings; `names` are the topics' physical names by number."""

    def __init__(self, names: Mapping[int, str], retired: Sequence[Retired] = ()) -> None:
        self._names = names
        self._retired = retired
        self._partitions: dict[tuple[int, int], _Partition] = {}
        self._strange: dict[tuple[int, int], tuple[int, int]] = {}
        self.findings: list[Finding] = []
        self.segments = 0
        self.unprovable = 0
        """Segments of which a part was retired with its month."""

    def link(self, link: Link) -> None:
        """The next segment of its partition."""
        where = (link.topic, link.segment.partition)
        partition = self._partitions.get(where)
        if partition is None:
            partition = self._partitions[where] = _Partition(
                link.segment.topic, where[1], self.findings
            )
        state = _state(link, self._retired)
        self.unprovable += state == _PARTLY
        self.segments += 1
        partition.link(link, state)

    def leaves(self, topic: int, partition: int, leaves: Sequence[Leaf]) -> None:
        """Leaves of one partition, their offsets ascending."""
        known = self._partitions.get((topic, partition))
        if known is None:
            _widen(self._strange, (topic, partition), leaves)
        else:
            known.leaves(leaves)

    def proves(self, topic: int, partition: int, offset: int) -> bool:
        """Whether no month was retired of which the segment at this place has records."""
        known = self._partitions.get((topic, partition))
        return known is None or known.proves(offset)

    def finish(self) -> None:
        """Judges the segments whose leaves never gave their root, and what belongs to none."""
        for partition in self._partitions.values():
            partition.finish()
        for (topic, number), span in self._strange.items():
            self.findings.append(_extra(self.name_of(topic), number, span))

    def name_of(self, topic: int) -> str:
        """The topic's physical name."""
        return self._names.get(topic, f"topic {topic}")

    def chains(self) -> list[Chain]:
        """Every partition's segments."""
        return [Chain(*where, *each.packed()) for where, each in self._partitions.items()]


class _Partition:
    """One partition's segments, held small: there may be millions."""

    def __init__(self, topic: str, partition: int, findings: list[Finding]) -> None:
        self._topic = topic
        self._partition = partition
        self._findings = findings
        self._firsts = array("q")
        self._nexts = array("q")
        self._records = array("q")
        self._states = bytearray()
        self._roots = bytearray()
        self._leaves = bytearray()
        self._times: list[tuple[datetime, datetime, datetime] | None] = []
        self._open: dict[int, list[Leaf]] = {}
        self._extras: dict[tuple[int, bool], tuple[int, int]] = {}
        self._done = bytearray()

    def link(self, link: Link, state: int) -> None:
        segment = link.segment
        if segment.previous != (bytes(self._leaves[-HASH_BYTES:]) or NOTHING_BEFORE):
            self._find("segment", segment.first_offset, "does not follow the segment before it")
        if self._nexts and segment.first_offset < self._nexts[-1]:
            self._find("segment", segment.first_offset, "overlaps the segment before it")
        self._firsts.append(segment.first_offset)
        self._nexts.append(segment.next_offset)
        self._records.append(segment.records)
        self._states.append(state)
        self._done.append(state != _WHOLE)
        self._times.append((link.earliest, link.latest, link.last) if state == _WHOLE else None)
        self._roots += segment.root
        try:
            self._leaves += segment_leaf(segment)
        except struct.error:
            self._find("segment", segment.first_offset, "has numbers that no segment has")
            self._leaves += bytes(HASH_BYTES)

    def leaves(self, leaves: Sequence[Leaf]) -> None:
        start = 0
        while start < len(leaves):
            offset = leaves[start][0]
            number = bisect_right(self._nexts, offset)
            begin = self._firsts[number] if number < len(self._nexts) else leaves[-1][0] + 1
            limit = begin if offset < begin else self._nexts[number]
            end = bisect_left(leaves, limit, start, key=_offset)
            if offset < begin:
                _widen(self._extras, (number, False), leaves[start:end])
            else:
                self._part(number, leaves[start:end])
            start = end

    def proves(self, offset: int) -> bool:
        number = bisect_right(self._nexts, offset)
        return number == len(self._nexts) or self._states[number] == _WHOLE

    def packed(self) -> tuple[bytes, bytes]:
        return self._nexts.tobytes(), bytes(self._leaves)

    def finish(self) -> None:
        for number, done in enumerate(self._done):
            if not done:
                self._judge(number, self._open.get(number, []))
        for span in self._extras.values():
            self._findings.append(_extra(self._topic, self._partition, span))

    def _part(self, number: int, part: Sequence[Leaf]) -> None:
        if self._states[number] == _PARTLY:
            return
        if self._done[number]:
            self._more(number, part)
            return
        if number in self._open:
            part = sorted([*self._open[number], *part])
        if len(part) == self._records[number] and root([each[1] for each in part]) == self._root(
            number
        ):
            self._open.pop(number, None)
            self._close(number, part)
        else:
            self._open[number] = list(part)

    def _more(self, number: int, part: Sequence[Leaf]) -> None:
        """What comes to a segment that is whole or retired already."""
        full = self._nexts[number] - self._firsts[number] == self._records[number]
        if self._states[number] == _GONE or not full:
            _widen(self._extras, (number, True), part)
            return
        for offset, *_ in part:
            self._find("record", offset, _TWICE)

    def _close(self, number: int, found: Sequence[Leaf]) -> None:
        moments = [moment for *_, moment in found]
        if self._times[number] != (min(moments), max(moments), moments[-1]):
            what = "its times are not those of its records"
            self._find("segment", self._firsts[number], what)
        self._times[number] = None
        self._done[number] = 1

    def _root(self, number: int) -> bytes:
        return bytes(self._roots[number * HASH_BYTES : (number + 1) * HASH_BYTES])

    def _judge(self, number: int, found: Sequence[Leaf]) -> None:
        first, end, records = self._firsts[number], self._nexts[number], self._records[number]
        offsets = [offset for offset, *_ in found]
        twice = [offset for offset, following in pairwise(offsets) if offset == following]
        for offset in twice:
            self._find("record", offset, _TWICE)
        if twice:
            return
        if len(offsets) < records:
            there = set(offsets)
            gap = next((offset for offset in range(first, end) if offset not in there), first)
            missing = records - len(offsets)
            self._find("record", gap, f"is missing; {missing} of the {records} of its segment are")
        elif len(offsets) > records:
            what = f"one of these was inserted: {records} were sealed"
            self._find("record", first, what, end - 1)
        elif end - first == 1:
            self._find("record", first, "is not what was sealed")
        else:
            self._find("record", first, "one or more of these are not what was sealed", end - 1)

    def _find(self, kind: Kind, offset: int, what: str, last: int | None = None) -> None:
        self._findings.append(Finding(kind, what, self._topic, self._partition, offset, last))


def _widen(spans: dict[_Key, tuple[int, int]], key: _Key, leaves: Sequence[Leaf]) -> None:
    """One span for all that was found at a place, in whatever pieces it came."""
    first, last = spans.get(key, (leaves[0][0], leaves[-1][0]))
    spans[key] = (min(first, leaves[0][0]), max(last, leaves[-1][0]))


def _extra(topic: str, partition: int, span: tuple[int, int]) -> Finding:
    first, last = span
    what = "was never sealed at this place"
    return Finding("record", what, topic, partition, first, None if last == first else last)


def _state(link: Link, retired: Sequence[Retired]) -> int:
    """Whether a segment's records should all be there, only some, or none."""
    for span in retired:
        if span.start <= link.earliest and link.latest < span.end:
            return _GONE
        if link.earliest < span.end and span.start <= link.latest:
            return _PARTLY
    return _WHOLE
