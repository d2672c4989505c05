"""What `ronda plan show` tells."""

from datetime import date

from shared.plan.summary import summary
from tests.unit.plan.plans import rule, site, small_plan


def test_a_summary_counts_what_a_commander_asks_for() -> None:
    plan = small_plan(
        sites=[site("a"), site("b"), site("c", kind="polling_station")],
        visit_rules=[rule("pagi", "07:00", "12:00")],
    )
    told = summary(plan, date(2024, 2, 14))

    assert told.version == "v1"
    assert told.phase == "K"
    assert told.sites == {"office": 2, "polling_station": 1}
    assert told.visits == 6
    assert told.people == {"officer": 1}
    assert [chain.severity for chain in told.chains] == ["rendah", "sedang", "tinggi", "kritis"]
    assert told.chains[0].levels == ["padal"]


def test_outside_all_phases_there_is_none() -> None:
    assert summary(small_plan(), date(2060, 1, 1)).phase is None
