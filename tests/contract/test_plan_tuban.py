"""The example plan that is delivered: right, whole, and what the documentation says of it."""

from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest

from shared.events.alert import Severity
from shared.plan.coherence import SYSTEM_CATEGORIES
from shared.plan.expand import expand
from shared.plan.geometry import distance_m
from shared.plan.model import Plan, Situation
from shared.plan.source import load

PLAN_FILE = Path(__file__).parents[2] / "deploy" / "plans" / "tuban.yaml"
SECOND_CAMPAIGN_DAY = date(2023, 11, 29)
ELECTION_DAY = date(2024, 2, 14)


@pytest.fixture(scope="module")
def plan() -> Plan:
    loaded = load(PLAN_FILE)
    assert isinstance(loaded, Plan), "\n".join(map(str, loaded))
    return loaded


def test_the_example_has_the_sites_units_and_people_it_promises(plan: Plan) -> None:
    kinds = Counter(site.type for site in plan.sites)

    assert kinds == {
        "kpu_office": 1,
        "bawaslu_office": 1,
        "logistics_warehouse": 1,
        "ppk_office": 20,
        "polling_station": 60,
    }
    assert sum(unit.path.rpartition("/")[2].startswith("polsek-") for unit in plan.units) == 20
    assert {post.unit for post in plan.posts if post.kind == "kapolsek"} == {
        unit.path for unit in plan.units if "/polsek-" in unit.path
    }
    assert {"R-21", "R-07", "R-11"} <= {shift.crew for shift in plan.shifts}


def test_every_synthetic_site_says_so(plan: Plan) -> None:
    for site in plan.sites:
        assert (site.type == "polling_station") == ("sintetis" in site.name)


def test_the_file_says_that_its_people_are_invented() -> None:
    header = PLAN_FILE.read_text(encoding="utf-8").split("\noperation:")[0]

    assert "EXAMPLE" in header
    assert "names of people are invented" in header


def test_every_site_lies_in_its_district_of_tuban(plan: Plan) -> None:
    committees = {site.district: site for site in plan.sites if site.type == "ppk_office"}
    for site in plan.sites:
        assert -7.2 < site.lat < -6.7
        assert 111.5 < site.lon < 112.4
        assert distance_m(site, committees[site.district]) < 5_000


@pytest.mark.parametrize("severity", get_args(Severity))
def test_every_alert_at_every_site_climbs_by_name_to_the_kapolres(
    plan: Plan, severity: str
) -> None:
    policy = plan.policy_by_severity[severity]
    for site in plan.sites:
        for step in policy.steps:
            posts = [post for kind in step.posts if (post := plan.post(kind, site.unit))]
            assert any(post.holder and post.contacts for post in posts), (site.id, step)
    assert policy.steps[-1].posts == ["kapolres"]


def test_the_severer_the_alert_the_sooner_it_climbs(plan: Plan) -> None:
    delays = [plan.policy_by_severity[severity].steps[1].after_s for severity in get_args(Severity)]

    assert delays == [900, 60, 10, 10]
    assert plan.policy_by_severity["kritis"].start_level == 3
    for milder, severer in pairwise(plan.policy_by_severity[s] for s in get_args(Severity)):
        assert severer.progress_s <= milder.progress_s
        assert severer.repeat_s <= milder.repeat_s


def test_the_severity_table_is_the_researched_one(plan: Plan) -> None:
    table = plan.category_by_id

    assert len(table) == 41
    assert set(SYSTEM_CATEGORIES.values()) <= set(table)
    assert table["suspicious_person"].severity == "sedang"
    assert table["suspicious_object"].family == table["suspicious_person"].family
    assert table["officer_duress"].severity == "kritis"
    assert {category.family for category in plan.categories} >= {
        "property", "person", "logistics", "crowd", "nature", "technical", "officer",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("day", "situation", "site", "visits"),
    [
        (SECOND_CAMPAIGN_DAY, Situation(), "kpu-tuban", 3),
        (SECOND_CAMPAIGN_DAY, Situation(), "bawaslu-tuban", 3),
        (SECOND_CAMPAIGN_DAY, Situation(), "gudang-logistik", 4 + 24),
        (SECOND_CAMPAIGN_DAY, Situation(logistics_stage="ballots"), "gudang-logistik", 6 + 24),
        (SECOND_CAMPAIGN_DAY, Situation(), "ppk-soko", 1),
        (SECOND_CAMPAIGN_DAY, Situation(), "ppk-jenu", 0),
        (date(2024, 2, 12), Situation(), "kpu-tuban", 4),
        (date(2024, 2, 12), Situation(), "gudang-logistik", 8 + 24),
        (date(2024, 2, 12), Situation(), "ppk-jenu", 2),
        (ELECTION_DAY, Situation(), "tps-jenu-01", 6),
        (ELECTION_DAY, Situation(), "tps-soko-01", 9),
        (date(2024, 2, 16), Situation(), "ppk-jenu", 4),
        (date(2024, 2, 16), Situation(), "kpu-tuban", 4),
        (date(2026, 11, 23), Situation(), "kpu-tuban", 0),
        (date(2026, 11, 23), Situation(phase="campaign"), "kpu-tuban", 3),
    ],
)
def test_a_site_is_visited_as_often_as_its_phase_demands(
    plan: Plan, day: date, situation: Situation, site: str, visits: int
) -> None:
    assert sum(visit.site == site for visit in expand(plan, situation, day)) == visits


def test_the_samapta_car_has_the_three_prime_sites(plan: Plan) -> None:
    crews = {
        (visit.site, visit.crew)
        for visit in expand(plan, Situation(), SECOND_CAMPAIGN_DAY)
        if visit.rule.startswith("kampanye")
    }
    assert {crew for site, crew in crews if not site.startswith("ppk")} == {"R-21"}
    assert all(crew for _, crew in crews), "a visit that nobody has been given"
