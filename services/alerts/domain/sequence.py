"""What is missing of a device's events, as far as their numbers tell.

A device counts its events, and they arrive over several topics in any order. So a hole is told only
after it stood open for a while; what fills it later closes it. A number below the first that was
seen opens a hole of its own; a number that was seen before changes nothing.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace as with_fields

from shared.events.identity import derived_id
from shared.events.presence import SeqRange, SequenceGap

WAIT = timedelta(seconds=60)
"""How long a hole may be open before it is told."""
MAX_HOLES = 200
SHOWN = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Hole(Struct, frozen=True, array_like=True):
    """Numbers that did not come, both ends included."""

    first: int
    last: int
    noticed_at: datetime
    is_told: bool = False


class Count(Struct, frozen=True, array_like=True):
    """A device's numbers: all from `first` to `last` came, but for the holes, in their order.

    `lost` counts what is missing in holes that were too many to remember.
    """

    first: int | None = None
    last: int = 0
    holes: tuple[Hole, ...] = ()
    version: int = 0
    is_open: bool = False
    """Whether it was said that something is missing."""
    lost: int = 0


def counted(count: Count, numbers: Iterable[int], now: datetime) -> Count:
    """The count with some numbers more."""
    for number in sorted(set(numbers)):
        count = _with(count, number, now)
    if len(count.holes) <= MAX_HOLES:
        return count
    forgotten = count.holes[:-MAX_HOLES]
    return with_fields(
        count, holes=count.holes[-MAX_HOLES:], lost=count.lost + sum(map(_size, forgotten))
    )


def next_look(count: Count) -> datetime | None:
    """When a hole is to be told that nobody was told of yet: the count's one timer."""
    waiting = [hole.noticed_at for hole in count.holes if not hole.is_told]
    return min(waiting) + WAIT if waiting else None


def opened(count: Count, now: datetime) -> Count | None:
    """The count once it is said what is missing for too long; None where that is nothing new."""
    due = {hole for hole in count.holes if not hole.is_told and hole.noticed_at + WAIT <= now}
    if not due:
        return None
    holes = tuple(with_fields(hole, is_told=True) if hole in due else hole for hole in count.holes)
    return with_fields(count, holes=holes, version=count.version + 1, is_open=True)


def closed(count: Count) -> Count | None:
    """The count once it is said that all came that was missing; None where that is not so."""
    if not count.is_open or count.lost or any(hole.is_told for hole in count.holes):
        return None
    return with_fields(count, version=count.version + 1, is_open=False)


def shown(count: Count, device: str, actor: str | None, unit: str, now: datetime) -> SequenceGap:
    """The object that the event carries."""
    holes = [hole for hole in count.holes if hole.is_told]
    return SequenceGap(
        id=derived_id(_EPOCH, "sequence", device),
        version=count.version,
        state="open" if count.is_open else "closed",
        device=device,
        actor=actor,
        unit=unit,
        missing=sum(map(_size, holes)) + count.lost,
        ranges=[SeqRange(first=hole.first, last=hole.last) for hole in holes[:SHOWN]],
        since=min((hole.noticed_at for hole in holes), default=now),
        updated_at=now,
    )


def _with(count: Count, number: int, now: datetime) -> Count:
    if count.first is None:
        return with_fields(count, first=number, last=number)
    if number > count.last:
        hole = _between(count.last, number, now)
        return with_fields(count, last=number, holes=(*count.holes, *hole))
    if number < count.first:
        hole = _between(number, count.first, now)
        return with_fields(count, first=number, holes=(*hole, *count.holes))
    holes = [piece for hole in count.holes for piece in _without(hole, number)]
    return with_fields(count, holes=tuple(holes))


def _between(before: int, after: int, now: datetime) -> tuple[Hole, ...]:
    return (Hole(before + 1, after - 1, now),) if after - before > 1 else ()


def _without(hole: Hole, number: int) -> tuple[Hole, ...]:
    if not hole.first <= number <= hole.last:
        return (hole,)
    pieces = (
        with_fields(hole, last=number - 1),
        with_fields(hole, first=number + 1),
    )
    return tuple(piece for piece in pieces if piece.first <= piece.last)


def _size(hole: Hole) -> int:
    return hole.last - hole.first + 1
