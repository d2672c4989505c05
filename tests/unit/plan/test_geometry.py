"""Distances: what must hold for every pair of places on the globe."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.patrol import Fix
from shared.plan.geometry import MEAN_EARTH_RADIUS_M, distance_m, is_within

PLACES = st.builds(
    Fix,
    lat=st.floats(-90, 90, allow_nan=False),
    lon=st.floats(-180, 180, allow_nan=False),
)
KPU = Fix(lat=-6.9016, lon=112.0499)
WAREHOUSE = Fix(lat=-6.9130, lon=112.0660)


@given(PLACES, PLACES)
def test_there_and_back_are_equally_far(a: Fix, b: Fix) -> None:
    assert distance_m(a, b) == pytest.approx(distance_m(b, a), abs=1e-6)


@given(PLACES, PLACES)
def test_nowhere_is_farther_than_the_antipodes(a: Fix, b: Fix) -> None:
    assert 0 <= distance_m(a, b) <= math.pi * MEAN_EARTH_RADIUS_M


@given(PLACES)
def test_a_place_is_nowhere_but_where_it_is(a: Fix) -> None:
    assert distance_m(a, a) == 0


@given(PLACES, PLACES, PLACES)
def test_a_detour_is_never_shorter(a: Fix, b: Fix, c: Fix) -> None:
    assert distance_m(a, c) <= distance_m(a, b) + distance_m(b, c) + 0.001


@given(PLACES)
def test_a_turn_round_the_globe_leads_to_the_same_place(a: Fix) -> None:
    # Near the antipodes the haversine loses digits, so a metre is allowed.
    turned = Fix(lat=a.lat, lon=a.lon - 360 if a.lon > 0 else a.lon + 360)
    assert distance_m(a, turned) < 1


def test_a_known_distance_in_tuban() -> None:
    assert distance_m(KPU, WAREHOUSE) == pytest.approx(2180, rel=0.01)


def test_the_date_line_is_no_wall() -> None:
    assert distance_m(Fix(lat=0, lon=179.9), Fix(lat=0, lon=-179.9)) == pytest.approx(
        22_239, rel=0.001
    )


def test_a_fix_counts_as_inside_as_far_as_the_phone_may_be_off() -> None:
    near = Fix(lat=KPU.lat + 100 / 111_195, lon=KPU.lon)

    assert not is_within(near, KPU, radius_m=75)
    assert is_within(near, KPU, radius_m=75, accuracy_m=30)
    assert is_within(near, KPU, radius_m=101)


def test_antipodes_are_half_a_turn_apart_although_rounding_overshoots() -> None:
    here, there = Fix(lat=78.6, lon=-104.0), Fix(lat=-78.6, lon=76.0)

    assert distance_m(here, there) == pytest.approx(math.pi * MEAN_EARTH_RADIUS_M)
