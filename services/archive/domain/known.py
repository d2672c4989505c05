"""The rows that say who may know, against what the records say: each a set, in whatever order.

Many records say the same, and a row stands once. Rows are held as digests, each with the first
record that says so, because there may be one for every photo.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple

import msgspec

from services.archive.domain.finding import Finding
from services.archive.domain.knowing import Belonging, PartOf, Rule, Told
from services.archive.domain.stored import Record

_DIGEST_BYTES = 16
_SHOWN = 50
_pack = msgspec.msgpack.Encoder().encode


class Saying(NamedTuple):
    """The digest of a row, and where the first record stands that says so."""

    digest: bytes
    topic: int
    partition: int
    offset: int


class Said:
    """Collects what records say."""

    def __init__(self) -> None:
        self._first: dict[bytes, tuple[int, int, int]] = {}

    def add(self, record: Record, told: Told) -> None:
        """What is kept of what one record says."""
        place = (record.topic, record.partition, record.offset)
        rows: list[Rule | Belonging | PartOf] = [*told.rules, *told.belongings, *told.parts]
        for row in rows:
            mark = digest(row)
            self._first[mark] = min(place, self._first.get(mark, place))

    def sayings(self) -> list[Saying]:
        """All of it."""
        return [Saying(mark, *place) for mark, place in self._first.items()]


class Known:
    """Compares what all records say with the rows that are there."""

    def __init__(self, sayings: Iterable[Saying]) -> None:
        self._missing: dict[bytes, Saying] = {}
        for each in sayings:
            known = self._missing.get(each.digest, each)
            self._missing[each.digest] = min(known, each)
        self._met: set[bytes] = set()
        self._strange = 0

    def rows(self, rows: Iterable[Rule | Belonging | PartOf]) -> None:
        """Rows that are there."""
        for row in rows:
            mark = digest(row)
            if mark in self._missing:
                self._met.add(mark)
            else:
                self._strange += 1

    def findings(self, names: Mapping[int, str], *, all_are_here: bool) -> list[Finding]:
        """Rows that are missing, and those that no record asks for where `all_are_here`: a record
        that is erased or dropped may have asked."""
        missing = sorted(each[1:] for mark, each in self._missing.items() if mark not in self._met)
        what = "what it says of who may know is not kept"
        found = [
            Finding("index", what, names.get(topic, f"topic {topic}"), partition, offset)
            for topic, partition, offset in missing[:_SHOWN]
        ]
        if self._strange and all_are_here:
            what = f"{self._strange} rows keep from people what no record keeps from them"
            found.append(Finding("index", what, "who may know"))
        return found


def digest(row: Rule | Belonging | PartOf) -> bytes:
    """A row in a few bytes."""
    return sha256(_pack((type(row).__name__, row))).digest()[:_DIGEST_BYTES]
