"""The detector of missed visits finds every one and accuses nobody, on days with late and silent
phones, a consumer that lags and a service that is down twice. The whole size: tests/detector.py."""

import pytest

from services.alerts.domain import visit
from tests.detector import on_the_fake_store


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_missed_visit_is_found_and_none_is_made_up(seed: int) -> None:
    outcome = await on_the_fake_store(60, seed)

    assert outcome.unmade > 0
    assert outcome.late > 0
    assert outcome.recall == 1.0
    assert outcome.false_misses == []
    assert outcome.missed_twice == []
    assert outcome.unheard == [], "a silent phone's site asks for a word"
    assert outcome.wrongly_silent == []


async def test_a_detector_that_looks_at_the_clock_alone_accuses_patrols_that_were_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(visit, "_is_passed", lambda barrier, positions: True)

    assert (await on_the_fake_store(60, 1)).false_misses


async def test_a_detector_that_forgets_a_visit_does_not_find_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*_: object) -> bool:
        return False

    monkeypatch.setattr(visit, "_is_passed", never)

    assert (await on_the_fake_store(60, 1)).recall == 0
