"""What is missing of a device's events is seen, and so is that it came after all."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from services.alerts.domain.sequence import (
    MAX_HOLES,
    WAIT,
    Count,
    closed,
    counted,
    next_look,
    opened,
    shown,
)
from shared.events.presence import SequenceGap, SequenceGapClosed, SequenceGapOpened
from tests.builders import NIGHT, a_checkin, an_id
from tests.unit.alerts.engine import Engine

LATER = NIGHT + WAIT


def missing(count: Count) -> set[int]:
    return {number for hole in count.holes for number in range(hole.first, hole.last + 1)}


numbers = st.lists(st.integers(0, 300), min_size=1, max_size=80)


@given(numbers)
def test_what_is_missing_is_what_lies_between_and_did_not_come(came: Sequence[int]) -> None:
    count = counted(Count(), came, NIGHT)
    assert missing(count) == set(range(min(came), max(came) + 1)) - set(came)


@given(numbers, st.integers(1, 9))
def test_how_they_are_grouped_and_ordered_makes_no_difference(
    came: Sequence[int], size: int
) -> None:
    count = Count()
    for start in range(0, len(came), size):
        count = counted(count, came[start : start + size], NIGHT)
    assert missing(count) == missing(counted(Count(), came, NIGHT))


@given(numbers, st.randoms(use_true_random=False))
def test_once_everything_came_nothing_is_missing(came: Sequence[int], random: Any) -> None:
    count = opened(counted(Count(), came, NIGHT), LATER) or counted(Count(), came, NIGHT)
    rest = list(range(min(came), max(came) + 1))
    random.shuffle(rest)
    count = counted(count, rest, LATER)
    assert (count.holes, next_look(count)) == ((), None)
    assert (closed(count) is not None) == count.is_open


@given(numbers, numbers)
def test_what_came_before_changes_nothing(came: Sequence[int], again: Sequence[int]) -> None:
    count = counted(Count(), came, NIGHT)
    assert counted(count, set(again) & set(came), LATER) == count


def test_a_hole_is_told_only_after_it_stood_open_for_a_while() -> None:
    count = counted(Count(), [1, 2, 4], NIGHT)
    assert next_look(count) == LATER
    assert opened(count, LATER - timedelta(seconds=1)) is None
    told = opened(count, LATER)
    assert told is not None
    assert (told.is_open, next_look(told), opened(told, LATER + WAIT)) == (True, None, None)
    gap = shown(told, "d-0007", "p-1021", "polres", LATER)
    assert (gap.state, gap.missing, gap.version, gap.since) == ("open", 1, 1, NIGHT)
    assert [(each.first, each.last) for each in gap.ranges] == [(3, 3)]


def test_holes_without_number_take_bounded_room_and_are_not_called_closed() -> None:
    count = opened(counted(Count(), range(0, 4 * MAX_HOLES, 2), NIGHT), LATER)
    assert count is not None
    assert len(count.holes) == MAX_HOLES
    filled = counted(count, range(4 * MAX_HOLES), LATER)
    assert closed(filled) is None
    assert shown(filled, "d", None, "u", LATER).missing == MAX_HOLES - 1


# In the engine


async def numbered(engine: Engine, *sequence: int) -> None:
    events = [a_checkin(id=an_id("n", seq), deviceseq=seq) for seq in sequence]
    await engine.reported(*events)


def gaps(engine: Engine) -> list[tuple[str, int]]:
    told = (SequenceGapOpened, SequenceGapClosed)
    found: list[SequenceGap] = [e.data for e in engine.store.events() if isinstance(e, told)]
    return [(gap.state, gap.missing) for gap in found]


async def test_events_that_pass_each_other_on_the_way_are_no_gap(engine: Engine) -> None:
    await numbered(engine, 1, 3)
    await engine.after(5)
    await numbered(engine, 2)
    await engine.after(600)
    assert gaps(engine) == []


async def test_a_gap_is_told_once_after_a_minute_and_again_when_it_is_filled(
    engine: Engine,
) -> None:
    await numbered(engine, 1, 2, 4, 7)
    assert await engine.clockwork.on_tick(engine.clock.now) == engine.clock.now + WAIT
    await engine.after(60)
    await engine.another().clockwork.on_tick(engine.clock.now)
    await engine.after(600)
    assert gaps(engine) == [("open", 3)]
    await numbered(engine, 3, 5)
    assert gaps(engine) == [("open", 3)]
    await numbered(engine, 6)
    assert gaps(engine) == [("open", 3), ("closed", 0)]


async def test_each_device_counts_for_itself(engine: Engine) -> None:
    await engine.reported(
        a_checkin(id=an_id("a"), deviceseq=1, device="d-1"),
        a_checkin(id=an_id("b"), deviceseq=9, device="d-2"),
        a_checkin(id=an_id("c"), deviceseq=2, device="d-1"),
    )
    await engine.after(600)
    assert gaps(engine) == []
