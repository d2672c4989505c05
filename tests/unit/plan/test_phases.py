"""Which phases weigh more."""

from datetime import date

import pytest
from msgspec.structs import replace

from shared.plan.model import Phase
from shared.plan.phases import is_tense
from tests.builders import a_plan

PHASE = Phase(code="masa_tenang", name="Masa tenang", starts=date(2024, 2, 11), ends=date.max)


@pytest.mark.parametrize(
    ("code", "said", "tense"),
    [
        ("masa_tenang", True, True),
        ("masa_tenang", False, False),
        ("masa_tenang", None, False),
        ("quiet_period", None, True),
        ("quiet_period", False, False),
        ("campaign", None, False),
        ("campaign", True, True),
    ],
)
def test_a_phase_is_tense_as_the_plan_says_else_by_its_code(
    code: str, said: bool | None, tense: bool
) -> None:
    plan = a_plan(phases=[replace(PHASE, code=code, tense=said)])
    assert is_tense(code, plan) is tense


def test_a_phase_that_no_plan_knows_is_tense_by_its_code() -> None:
    assert is_tense("voting", None)
    assert not is_tense(None, a_plan())
