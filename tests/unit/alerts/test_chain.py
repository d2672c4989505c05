"""Whom a step reaches: posts, persons, whoever is on shift; and what an empty step does."""

from datetime import UTC, datetime, time

import msgspec

from services.alerts.domain.chain import chain_of
from services.alerts.domain.escalation import due
from shared.events.alert import Owner
from shared.plan.in_force import in_force
from shared.plan.model import Contact, Person, Plan, Shift, Situation, Step
from tests.builders import (
    NIGHT,
    POLICIES,
    POLRES,
    POSTS,
    a_plan,
    a_policy,
    a_post,
    a_principal,
    an_alert,
)
from tests.unit.alerts.engine import Engine, shown

EVENING = datetime(2023, 11, 29, 14, 0, tzinfo=UTC)  # 21.00 at Tuban
MORNING = datetime(2023, 11, 29, 2, 0, tzinfo=UTC)


def person(name: str, *, reached: bool = True) -> Person:
    contacts = [Contact(channel="log", address=name)] if reached else []
    return Person(
        id=name, name=name.title(), rank="Ipda", unit=POLRES, role="officer", contacts=contacts
    )


def shift(name: str, begins: int, ends: int, *members: str) -> Shift:
    return Shift(
        id=name,
        crew="R-21",
        unit=POLRES,
        members=list(members),
        starts=time(begins),
        ends=time(ends),
    )


def plan_with(*steps: Step, **over: object) -> Plan:
    fields: dict[str, object] = {
        "policies": [a_policy(steps=list(steps)), *POLICIES[1:]],
        "people": [person("bagas"), person("laras"), person("tono", reached=False)],
        "shifts": [shift("siang", 7, 19, "bagas"), shift("malam", 19, 7, "laras", "tono")],
    }
    return a_plan(**fields | over)


def told(plan: Plan, level: int, now: datetime) -> list[str]:
    return [each.person for each in chain_of(plan, "sedang", POLRES, None, now).people(level)]


def test_a_step_may_name_posts_persons_and_crews_at_once() -> None:
    step = Step(after_s=0, posts=["operator"], people=["bagas"], crews=["R-21"])
    assert set(told(plan_with(step), 1, EVENING)) == {"Operator Posko", "Bagas", "Laras"}


def test_of_a_crew_whoever_is_on_shift_is_told() -> None:
    plan = plan_with(Step(after_s=0, crews=["R-21"]))
    assert told(plan, 1, EVENING) == ["Laras"]
    assert told(plan, 1, MORNING) == ["Bagas"]


def test_a_person_without_a_contact_is_reached_by_nothing() -> None:
    assert told(plan_with(Step(after_s=0, people=["tono", "hilang"])), 1, EVENING) == []


def test_whoever_stands_in_is_told_instead() -> None:
    plan = plan_with(Step(after_s=0, people=["bagas"]))
    assert told(in_force(plan, Situation(stand_ins={"bagas": "laras"})), 1, EVENING) == ["Laras"]


def test_a_step_is_asked_when_it_is_its_turn_not_when_the_alert_began() -> None:
    plan = plan_with(Step(after_s=0, posts=["operator"]), Step(after_s=10, crews=["R-21"]))
    alert = an_alert(plan=plan, now=EVENING)
    decision = due(alert, plan, NIGHT)
    assert decision is not None
    assert decision.alert.post == "Laras"


async def test_an_empty_step_is_skipped_and_is_an_alert_of_its_own(engine: Engine) -> None:
    steps = [Step(after_s=0, posts=["operator"]), Step(after_s=10, posts=["hilang"])]
    policy = a_policy(steps=[*steps, Step(after_s=10, posts=["kasat"])])
    engine.plans.plan = a_plan(policies=[policy, *POLICIES[1:]])
    await engine.reported_one()
    await engine.after(10)

    incident, gap = engine.store.alerts()
    assert (incident.level, incident.post) == (3, "Kasat Samapta")
    assert (gap.kind, gap.category, gap.severity, gap.unit) == (
        "roster",
        "chain_gap",
        "sedang",
        POLRES,
    )
    assert gap.level == 1, "it climbs like any other"
    assert "hilang" in (gap.parts[0].text or "")


async def test_a_hole_is_raised_once_a_day_however_many_fall_into_it(engine: Engine) -> None:
    engine.plans.plan = a_plan(posts=list(POSTS[1:]))
    await engine.reported_one("other")
    await engine.reported_one("suspicious_person")
    await engine.climbing(1000)

    gaps = [alert for alert in engine.store.alerts() if alert.kind == "roster"]
    assert len({alert.parts[0].text for alert in gaps}) == len(gaps)
    found = len(gaps)
    await engine.another().reported_one("suspicious_person", subject="kpu-tuban")
    assert len([each for each in engine.store.alerts() if each.kind == "roster"]) == found

    await engine.after(86_400)
    await engine.reported_one("suspicious_person", time=engine.clock.now)
    assert len([each for each in engine.store.alerts() if each.kind == "roster"]) > found


async def test_a_step_whose_calls_all_fail_is_skipped_at_once_and_is_an_alert(
    engine: Engine,
) -> None:
    await engine.reported_one()
    engine.notifier.error = "503"
    await engine.deliver()
    engine.notifier.error = None
    await engine.after(0.001)

    alert = engine.store.alert()
    assert (alert.level, alert.post, alert.undelivered) == (2, "Padal", ["operator"])
    (gap,) = [each for each in engine.store.alerts() if each.kind == "roster"]
    assert "operator" in (gap.parts[0].text or "")


async def test_at_the_last_level_a_failed_call_hastens_nothing(engine: Engine) -> None:
    engine.plans.plan = a_plan(
        policies=[a_policy(steps=[Step(after_s=0, posts=["operator"])]), *POLICIES[1:]]
    )
    await engine.reported_one()
    before = engine.store.alert().next_due_at
    engine.notifier.error = "503"
    await engine.deliver()
    assert engine.store.alert().next_due_at == before


async def test_where_nobody_at_all_is_reached_there_is_one_alert_more(engine: Engine) -> None:
    engine.plans.plan = a_plan(posts=[])
    await engine.reported_one()
    await engine.climbing(200)
    assert [alert.kind for alert in engine.store.alerts()] == ["incident", "roster"]


async def test_an_expired_acknowledgement_climbs_above_the_highest_and_tells_both(
    engine: Engine,
) -> None:
    engine.plans.plan = a_plan(policies=[a_policy(progress_s=60), *POLICIES[1:]])
    await engine.reported_one()
    await engine.after(10)
    shown(await engine.command("acknowledge", a_principal("Padal", actor="p-2001")))
    before = {page.dedup for page in engine.store.pages()}
    await engine.after(60)

    alert = engine.store.alert()
    assert (alert.level, alert.cycle, alert.state) == (3, 2, "raised")
    assert alert.owner is not None
    assert alert.owner.actor == "p-2001"
    new = {page.post for page in engine.store.pages() if page.dedup not in before}
    assert new == {"kasat", "padal"}, "the next level, and whoever had taken it"


def expired(plan: Plan, actor: str) -> list[tuple[int, str]]:
    """Who is told at which level when an acknowledgement of level 1 expires."""
    owner = Owner(actor=actor, name=actor, role="operator", at=EVENING)
    alert = msgspec.structs.replace(
        an_alert(plan=plan, now=EVENING),
        state="acknowledged",
        owner=owner,
        next_due_kind="ack_expiry",
        next_due_at=EVENING,
    )
    decision = due(alert, plan, EVENING)
    assert decision is not None
    return [(page.level, page.address) for page in decision.pages]


def test_a_person_who_let_it_expire_is_told_by_contacts_of_their_own() -> None:
    plan = plan_with(Step(after_s=0, people=["laras"]), Step(after_s=10, people=["bagas"]))
    assert expired(plan, "laras") == [(2, "bagas"), (1, "laras")]


def test_a_person_with_a_post_is_told_by_both_and_by_no_way_twice() -> None:
    contacts = [Contact(channel="log", address=each) for each in ("laras", "meja")]
    posts = [a_post("padal", "Padal", holder="laras", contacts=contacts)]
    plan = plan_with(
        Step(after_s=0, people=["laras"]), Step(after_s=10, people=["bagas"]), posts=posts
    )
    assert expired(plan, "laras") == [(2, "bagas"), (1, "laras"), (1, "meja")]


def test_whoever_is_of_the_next_level_too_is_told_once() -> None:
    plan = plan_with(Step(after_s=0, people=["laras"]), Step(after_s=10, people=["bagas", "laras"]))
    assert expired(plan, "laras") == [(2, "bagas"), (2, "laras")]
