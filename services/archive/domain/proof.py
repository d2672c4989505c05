"""What proves that a record stands in the log: two paths, and what they are about."""

from collections.abc import Sequence
from typing import NamedTuple

from services.archive.domain import merkle
from services.archive.domain.leaves import Segment, place, record_leaf, segment_leaf
from services.archive.domain.stored import Erased, Record


class Sealed(NamedTuple):
    """A segment, where the log has it, and its path in the log of `size` leaves.

    Without a position it is not sealed yet; without a path the log of that size has it not.
    """

    segment: Segment
    position: int | None
    size: int
    path: Sequence[bytes] | None


class Proven(NamedTuple):
    """A record, number and path of its leaf in its segment, and who erased it if it is."""

    record: Record
    number: int
    path: Sequence[bytes]
    sealed: Sealed
    erased: Erased | None


def leaf_of(record: Record, topic: str) -> bytes:
    """A record's leaf: that of its bytes, or the one that was kept when they were erased."""
    if record.salt is None:
        return record.leaf or b""
    return record_leaf(record.salt, place(topic, record.partition), record)


def holds(proven: Proven, root: bytes) -> bool:
    """Whether the paths lead from the record to the root of the log."""
    segment, position, size, path = proven.sealed
    leaf = leaf_of(proven.record, segment.topic)
    return (
        position is not None
        and path is not None
        and merkle.verify_inclusion(leaf, proven.number, segment.records, proven.path, segment.root)
        and merkle.verify_inclusion(segment_leaf(segment), position, size, path, root)
    )
