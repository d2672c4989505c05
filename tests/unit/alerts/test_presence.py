"""Was the device there? Judged over several events, in whatever order they arrive."""

from collections.abc import Sequence
from datetime import time, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from services.alerts.domain.presence import (
    FASTEST_MPS,
    MAX_POINTS,
    Sighting,
    Use,
    followed,
    scanned,
    sighting,
)
from shared.events.patrol import CheckIn, Fix, ShiftStart, ShiftStarted, VisitCheckedIn
from shared.events.position import PositionRecorded, Track
from shared.events.presence import PresenceDoubt, PresenceDoubted
from shared.plan.model import Shift
from tests.builders import GUARD, KPU, NIGHT, POLRES, WAREHOUSE, a_plan, an_event, an_id
from tests.unit.alerts.engine import Engine

LAT, LON = -6.9131, 112.0662
LATER = NIGHT + timedelta(minutes=11)
METRES_PER_DEGREE = 111_195.0


def north(metres: float) -> Fix:
    """A place so far north of the warehouse, known exactly."""
    return Fix(lat=LAT + metres / METRES_PER_DEGREE, lon=LON, accuracy_m=0.0)


def a_scan(metres: float = 0, seconds: float = 0, **over: Any) -> VisitCheckedIn:
    data = CheckIn(method="qr", crew="R-21", position=north(metres), code=over.pop("code", None))
    at = NIGHT + timedelta(seconds=seconds)
    fields = {"id": an_id("scan", metres, seconds, over), "time": at} | over
    return an_event(VisitCheckedIn, data, **fields)


def a_position(metres: float, seconds: float, **over: Any) -> PositionRecorded:
    at = NIGHT + timedelta(seconds=seconds)
    fields = {"id": an_id("position", metres, seconds), "time": at, "subject": None} | over
    return an_event(PositionRecorded, Track(position=north(metres)), **fields)


def seen(*events: Any) -> list[Sighting]:
    return [sighting(event, NIGHT) for event in events]


def doubts_of(points: Sequence[Sighting]) -> list[PresenceDoubt]:
    """What arises when they arrive in this order."""
    track: tuple[Sighting, ...] = ()
    found: list[PresenceDoubt] = []
    for point in points:
        track, doubts = followed(track, "d-0007", point)
        found += doubts
        assert len(track) <= MAX_POINTS
        assert list(track) == sorted(track, key=lambda each: (each.at, each.event))
    return found


# Speed


def test_a_kilometre_within_ten_seconds_is_doubted_and_says_why() -> None:
    (doubt,) = doubts_of(seen(a_scan(0, 0), a_scan(1000, 10)))
    assert doubt.kind == "speed"
    assert doubt.events == [a_scan(0, 0).id, a_scan(1000, 10).id]
    assert doubt.reasons[0].en == "1.0 km in 10 seconds: 360 km/h"


@pytest.mark.parametrize(
    ("metres", "seconds"), [(250, 0), (1000, 60), (FASTEST_MPS * 600 - 1, 600)]
)
def test_what_a_car_drives_or_a_phone_jumps_is_not_doubted(metres: float, seconds: float) -> None:
    assert doubts_of(seen(a_scan(0, 0), a_scan(metres, seconds))) == []


def test_how_far_each_position_may_be_off_is_taken_into_account() -> None:
    rough = Fix(lat=LAT, lon=LON, accuracy_m=900.0)
    somewhere = an_event(VisitCheckedIn, CheckIn(method="gps", position=rough))
    assert doubts_of(seen(somewhere, a_scan(1000, 10))) == []


def test_a_scan_far_from_where_the_phone_was_a_moment_ago_is_doubted() -> None:
    (doubt,) = doubts_of(seen(a_position(5000, 0), a_scan(0, 5)))
    assert doubt.event == a_scan(0, 5).id


def test_positions_alone_are_nobodys_claim_and_not_doubted() -> None:
    assert doubts_of(seen(a_position(0, 0), a_position(5000, 40))) == []


def test_a_position_that_the_phone_calls_made_up_is_not_followed() -> None:
    assert doubts_of(seen(a_scan(0, 0), a_scan(5000, 5, flags="mock_location"))) == []


def test_a_clock_that_is_wrong_makes_nobody_fast() -> None:
    """Ten minutes' drive, after which the phone's clock is almost ten minutes behind."""
    assert doubts_of(seen(a_scan(0, 0), a_scan(10_000, 5, skew=595, receivedtime=LATER))) == []


walks = st.lists(
    st.tuples(st.floats(1, 900), st.floats(-1, 1)), min_size=1, max_size=MAX_POINTS - 1
)


def a_drive(steps: Sequence[tuple[float, float]]) -> list[Sighting]:
    """Scans along a road, none of them further from the last than a car can be."""
    metres, seconds = 0.0, 0.0
    events = [a_scan(0, 0)]
    for pause, share in steps:
        seconds += pause
        metres += pause * share * FASTEST_MPS * 0.95
        events.append(a_scan(metres, seconds))
    return seen(*events)


@given(walks, st.randoms(use_true_random=False))
def test_a_drive_is_doubted_in_no_order_of_arrival(steps: Any, random: Any) -> None:
    points = a_drive(steps)
    random.shuffle(points)
    assert doubts_of(points) == []


@given(walks, st.integers(0, MAX_POINTS), st.randoms(use_true_random=False))
def test_a_leap_is_doubted_in_every_order_of_arrival(steps: Any, where: int, random: Any) -> None:
    points = a_drive(steps)
    at = points[where % len(points)].at
    leap = sighting(a_scan(2_000_000, 0, id=an_id("leap"), time=at + timedelta(seconds=1)), NIGHT)
    points = [*points, leap][-MAX_POINTS:]
    random.shuffle(points)
    assert any(leap.event in doubt.events for doubt in doubts_of(points))


@given(walks, st.randoms(use_true_random=False))
def test_what_was_seen_before_changes_nothing(steps: Any, random: Any) -> None:
    points = [*a_drive(steps), sighting(a_scan(2_000_000, 1), NIGHT)]
    once = {doubt.id for doubt in doubts_of(points)}
    again = [*points, *random.choices(points, k=5)]
    assert sorted(doubt.id for doubt in doubts_of(again)) == sorted(once)


# Codes


def a_use(device: str, seconds: float, site: str = WAREHOUSE) -> Use:
    event = a_scan(0, seconds, device=device, subject=site, id=an_id(device, seconds, site))
    return Use(sighting(event, NIGHT), device)


def judged(*uses: Use) -> list[PresenceDoubt]:
    known: tuple[Use, ...] = ()
    found: list[PresenceDoubt] = []
    for use in uses:
        known, doubts = scanned(known, use)
        found += doubts
    return found


def test_one_code_from_two_devices_at_once_is_doubted() -> None:
    (doubt,) = judged(a_use("d-1", 0), a_use("d-2", 20))
    assert (doubt.kind, doubt.devices) == ("shared_code", ["d-1", "d-2"])


def test_the_next_patrol_scans_the_same_code_hours_later() -> None:
    assert judged(a_use("d-1", 0), a_use("d-2", 7200), a_use("d-1", 14_400)) == []


def test_a_phone_that_scans_twice_within_a_minute_is_doubted() -> None:
    (doubt,) = judged(a_use("d-1", 0), a_use("d-1", 30))
    assert (doubt.kind, doubt.reasons[0].code) == ("replayed_code", "replayed_code")


def test_a_code_that_is_used_for_another_site_is_doubted() -> None:
    (doubt,) = judged(a_use("d-1", 0), a_use("d-1", 7200, KPU))
    assert (doubt.kind, doubt.reasons[0].code) == ("replayed_code", "code_of_another_site")


@given(st.permutations([("d-1", 0.0), ("d-2", 30.0), ("d-3", 7200.0), ("d-1", 9000.0)]))
def test_who_shared_a_code_is_found_in_every_order_of_arrival(order: Any) -> None:
    kinds = [(doubt.kind, doubt.devices) for doubt in judged(*(a_use(*use) for use in order))]
    assert kinds == [("shared_code", ["d-1", "d-2"])]


# In the engine


def the_doubts(engine: Engine) -> list[PresenceDoubt]:
    return [event.data for event in engine.store.events() if isinstance(event, PresenceDoubted)]


async def test_a_doubt_is_told_once_and_drops_nothing(engine: Engine) -> None:
    first = await engine.reported(a_scan(0, 0), a_scan(3000, 5))
    await engine.intake.on_records(first)
    await engine.reported(a_scan(3000, 5))
    (doubt,) = the_doubts(engine)
    assert (doubt.unit, doubt.site, doubt.device) == (POLRES, WAREHOUSE, "d-0007")
    assert engine.store.rows.signs.keys() == {WAREHOUSE}
    [kept] = engine.store.rows.doubts.values()
    assert (kept.id, kept.site_name, kept.reasons) == (doubt.id, "Gudang Logistik", doubt.reasons)


async def test_what_is_judged_spans_batches_replicas_and_topics(engine: Engine) -> None:
    await engine.reported(a_position(5000, 0))
    await engine.another().reported(a_scan(0, 5))
    assert [doubt.kind for doubt in the_doubts(engine)] == ["speed"]


async def test_a_code_is_judged_over_all_devices(engine: Engine) -> None:
    await engine.reported(a_scan(0, 0, code="K1", device="d-1"))
    await engine.reported(a_scan(0, 9, code="K1", device="d-2"))
    assert [doubt.kind for doubt in the_doubts(engine)] == ["shared_code"]


@pytest.mark.parametrize(
    ("members", "kinds"), [([GUARD, "p-2001"], []), ([GUARD], ["shared_code"])]
)
async def test_a_crew_that_scans_one_code_with_all_its_phones_is_not_doubted(
    engine: Engine, members: list[str], kinds: list[str]
) -> None:
    start = an_event(ShiftStarted, ShiftStart(crew="R-21", members=members), subject=None)
    await engine.reported(start, a_scan(0, 0, code="K1", device="d-1"))
    await engine.another().reported(a_scan(0, 9, code="K1", device="d-2", actor="p-2001"))
    assert [doubt.kind for doubt in the_doubts(engine)] == kinds


async def test_a_crew_is_known_by_the_plan_after_it_went_off_duty(engine: Engine) -> None:
    members = [GUARD, "p-2001"]
    shift = Shift(
        id="malam", crew="R-21", unit=POLRES, members=members, starts=time(19), ends=time(7)
    )
    engine.plans.plan = a_plan(shifts=[shift])
    await engine.reported(a_scan(0, 0, code="K1", device="d-1"))
    await engine.reported(a_scan(0, 9, code="K1", device="d-2", actor="p-2001"))
    assert the_doubts(engine) == []


async def test_an_exercise_raises_no_doubts(engine: Engine) -> None:
    await engine.reported(a_scan(0, 0, purpose="exercise"), a_scan(9000, 5, purpose="exercise"))
    assert the_doubts(engine) == []
