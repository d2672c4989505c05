"""Random histories of the whole engine; and proof that they notice what they are there for.

`RONDA_HISTORIES=10000` or `python -m tests.simulation` plays as many as an evening has room for.
"""

import os

import pytest

from tests.simulation.bugs import BUGS
from tests.simulation.history import Violation, play

HISTORIES = int(os.environ.get("RONDA_HISTORIES", "150"))
ENOUGH = 400
"""Histories within which every seeded bug shows; most show in the first few."""


def violation(bug: str) -> Violation | None:
    """The first that the histories of an engine with a bug come to."""
    try:
        for seed in range(ENOUGH):
            play(seed, BUGS[bug])
    except Violation as found:
        return found
    return None


def test_nothing_is_forgotten_doubled_early_or_told_too_late() -> None:
    for seed in range(HISTORIES):
        play(seed)


def test_a_seed_plays_the_same_history_again() -> None:
    assert str(violation("LosesATimer")) == str(violation("LosesATimer"))


@pytest.mark.parametrize("bug", BUGS)
def test_a_seeded_bug_is_noticed(bug: str) -> None:
    assert violation(bug) is not None
