"""What is known against a site is said and weighed, and nothing that is not known."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.alerts.domain.advising import STEPS, advice_on, calls_for_advice
from services.alerts.domain.severity import SEVERITIES
from services.alerts.domain.site_risk import (
    ALERT_WEIGHTS,
    BALLOTS_WEIGHT,
    BANDS,
    CLASS_WEIGHTS,
    FALLS_BELOW,
    MISSED_WEIGHT,
    OVERDUE_WEIGHT,
    PHASE_WEIGHT,
    RISES_AT,
    SILENT_WEIGHT,
    VULNERABILITY_WEIGHTS,
    Risk,
    band_after,
    flags,
    moved,
    site_risk,
)
from shared.events.alert import AlertKind, Restriction
from shared.events.risk_samples import RISK
from shared.events.task_samples import VULNERABILITY
from shared.plan.model import RISK_CLASSES, SiteType
from tests.builders import NIGHT, a_plan, a_site, an_alert

KIND = SiteType(id="warehouse", label="Gudang", label_en="Warehouse", keeps_logistics=True)
PLAN = a_plan(site_types=[KIND])
CALM = a_site(risk_class="kurang_rawan")
QUIET = replace(an_alert(), kind="roster")


def risk(site: Any = CALM, alerts: Any = (), tasks: Any = (), **over: Any) -> Risk:
    around = {"phase": "campaign", "stage": None, "before": "rendah"} | over
    return site_risk(site, PLAN, alerts, tasks, **around)


def codes(found: Risk) -> list[str]:
    return [reason.code for reason in found.reasons]


alerts_of_a_site = st.builds(
    lambda kind, severity, state: replace(QUIET, kind=kind, severity=severity, state=state),
    st.sampled_from(get_args(AlertKind)),
    st.sampled_from(SEVERITIES),
    st.sampled_from(["raised", "acknowledged", "resolved"]),
)
tasks_of_a_site = st.builds(
    lambda kind, state: replace(VULNERABILITY, kind=kind, state=state),
    st.sampled_from(["vulnerability", "advice"]),
    st.sampled_from(["open", "overdue"]),
)
facts = st.fixed_dictionaries(
    {
        "site": st.sampled_from([*RISK_CLASSES, "own"]).map(lambda it: a_site(risk_class=it)),
        "alerts": st.lists(alerts_of_a_site, max_size=6),
        "tasks": st.lists(tasks_of_a_site, max_size=6),
        "phase": st.sampled_from(["campaign", "voting", None]),
        "stage": st.sampled_from(["ballots", None]),
    }
)


# The score


def test_of_a_calm_site_there_is_nothing_to_say() -> None:
    assert risk() == Risk(score=0, band="rendah", reasons=[])


@pytest.mark.parametrize(
    ("over", "code", "score"),
    [
        ({"site": a_site(risk_class="sangat_rawan")}, "class", 14),
        ({"phase": "quiet_period"}, "phase", 15),
        ({"stage": "ballots"}, "logistics_stage", 10),
        ({"alerts": [replace(an_alert(), kind="visit_missed")]}, "visit_missed", 10),
        ({"alerts": [replace(an_alert(), kind="silent")]}, "silent", 10),
        ({"alerts": [replace(an_alert(), severity="tinggi")]}, "alert", 10),
        ({"tasks": [replace(VULNERABILITY, state="open")]}, "vulnerability", 8),
    ],
)
def test_each_thing_that_speaks_against_it_is_a_reason(
    over: dict[str, Any], code: str, score: int
) -> None:
    found = risk(**over)
    assert (codes(found), found.score) == ([code], score)


def test_boxes_without_ballots_and_a_site_that_keeps_none_weigh_nothing() -> None:
    assert codes(risk(stage="boxes")) == []
    assert codes(risk(a_site(type="kpu", risk_class="kurang_rawan"), stage="ballots")) == []


def test_what_was_made_good_weighs_no_more() -> None:
    missed = replace(an_alert(), kind="visit_missed", state="resolved")
    assert codes(risk(alerts=[missed])) == []


def test_what_not_everybody_may_know_of_is_told_by_no_score() -> None:
    hidden = replace(an_alert(), restricted=Restriction(roles=["commander"], hidden_from=[]))
    assert risk(alerts=[hidden]) == risk()


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


def test_everything_together_is_a_hundred() -> None:
    assert (
        sum(
            (
                max(CLASS_WEIGHTS.values()),
                *(PHASE_WEIGHT, BALLOTS_WEIGHT, MISSED_WEIGHT, SILENT_WEIGHT, OVERDUE_WEIGHT),
                *VULNERABILITY_WEIGHTS,
                max(ALERT_WEIGHTS.values()),
            )
        )
        == 100
    )


@given(known=facts)
def test_the_reasons_add_up_to_the_score_and_it_is_one_of_a_hundred(known: dict[str, Any]) -> None:
    found = risk(**known)
    assert found.score == sum(reason.weight for reason in found.reasons)
    assert 0 <= found.score <= 100


@given(known=facts)
def test_the_same_facts_in_another_order_are_the_same_score(known: dict[str, Any]) -> None:
    turned = known | {"alerts": known["alerts"][::-1], "tasks": known["tasks"][::-1]}
    assert risk(**known).score == risk(**turned).score


@given(known=facts, alert=alerts_of_a_site, task=tasks_of_a_site)
def test_one_thing_more_never_lowers_it(known: dict[str, Any], alert: Any, task: Any) -> None:
    score = risk(**known).score
    assert risk(**known | {"alerts": [*known["alerts"], alert]}).score >= score
    assert risk(**known | {"tasks": [*known["tasks"], task]}).score >= score
    assert risk(**known | {"phase": "voting", "stage": "ballots"}).score >= score


# The band


@pytest.mark.parametrize(
    ("before", "score", "after"),
    [
        ("rendah", 29, "rendah"),
        ("rendah", 30, "sedang"),
        ("sedang", 25, "sedang"),
        ("sedang", 24, "rendah"),
        ("rendah", 60, "tinggi"),
        ("tinggi", 50, "tinggi"),
        ("tinggi", 49, "sedang"),
        ("tinggi", 0, "rendah"),
    ],
)
def test_a_band_is_left_later_than_it_is_entered(before: Any, score: int, after: str) -> None:
    assert band_after(before, score) == after


@given(before=st.sampled_from(BANDS), score=st.integers(5, 95), sway=st.integers(-5, 5))
def test_a_score_that_sways_by_a_little_changes_the_band_once(
    before: Any, score: int, sway: int
) -> None:
    """As long as it sways by no more than lies between a rise and a fall."""
    there = band_after(before, score)
    away = band_after(there, score + sway)
    assert band_after(away, score) in (there, away)
    assert band_after(band_after(away, score), score + sway) == away


@given(before=st.sampled_from(BANDS), score=st.integers(0, 100), more=st.integers(0, 50))
def test_a_higher_score_is_never_a_lower_band(before: Any, score: int, more: int) -> None:
    lower, higher = band_after(before, score), band_after(before, score + more)
    assert BANDS.index(lower) <= BANDS.index(higher)
    assert all(falls <= rises for falls, rises in zip(FALLS_BELOW, RISES_AT, strict=True))


def test_only_another_band_is_told_and_every_time_with_a_higher_version() -> None:
    low, high = risk(), Risk(score=63, band="tinggi", reasons=RISK.reasons)
    assert moved(None, CALM, low, NIGHT) is None
    first = moved(None, CALM, high, NIGHT)
    assert first is not None
    assert (first.version, first.previous, first.band, first.score) == (1, "rendah", "tinggi", 63)
    assert moved(first, CALM, high, NIGHT) is None
    second = moved(first, CALM, low, NIGHT)
    assert second is not None
    assert (second.version, second.previous, second.band) == (2, "tinggi", "rendah")


def test_what_is_told_holds_what_adds_to_the_score_and_no_more() -> None:
    found = risk(a_site(risk_class="khusus"), tasks=[VULNERABILITY] * 50)
    change = moved(None, CALM, found, NIGHT)
    assert change is not None
    assert len(change.reasons) == 1 + len(VULNERABILITY_WEIGHTS)
    assert sum(reason.weight for reason in change.reasons) == change.score == found.score


# What is to be done


def test_an_advice_is_for_the_highest_band_only() -> None:
    assert calls_for_advice(RISK)
    assert not calls_for_advice(replace(RISK, band="sedang"))


def test_an_advice_names_the_heaviest_things_first_and_says_why() -> None:
    advice = advice_on(replace(RISK, reasons=RISK.reasons[::-1]))
    assert advice.text == (
        "Tambah kontrol di lokasi ini; tambah penjaga selama tahapan ini; "
        "lakukan kontrol yang terlewat"
    )
    assert advice.reasons[0].en.startswith("Add visits to this site; ")
    assert advice.text.count(";") == STEPS - 1
    assert "63" in advice.reasons[1].id
    assert len(advice.reasons) == 2 + len(RISK.reasons)
