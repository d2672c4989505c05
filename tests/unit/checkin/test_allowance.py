"""Token buckets: a burst, then the rate, for each sender alone."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.checkin.adapters import gate as gating
from services.checkin.adapters.gate import Gate
from services.checkin.domain import allowance
from services.checkin.domain.allowance import Allowance, Rate
from shared.auth import Principal
from shared.problem import ProblemError
from tests.unit.checkin.builders import a_sender


@given(
    per_s=st.floats(0.5, 100),
    burst=st.floats(1, 500),
    steps=st.lists(st.tuples(st.floats(0, 5), st.integers(1, 50)), max_size=60),
)
def test_nobody_gets_more_than_the_burst_and_the_rate_and_one_request(
    per_s: float, burst: float, steps: list[tuple[float, int]]
) -> None:
    bucket, now_s, spent, largest = Allowance(Rate(per_s, burst)), 100.0, 0, 0
    for pause_s, amount in steps:
        now_s += pause_s
        if bucket.wait_s("d-1", now_s) == 0:
            bucket.spend("d-1", amount, now_s)
            spent, largest = spent + amount, max(largest, amount)
    assert spent <= burst + per_s * (now_s - 100.0) + largest + 1e-6


@given(st.floats(0.5, 100), st.integers(1, 5_000))
def test_who_waits_as_long_as_was_said_is_let_in(per_s: float, amount: int) -> None:
    bucket = Allowance(Rate(per_s, 10))
    bucket.spend("d-1", amount, 0)
    wait_s = bucket.wait_s("d-1", 0)
    assert (wait_s > 0) == (amount >= 10)
    assert bucket.wait_s("d-1", wait_s * 1.0001) == 0


def test_one_senders_flood_is_nobody_elses() -> None:
    bucket = Allowance(Rate(1, 10))
    bucket.spend("d-1", 1_000, 0)
    assert bucket.wait_s("d-2", 0) == 0


def test_a_clock_that_goes_back_gives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Allowance(Rate(1, 10))
    bucket.spend("d-1", 10, 100)
    assert bucket.wait_s("d-1", 50) > 0
    assert bucket.wait_s("d-1", 102) == 0


def test_only_so_many_senders_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "REMEMBERED", 3)
    bucket = Allowance(Rate(1, 10))
    for number in range(9):
        bucket.spend(f"d-{number}", 100, 0)
    assert bucket.wait_s("d-0", 0) == 0
    assert bucket.wait_s("d-8", 0) > 0


async def test_the_gate_tells_a_phone_when_to_come_again_and_lets_tools_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gating, "HOLD_S", 0.01)
    gate = Gate(events_per_s=1000, requests_per_s=1000, now_s=lambda: 0.0)
    phone, tool = a_sender(), a_sender(device=None)
    await gate.enter(phone)
    gate.count(phone, 1000 * 120)
    with pytest.raises(ProblemError) as refused:
        await gate.enter(phone)
    assert refused.value.problem.status == 429
    assert refused.value.headers["Retry-After"] == "1"
    gate.count(tool, 10**9)
    await gate.enter(tool)


async def test_a_phones_refusals_leave_one_after_the_other_and_hold_up_no_other_phones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gating, "HOLD_S", 0.01)
    monkeypatch.setattr(gating, "APART_S", 60.0)
    gate = Gate(events_per_s=1, requests_per_s=1)
    flooding, other = a_sender(), a_sender(device="d-0008")
    for phone in (flooding, other):
        gate.count(phone, 1_000)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        refused = [group.create_task(_refused(gate, flooding)) for _ in range(3)]
        assert await refused[0]
        assert await _refused(gate, other)
        assert not refused[1].done()
        for task in refused[1:]:
            task.cancel()


async def _refused(gate: Gate, phone: Principal) -> bool:
    with pytest.raises(ProblemError) as refused:
        await gate.enter(phone)
    return refused.value.problem.status == 429
