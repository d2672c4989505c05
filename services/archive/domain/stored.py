"""Rows as the database holds them, for whoever checks or proves them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.archive.domain.leaves import Segment


class Record(NamedTuple):
    """A record's row. An erased one has its leaf, and neither salt nor bytes.

    `topic` is the topic's number in the database, `event_id` the id's 16 bytes.
    """

    appended_at: datetime
    offset: int
    key: bytes | None
    value: bytes | None
    headers: bytes | None
    partition: int
    topic: int
    status: str
    event_id: bytes | None
    salt: bytes | None
    leaf: bytes | None


class Narrow(NamedTuple):
    """A row that searches read, of any of the four tables that are shaped so."""

    id: bytes
    type: str
    site: str | None
    unit: str | None
    actor: str | None
    device: str | None
    time: datetime
    received_at: datetime | None
    alert: bytes | None
    hash: bytes
    appended_at: datetime
    offset: int
    partition: int
    topic: int


class Link(NamedTuple):
    """A segment with the number of its topic, and when its records were appended: first and last
    by the clock, and the last one."""

    topic: int
    segment: Segment
    earliest: datetime
    latest: datetime
    last: datetime


class Entry(NamedTuple):
    """A position of the log: which segment it seals."""

    position: int
    topic: int
    partition: int
    next_offset: int
    leaf: bytes


class Seal(NamedTuple):
    """A checkpoint as it is stored beside its note."""

    size: int
    root: bytes
    note: str
    sealed_at: datetime
    reason: str


class Retired(NamedTuple):
    """A span of append times whose records were dropped, by whom and why; `end` is exclusive."""

    start: datetime
    end: datetime
    reason: str
    authority: str
    retired_at: datetime
    actor: str

    def covers(self, moment: datetime) -> bool:
        """Whether what was appended then was dropped."""
        return self.start <= moment < self.end


class ErasedPlace(NamedTuple):
    """A record that an act erased; `topic` is the physical name."""

    topic: str
    partition: int
    offset: int
    appended_at: datetime
    leaf: bytes
    kept: bytes | None


class Act(NamedTuple):
    """Records that were erased at once, and why; `id` is that of the event that tells of it."""

    id: str
    reason: str
    authority: str
    data_class: str
    actor: str
    erased_at: datetime
    records: Sequence[ErasedPlace]


class Erased(NamedTuple):
    """An erased record: where it stood, its leaf, and the act that erased it.

    `kept` is the digest of what is left of its narrow row; None where there was none.
    """

    topic: int
    partition: int
    offset: int
    appended_at: datetime
    event_id: bytes | None
    status: str
    leaf: bytes
    kept: bytes | None
    reason: str
    authority: str
    data_class: str
    erased_at: datetime
    actor: str
    act: str


class Undecoded(NamedTuple):
    """A row of `undecodable`."""

    topic: int
    partition: int
    offset: int
    appended_at: datetime
    reason: str


class Repeat(NamedTuple):
    """A repeat that does not fit any event before it."""

    table: str
    topic: int
    partition: int
    offset: int


class LogNode(NamedTuple):
    """A complete subtree of the log."""

    level: int
    number: int
    hash: bytes
