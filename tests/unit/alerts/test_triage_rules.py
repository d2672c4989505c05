"""The plan's own weights: ballots, matching vulnerabilities, and rules that an operation writes."""

from typing import Any, get_args

import hypothesis.strategies as st
import pytest
from hypothesis import given
from msgspec.structs import replace

from services.alerts.domain.report import Report, report_of
from services.alerts.domain.severity import SEVERITIES
from services.alerts.domain.site_status import Status
from services.alerts.domain.triage import Judgement, OpenVulnerability, Surroundings, judge
from shared.events.alert import Severity, ThreatStage
from shared.events.incident import CrowdLevel
from shared.events.patrol import Fix, Vulnerability
from shared.plan.model import Plan, RiskClass, SiteType, Situation, TriageRule
from tests.builders import (
    CATEGORIES,
    KPU,
    NIGHT,
    WAREHOUSE,
    a_plan,
    an_id,
    an_incident,
)

STORE = SiteType(id="warehouse", label="Gudang", label_en="Warehouse", keeps_logistics=True)
AT_THE_WALL = Fix(lat=-6.9131, lon=112.0662)
FAR_AWAY = Fix(lat=-6.9231, lon=112.0662)


def a_rule(when: str, **over: Any) -> TriageRule:
    fields: dict[str, Any] = {"id": "uji", "label": "Uji", "label_en": "Test", "steps": 1}
    return TriageRule(when=when, **fields | over)


def ruled(*rules: TriageRule, plan: Plan | None = None, **over: Any) -> Judgement:
    plan = replace(plan or a_plan(), triage_rules=list(rules))
    return judge(report_of(an_incident(**over), plan, NIGHT), (), Surroundings(plan, Situation()))


def fired(judgement: Judgement) -> list[str]:
    return [reason.code for reason in judgement.reasons]


@pytest.mark.parametrize("stage", ["ballots", "packed", "distributed", "returned"])
def test_ballots_at_a_site_that_keeps_them_raise_by_one(stage: str) -> None:
    plan = a_plan(site_types=[STORE])
    around = Surroundings(plan, Situation(logistics_stage=stage))

    here = judge(report_of(an_incident(), plan, NIGHT), (), around)
    assert (here.severity, fired(here)) == ("tinggi", ["category", "logistics_stage"])

    office = judge(report_of(an_incident(subject=KPU), plan, NIGHT), (), around)
    assert office.severity == "sedang", "no ballots are kept at the office"


@pytest.mark.parametrize("stage", [None, "none", "boxes"])
def test_before_the_ballots_come_a_store_is_a_site_like_others(stage: str | None) -> None:
    plan = a_plan(site_types=[STORE])
    around = Surroundings(plan, Situation(logistics_stage=stage))
    assert judge(report_of(an_incident(), plan, NIGHT), (), around).severity == "sedang"


def test_only_a_vulnerability_that_matches_the_category_weighs() -> None:
    named = [replace(each, vulnerabilities=["broken_fence"]) for each in CATEGORIES]
    plan = a_plan(categories=named)
    report = report_of(an_incident(), plan, NIGHT)

    def judged(kind: str) -> Judgement:
        data = Vulnerability(kind=kind, text="rusak")
        known = [OpenVulnerability(an_id("v"), WAREHOUSE, NIGHT, data)]
        return judge(report, (), Surroundings(plan, Situation(), known))

    assert judged("broken_fence").severity == "tinggi"
    assert judged("power_cut").severity == "sedang"


def test_witnesses_stood_within_three_hundred_metres_of_each_other() -> None:
    def seen_at(place: Fix, actor: str) -> Report:
        event = an_incident(report={"position": place}, actor=actor, subject=None)
        return report_of(event, a_plan(), NIGHT)

    first = seen_at(AT_THE_WALL, "p-7")
    around = Surroundings(a_plan(), Situation())
    assert judge(seen_at(AT_THE_WALL, "p-8"), [first.part], around).severity == "tinggi"
    assert judge(seen_at(FAR_AWAY, "p-8"), [first.part], around).severity == "sedang"


def test_a_rule_of_the_plan_raises_by_steps_or_to_a_floor_and_says_its_name() -> None:
    by_step = ruled(a_rule("category == 'suspicious_person' && hour == 21"))
    assert (by_step.severity, fired(by_step)) == ("tinggi", ["category", "rule:uji"])

    floor = ruled(a_rule("site_type == 'warehouse'", steps=None, at_least="kritis"))
    assert floor.severity == "kritis"

    silent = ruled(a_rule("phase == 'voting'"))
    assert (silent.severity, fired(silent)) == ("sedang", ["category"])


def test_a_rule_sees_what_the_rules_before_it_made_of_it() -> None:
    first, then = a_rule("true", id="satu"), a_rule("severity == 'tinggi'", id="dua")
    assert ruled(first, then).severity == "kritis"
    assert ruled(then, first).severity == "tinggi"


def test_a_rule_that_cannot_be_evaluated_holds_up_no_report() -> None:
    judgement = ruled(a_rule("vulnerabilities[7] == 'x'"))
    assert (judgement.severity, fired(judgement)) == ("sedang", ["category", "rule_failed:uji"])


severities = st.sampled_from(SEVERITIES)


@given(
    category=st.sampled_from([each.id for each in CATEGORIES]),
    conditions=st.lists(
        st.sampled_from(["true", "hour > 3", "severity != 'rendah'", "witnesses > 9", "1 / 0 > 1"]),
        max_size=4,
    ),
    floor=st.none() | severities,
    phase=st.sampled_from([None, "campaign", "voting"]),
)
def test_nothing_ever_lowers_a_severity_below_the_table(
    category: str, conditions: list[str], floor: Severity | None, phase: str | None
) -> None:
    rules = [
        a_rule(when, id=f"r{at}", steps=None if floor else 1, at_least=floor)
        for at, when in enumerate(conditions)
    ]
    plan = replace(a_plan(), triage_rules=rules)
    report = report_of(an_incident(category), plan, NIGHT)
    judgement = judge(report, (), Surroundings(plan, Situation(phase=phase)))
    table = plan.category_by_id[category].severity
    assert SEVERITIES.index(judgement.severity) >= SEVERITIES.index(table)


def test_the_five_scales_share_no_word() -> None:
    scales: list[set[str]] = [
        set(get_args(scale)) for scale in (Severity, ThreatStage, CrowdLevel, RiskClass, Status)
    ]
    for at, one in enumerate(scales):
        assert all(one.isdisjoint(other) for other in scales[at + 1 :])
