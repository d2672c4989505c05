"""What an officer is to do: the crew's visits of a week, with all that they need offline."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from ronda.plans import read
from ronda.stack.settings import DEFAULT_PLAN
from services.checkin.domain.assignment import Assignment, assignment, crews_of, visits_kept
from services.checkin.handlers.phone import Phone
from shared.events.samples import samples
from shared.events.task import VulnerabilityAssigned
from shared.plan.in_force import in_force
from shared.plan.model import DueVisit, Plan, Situation
from shared.problem import ProblemError
from tests.unit.checkin.builders import a_sender
from tests.unit.checkin.fakes import FakeInbox, FakePlans

PLAN = read(DEFAULT_PLAN)
UNIT = PLAN.operation.unit
NIGHT = datetime(2023, 11, 29, 14, 30, tzinfo=UTC)  # 21:30 in Tuban
PRIME = {"kpu-tuban", "bawaslu-tuban", "gudang-logistik"}


def given(actor: str = "p-1011", situation: Situation | None = None, **over: Any) -> Assignment:
    now = situation or Situation()
    plan = in_force(PLAN, now)
    asked: dict[str, Any] = {
        "actor": actor,
        "unit": UNIT,
        "crews": crews_of(plan, actor),
        "tasks": [],
        "now": NIGHT,
    }
    asked |= over
    today = asked["now"].astimezone(plan.timezone).date()
    return assignment(plan, now, visits_kept(plan, now, today), **asked)


def test_the_targets_are_the_crews_visits_from_yesterday_until_five_days_ahead() -> None:
    told = given()
    assert {target.crew for target in told.targets} == {"R-21"}
    assert {target.site for target in told.targets} <= PRIME
    days = {target.due_at.date() for target in told.targets}
    assert days == {NIGHT.date() + timedelta(days=n) for n in range(-1, 6)}
    assert [target.due_at for target in told.targets] == sorted(
        target.due_at for target in told.targets
    )
    assert (told.phase and told.phase.code) == "campaign"


def test_a_round_is_the_same_whether_it_was_asked_for_today_or_three_days_before() -> None:
    later = NIGHT + timedelta(days=3)
    today = {target for target in given(now=later).targets if target.due_at.date() == later.date()}
    assert today
    assert today <= set(given().targets)


def test_a_new_situation_or_day_is_a_new_round_and_the_same_one_is_not_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[date] = []

    def counting(plan: Plan, situation: Situation, today: date) -> list[DueVisit]:
        made.append(today)
        return visits_kept(plan, situation, today)

    monkeypatch.setattr("services.checkin.handlers.phone.visits_kept", counting)
    now = NIGHT
    plans = FakePlans(PLAN)
    desk = Phone(plans, FakeInbox(), lambda: now)
    for _ in range(2):
        desk.assignment(a_sender(), "R-21")
    now = NIGHT + timedelta(days=1)
    desk.assignment(a_sender(), "R-21")
    assert [day - NIGHT.date() for day in made] == [timedelta(0), timedelta(days=1)]
    monkeypatch.setattr(plans, "situation", lambda _: Situation(phase="quiet_period"))
    desk.assignment(a_sender(), "R-21")
    assert len(made) == 3


def test_what_a_visit_needs_is_there_without_another_request() -> None:
    told = given()
    sites = {site.id: site for site in told.sites}
    kinds = {kind.id: kind for kind in told.site_types}
    assert list(sites)[:3] == [site.id for site in PLAN.sites if site.id in PRIME]
    for target in told.targets:
        assert kinds[sites[target.site].type].checklist
    assert told.categories == PLAN.categories
    assert told.person is not None
    assert (told.person.name, told.person.rank) == ("Arya Rahmanto", "Bripka")
    members = {member.id for duty in told.crews[0].shifts for member in duty.members}
    assert "p-1011" in members


def test_who_is_on_no_shift_sees_the_units_sites_and_no_targets() -> None:
    told = given("p-9999", unit=f"{UNIT}/polsek-soko")
    assert (told.person, told.crews, told.targets) == (None, [], [])
    assert told.sites
    assert {site.unit for site in told.sites} == {f"{UNIT}/polsek-soko"}


def test_who_stands_in_has_the_crews_targets() -> None:
    told = given("p-1007", Situation(stand_ins={"p-1011": "p-1007"}))
    assert [crew.crew for crew in told.crews] == ["R-21"]
    assert given("p-1007").crews == []


def test_the_poskos_phase_is_the_phase() -> None:
    told = given(situation=Situation(phase="quiet_period"))
    assert (told.phase and told.phase.name) == "Masa tenang"


def test_open_tasks_are_those_of_the_sites_that_are_shown() -> None:
    event = samples()["ronda.vulnerability.assigned.v1"]
    assert isinstance(event, VulnerabilityAssigned)
    there = msgspec.structs.replace(event.data, site="gudang-logistik")
    elsewhere = msgspec.structs.replace(event.data, site="nowhere")
    assert [task.site for task in given(tasks=[there, elsewhere]).tasks] == ["gudang-logistik"]


def test_the_same_day_gives_the_same_bytes() -> None:
    later = NIGHT + timedelta(hours=2)
    assert msgspec.json.encode(given()) == msgspec.json.encode(given(now=later))


@pytest.mark.parametrize(("crew", "status"), [("R-07", None), ("R-99", 403)])
def test_another_crew_may_be_asked_for_within_ones_unit(crew: str, status: int | None) -> None:
    desk = Phone(FakePlans(PLAN), FakeInbox(), lambda: NIGHT)
    sender = a_sender()
    if status is None:
        told = desk.assignment(sender, crew)
        assert {each.crew for each in told.crews} >= {crew}
        return
    with pytest.raises(ProblemError) as refused:
        desk.assignment(sender, crew)
    assert refused.value.problem.status == status


def test_before_there_is_a_plan_there_is_no_assignment() -> None:
    with pytest.raises(ProblemError) as refused:
        Phone(FakePlans(None), FakeInbox(), lambda: NIGHT).assignment(a_sender(), None)
    assert refused.value.problem.extra == {"code": "no_plan"}


def test_a_site_says_how_many_guards_a_visit_should_meet_where_the_plan_does() -> None:
    told = msgspec.json.decode(msgspec.json.encode(given().sites))
    assert {site["id"]: site["guards"] for site in told if "guards" in site} == {
        "gudang-logistik": 6,
        "kpu-tuban": 4,
        "bawaslu-tuban": 4,
    }
