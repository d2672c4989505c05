"""Where a batch joins on to what is archived of its partition."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from services.archive.domain.kept import Batch, Kept
from services.archive.domain.leaves import NOTHING_BEFORE


class Head(NamedTuple):
    """How far a partition is archived: the next offset, when the last record was appended, and
    the leaf of the last segment, which the next one names."""

    next_offset: int
    appended_at: datetime | None
    leaf: bytes = NOTHING_BEFORE


START = Head(0, None)


class Join(NamedTuple):
    """What to do with a batch.

    `kept`: `fresh` are its records past the head, possibly none. `gap`: the log may hold records
    between the head and the batch, and nothing of it may be stored before that is known. `foreign`:
    another log has taken the name of the one that was archived.
    """

    verdict: Literal["kept", "gap", "foreign"]
    fresh: Sequence[Kept] = ()


def join(head: Head, batch: Batch) -> Join:
    """Decides by offsets, and by the append time of the last archived record when it comes again:
    the broker's stamp on a record never changes."""
    if batch.joins_at > head.next_offset:
        return Join("gap")
    first = batch.records[0].offset
    if first >= head.next_offset:
        return Join("kept", batch.records)
    fresh = [record for record in batch.records if record.offset >= head.next_offset]
    for record in batch.records:
        if record.offset == head.next_offset - 1 and record.appended_at != head.appended_at:
            return Join("foreign")
    return Join("kept", fresh)
