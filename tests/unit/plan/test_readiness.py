"""Twelve hours ahead: which shifts, steps and contacts are empty."""

from datetime import UTC, datetime, time
from typing import Any

from msgspec.structs import replace

from shared.plan.model import Channel, Contact, Person, Plan, Shift, Situation, Step
from shared.plan.readiness import Lack, readiness
from tests.unit.plan.plans import rule, small_plan

SIX = datetime(2024, 1, 10, 23, 0, tzinfo=UTC)  # 06.00 local, the 11th
RADIO = Channel(id="radio", kind="webhook", url="https://radio.example/hook")
CALLED = [Contact(channel="radio", address="x")]


def shift(crew: str, begins: int, ends: int, *members: str) -> Shift:
    return Shift(
        id=f"{crew.lower()}-{begins}",
        crew=crew,
        unit="polres",
        members=list(members),
        starts=time(begins),
        ends=time(ends),
    )


def sound_plan(**over: Any) -> Plan:
    """A plan of which nothing is empty: one crew round the clock, everybody on the radio."""
    plan = small_plan(
        visit_rules=[rule("pagi", "08:00", "16:00", crew="R-21")],
        shifts=[shift("R-21", 7, 19, "p-1"), shift("R-21", 19, 7, "p-1")],
    )
    return replace(
        plan,
        channels=[*plan.channels, RADIO],
        posts=[replace(plan.posts[0], contacts=CALLED)],
        **over,
    )


def lacks(plan: Plan, situation: Situation | None = None, **over: Any) -> list[Lack]:
    return readiness(plan, situation or Situation(), SIX, **over)


def with_step(step: Step, **over: Any) -> Plan:
    plan = sound_plan(**over)
    return replace(plan, policies=[replace(plan.policies[0], steps=[step])])


def test_of_a_sound_plan_nothing_is_said() -> None:
    assert lacks(sound_plan()) == []


def test_a_crew_without_anybody_on_shift_when_it_is_due_is_named() -> None:
    (lack,) = lacks(sound_plan(shifts=[shift("R-21", 7, 12, "p-1")]))
    assert (lack.kind, lack.code, lack.who, lack.grave) == ("shift", "no_shift", "R-21", True)
    assert lack.starts == datetime(2024, 1, 11, 9, 0, tzinfo=UTC), "16.00 local"


def test_only_the_hours_ahead_count() -> None:
    plan = sound_plan(shifts=[shift("R-21", 7, 12, "p-1")])
    assert lacks(plan, hours=9) == []
    assert len(lacks(plan, hours=10.5)) == 1


def test_visits_that_fall_to_no_crew_are_worth_a_look() -> None:
    plan = sound_plan(visit_rules=[rule("pagi", "08:00")])
    assert [(lack.code, lack.grave) for lack in lacks(plan)] == [("no_crew", False)]


def test_a_step_that_reaches_nobody_for_a_while_is_named_with_that_while() -> None:
    people = [
        Person(id="p-1", name="B", rank="Ipda", unit="polres", role="officer", contacts=CALLED)
    ]
    shifts = [shift("R-21", 7, 12, "p-1")]
    plan = with_step(Step(after_s=0, crews=["R-21"]), people=people, shifts=shifts, visit_rules=[])
    (lack,) = lacks(plan)
    assert (lack.kind, lack.who) == ("step", "semua/1 polres")
    assert lack.starts == SIX
    assert lack.ends == datetime(2024, 1, 11, 11, 0, tzinfo=UTC), "18.00, the last hour looked at"


def test_a_post_that_is_not_there_is_an_empty_step() -> None:
    plan = with_step(Step(after_s=0, posts=["kapolsek"]))
    assert {lack.code for lack in lacks(plan)} == {"empty_step"}


def test_a_person_of_a_chain_without_a_contact_is_named() -> None:
    plan = with_step(Step(after_s=0, posts=["padal"], people=["p-1"]))
    assert [(lack.kind, lack.code, lack.who) for lack in lacks(plan)] == [
        ("contact", "no_contact", "p-1")
    ]


def test_a_contact_that_is_only_a_log_is_worth_a_look() -> None:
    quiet = replace(sound_plan().posts[0], contacts=[Contact(channel="log", address="x")])
    loud = Person(id="p-1", name="B", rank="Ipda", unit="polres", role="officer", contacts=CALLED)
    plan = with_step(Step(after_s=0, posts=["padal"], people=["p-1"]), people=[loud])
    plan = replace(plan, posts=[quiet])
    assert [(lack.code, lack.grave) for lack in lacks(plan)] == [("log_only", False)]


def test_a_chain_that_calls_nobody_is_empty_though_it_writes_a_log() -> None:
    quiet = replace(sound_plan().posts[0], contacts=[Contact(channel="log", address="x")])
    plan = replace(sound_plan(), posts=[quiet])
    graves = [lack for lack in lacks(plan) if lack.grave]
    assert [(lack.code, lack.who) for lack in graves] == [("deaf_chain", "semua")]
    drill = replace(plan, operation=replace(plan.operation, purpose="exercise"))
    assert not [lack for lack in lacks(drill) if lack.grave]


def test_a_crew_that_should_have_begun_and_has_not_is_missing() -> None:
    plan = sound_plan()
    assert [lack.code for lack in lacks(plan, on_duty=[])] == ["not_begun"]
    assert lacks(plan, on_duty=["R-21"]) == []
    just_begun = replace(plan, shifts=[replace(plan.shifts[0], starts=time(5, 45), ends=time(23))])
    assert lacks(just_begun, on_duty=[]) == [], "a crew may be some minutes late"


def test_whoever_stands_in_fills_the_hole() -> None:
    deputy = Person(id="p-2", name="L", rank="Ipda", unit="polres", role="officer", contacts=CALLED)
    plan = with_step(Step(after_s=0, people=["p-1"]), people=[sound_plan().people[0], deputy])
    assert {lack.code for lack in lacks(plan)} == {"empty_step", "no_contact"}
    assert lacks(plan, Situation(stand_ins={"p-1": "p-2"})) == []
