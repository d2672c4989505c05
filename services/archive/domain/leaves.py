"""What exactly is hashed: the canonical bytes of a record and of a segment, all big-endian.

A leaf is the RFC 9162 leaf hash of these bytes. Whoever checks an archive with a program of their
own needs this file's rules and nothing else of ours.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from struct import Struct
from typing import NamedTuple, Protocol

from services.archive.domain import merkle

SALT_BYTES = 16
HASH_BYTES = 32
NOTHING_BEFORE = bytes(HASH_BYTES)
"""What the first segment of a partition has for the one before it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEGMENT_MARK = b"ronda.segment.v1\n"
_length = Struct(">H").pack
_partition = Struct(">I").pack
_when = Struct(">Qq").pack
_extent = Struct(">QQI").pack
_moment = Struct(">q").pack
_present = Struct(">BI").pack
_ABSENT = b"\x00"
_LEAF = b"\x00"


class Sealable(Protocol):
    """What of a record is sealed: its place in its partition, and every byte that was received."""

    @property
    def offset(self) -> int: ...
    @property
    def appended_at(self) -> datetime: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> bytes | None: ...


class Segment(NamedTuple):
    """The records of one partition that one transaction stored, at `committed_at`.

    `topic` is the physical name, `next_offset` one past the last record, `root` the RFC 9162 root
    over the records' leaves in offset order, `previous` the leaf of the partition's segment before.
    """

    topic: str
    partition: int
    first_offset: int
    next_offset: int
    records: int
    root: bytes
    previous: bytes
    committed_at: datetime


@lru_cache(maxsize=1024)
def place(topic: str, partition: int) -> bytes:
    """A partition's part of a leaf: u16 length and UTF-8 of the physical topic, u32 partition."""
    name = topic.encode()
    return _length(len(name)) + name + _partition(partition)


def record_leaf(salt: bytes, where: bytes, record: Sealable) -> bytes:
    """The leaf of a record: salt (16 bytes), `place`, u64 offset, i64 microseconds since 1970 UTC
    of the append, then key, value and headers (MessagePack as stored), each 00 where there is none
    and else 01, u32 length, bytes."""
    key, value, headers = record.key, record.value, record.headers
    return sha256(
        b"".join(
            (
                _LEAF,
                salt,
                where,
                _when(record.offset, _microseconds(record.appended_at)),
                _ABSENT if key is None else _present(1, len(key)) + key,
                _ABSENT if value is None else _present(1, len(value)) + value,
                _ABSENT if headers is None else _present(1, len(headers)) + headers,
            )
        )
    ).digest()


def segment_leaf(segment: Segment) -> bytes:
    """The leaf of a segment: "ronda.segment.v1\\n", `place`, u64 first and next offset, u32 number
    of records, root and previous (32 bytes each), i64 microseconds since 1970 UTC of the commit."""
    return merkle.leaf_hash(
        b"".join(
            (
                _SEGMENT_MARK,
                place(segment.topic, segment.partition),
                _extent(segment.first_offset, segment.next_offset, segment.records),
                segment.root,
                segment.previous,
                _moment(_microseconds(segment.committed_at)),
            )
        )
    )


def segment_of(
    topic: str,
    partition: int,
    records: Sequence[Sealable],
    salts: Sequence[bytes],
    *,
    previous: bytes,
    committed_at: datetime,
) -> Segment:
    """The segment of at least one record in offset order; each has the salt in its place."""
    where = place(topic, partition)
    found = [record_leaf(salt, where, record) for salt, record in zip(salts, records, strict=True)]
    return Segment(
        topic=topic,
        partition=partition,
        first_offset=records[0].offset,
        next_offset=records[-1].offset + 1,
        records=len(found),
        root=merkle.root(found),
        previous=previous,
        committed_at=committed_at,
    )


@lru_cache(maxsize=1024)
def _microseconds(moment: datetime) -> int:
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
