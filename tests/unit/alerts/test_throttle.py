"""Whoever fails to sign in waits, longer each time, and not for ever."""

from datetime import timedelta

import hypothesis.strategies as st
from hypothesis import given

from services.alerts.domain.throttle import LIMITS, Failures, Limit, counted, wait_s
from tests.builders import NIGHT

limits = st.sampled_from(sorted(LIMITS))
HERE = LIMITS["login_here"]


def after(count: int, limit: Limit = HERE) -> Failures | None:
    failures: Failures | None = None
    for _ in range(count):
        failures = counted(failures, limit, NIGHT)
    return failures


def test_the_first_failures_cost_nothing_and_then_the_pause_doubles() -> None:
    waits = [wait_s(after(count), HERE, NIGHT) for count in range(13)]
    assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]


def test_a_pause_runs_out() -> None:
    failures = after(9)
    assert wait_s(failures, HERE, NIGHT + timedelta(seconds=15)) == 1
    assert wait_s(failures, HERE, NIGHT + timedelta(seconds=16)) == 0


def test_after_a_quiet_quarter_of_an_hour_nothing_counts_any_more() -> None:
    late = NIGHT + HERE.forget
    assert wait_s(after(50), HERE, late) == 0
    assert counted(after(50), HERE, late) == Failures(1, late)


@given(kind=limits, count=st.integers(0, 10_000), seconds=st.floats(0, 5_000))
def test_nobody_waits_longer_than_the_limit_says(kind: str, count: int, seconds: float) -> None:
    limit = LIMITS[kind]
    now = NIGHT + timedelta(seconds=seconds)
    waits = wait_s(Failures(count, NIGHT), limit, now)
    assert 0 <= waits <= limit.longest_s
    if count < limit.free:
        assert waits == 0
