"""What is known against a site is said in words, and nothing that is not known."""

from typing import Any

import pytest
from msgspec.structs import replace

from services.alerts.domain.site_risk import Risk, flags, site_risk
from shared.events.task_samples import VULNERABILITY
from shared.plan.model import SiteType
from tests.builders import a_plan, a_site, an_alert

KIND = SiteType(id="warehouse", label="Gudang", label_en="Warehouse", keeps_logistics=True)
PLAN = a_plan(site_types=[KIND])
CALM = a_site(risk_class="kurang_rawan")


def risk(site: Any = CALM, alerts: Any = (), tasks: Any = (), **over: Any) -> Risk:
    return site_risk(site, PLAN, alerts, tasks, **{"phase": "campaign", "stage": None} | over)


def codes(found: Risk) -> list[str]:
    return [reason.code for reason in found.reasons]


def test_of_a_calm_site_there_is_nothing_to_say() -> None:
    assert risk() == Risk(score=None, reasons=[])


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"site": a_site(risk_class="sangat_rawan")}, "class"),
        ({"phase": "quiet_period"}, "phase"),
        ({"stage": "ballots"}, "logistics_stage"),
        ({"alerts": [replace(an_alert(), kind="visit_missed")]}, "visit_missed"),
        ({"alerts": [replace(an_alert(), kind="silent")]}, "silent"),
        ({"tasks": [replace(VULNERABILITY, state="open")]}, "vulnerability"),
    ],
)
def test_each_thing_that_speaks_against_it_is_a_reason(over: dict[str, Any], code: str) -> None:
    assert codes(risk(**over)) == [code]


def test_boxes_without_ballots_and_a_site_that_keeps_none_weigh_nothing() -> None:
    assert codes(risk(stage="boxes")) == []
    assert codes(risk(a_site(type="kpu", risk_class="kurang_rawan"), stage="ballots")) == []


def test_what_was_made_good_weighs_no_more() -> None:
    missed = replace(an_alert(), kind="visit_missed", state="resolved")
    assert codes(risk(alerts=[missed])) == []


def test_flags_are_what_is_open_and_not_what_lasts() -> None:
    found = risk(
        a_site(risk_class="khusus"),
        alerts=[replace(an_alert(), kind="silent")],
        tasks=[
            replace(VULNERABILITY, state="overdue"),
            replace(VULNERABILITY, state="open", text="Pagar rusak"),
        ],
        phase="voting",
    )
    assert flags(found) == ["silent", "vulnerability", "task_overdue"]
