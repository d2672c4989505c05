"""The chain: an alert climbs until a person takes it, and an acknowledgement expires."""

from datetime import timedelta

import msgspec
import pytest

from services.alerts.domain.escalation import due
from shared.events.alert import Alert, AlertAckExpired, AlertEscalated, AlertUpdated
from shared.plan.model import Plan, Step
from tests.builders import NIGHT, POLICIES, POSTS, a_plan, a_policy, a_post, an_alert, an_owner
from tests.unit.alerts.engine import Engine, shown


def a_plan_with(policy_over: dict[str, object], **over: object) -> Plan:
    return a_plan(policies=[a_policy(**policy_over), *POLICIES[1:]], **over)


def ticked(alert: Alert, seconds: float, plan: Plan | None = None) -> Alert:
    decision = due(alert, plan or a_plan(), NIGHT + timedelta(seconds=seconds))
    assert decision is not None
    return decision.alert


def test_an_unacknowledged_alert_climbs_one_level_at_a_time_and_never_early() -> None:
    alert = an_alert()

    assert due(alert, a_plan(), NIGHT + timedelta(seconds=9.999)) is None
    decision = due(alert, a_plan(), NIGHT + timedelta(seconds=10))

    assert decision is not None
    assert decision.event is AlertEscalated
    assert (decision.alert.level, decision.alert.post) == (2, "Padal")
    assert decision.alert.next_post == "Kasat Samapta"
    assert {page.post for page in decision.pages} == {"padal"}
    assert [reason.code for reason in decision.reasons] == ["nobody_took_it"]


def test_the_last_level_is_told_again_and_again_until_somebody_takes_the_alert() -> None:
    alert = an_alert()
    for seconds in (10, 20, 30):
        alert = ticked(alert, seconds)
    assert (alert.level, alert.post, alert.next_post) == (4, "Kabag Ops", "Kabag Ops")

    first = due(alert, a_plan(), NIGHT + timedelta(seconds=90))
    assert first is not None
    second = due(first.alert, a_plan(), NIGHT + timedelta(seconds=150))

    assert second is not None
    assert first.event is second.event is AlertUpdated
    assert first.alert.level == second.alert.level == 4
    assert {page.post for page in second.pages} == {"kabag-ops"}
    assert not {page.dedup for page in first.pages} & {page.dedup for page in second.pages}
    assert second.alert.timeline[-1].note == "×2"


async def test_a_chain_that_begins_high_copies_the_levels_that_it_skips(engine: Engine) -> None:
    await engine.reported_one("fire")

    alert = engine.store.alert()
    assert (alert.level, alert.post) == (2, "Padal")
    why = {page.post: page.why for page in engine.store.pages()}
    assert why == {
        "padal": "Peringatan baru, tingkat 2",
        "operator": "Tembusan: langsung ke tingkat 2",
    }


def test_a_first_step_with_a_delay_tells_nobody_before_it() -> None:
    alert = an_alert(category="other")
    assert (alert.level, alert.post, alert.next_post) == (0, None, "Operator Posko")

    alert = ticked(alert, 900)

    assert (alert.level, alert.post) == (1, "Operator Posko")


def test_a_step_that_reaches_nobody_is_skipped_at_once_and_said() -> None:
    unreachable = a_post("padal", "Padal", contacts=[])
    plan = a_plan(posts=[POSTS[0], unreachable, *POSTS[2:]])

    decision = due(an_alert(), plan, NIGHT + timedelta(seconds=10))

    assert decision is not None
    assert decision.alert.level == 3
    assert "empty_step" in {entry.what for entry in decision.alert.timeline}
    assert "empty_step" in {reason.code for reason in decision.alert.reasons}


def test_empty_steps_at_the_top_send_the_chain_back_to_whoever_is_reached() -> None:
    plan = a_plan(posts=[POSTS[0]])
    alert = an_alert(plan=plan)

    decision = due(alert, plan, NIGHT + timedelta(seconds=10))

    assert decision is not None
    assert (decision.alert.level, decision.alert.post) == (1, "Operator Posko")
    assert {page.post for page in decision.pages} == {"operator"}
    assert decision.alert.next_due_at == NIGHT + timedelta(seconds=70)
    again = due(decision.alert, plan, NIGHT + timedelta(seconds=70))
    assert again is not None
    skipped = [entry.level for entry in again.alert.timeline if entry.what == "empty_step"]
    assert skipped == [2, 3, 4]


async def test_a_chain_that_begins_above_whom_it_reaches_tells_all_whom_it_reaches(
    engine: Engine,
) -> None:
    high = a_policy(severities=["sedang", "tinggi", "kritis"], start_level=3)
    engine.plans.plan = a_plan(posts=list(POSTS[:2]), policies=[high])

    await engine.reported_one()

    alert = next(each for each in engine.store.alerts() if each.kind == "incident")
    assert (alert.level, alert.post) == (2, "Padal")
    assert alert.next_due_at == engine.clock.now + timedelta(seconds=60)
    told = {page.dedup.removeprefix(alert.id) for page in engine.store.pages()}
    assert told >= {":1:1:operator:log", ":1:2:padal:log"}


def test_where_nobody_is_reached_the_alert_says_so_and_goes_on_trying() -> None:
    plan = a_plan(posts=[])
    alert = an_alert(plan=plan)
    assert "nobody_reachable" in {reason.code for reason in alert.reasons}
    assert alert.next_due_at == NIGHT + timedelta(seconds=60)

    healed = ticked(alert, 60)

    assert (healed.level, healed.post) == (1, "Operator Posko")
    assert "nobody_reachable" not in {reason.code for reason in healed.reasons}


def test_several_posts_of_a_step_are_told_at_once() -> None:
    plan = a_plan_with({"steps": [Step(after_s=0, posts=["operator", "kasat", "operator"])]})

    alert = an_alert(plan=plan)

    assert alert.post == "Operator Posko, Kasat Samapta"


async def test_an_acknowledgement_ends_the_climb_and_expires_without_progress(
    engine: Engine,
) -> None:
    engine.plans.plan = a_plan()
    await engine.reported_one()
    await engine.command("acknowledge")
    pages = len(engine.store.pages())

    await engine.climbing(299)
    assert len(engine.store.pages()) == pages
    await engine.after(1)

    alert = engine.store.alert()
    assert engine.types()[-1] == "alert.ack_expired"
    assert (alert.state, alert.cycle, alert.level) == ("raised", 2, 2)
    assert alert.owner is not None
    assert alert.owner.name == "Ipda Siti"
    assert alert.acknowledged_at is not None


def test_an_expiry_tells_the_new_level_and_the_owner() -> None:
    alert = an_alert()
    owner = an_owner("Iptu Teladan")
    held = msgspec.structs.replace(
        alert,
        state="acknowledged",
        owner=msgspec.structs.replace(owner, actor="p-2001"),
        next_due_kind="ack_expiry",
        next_due_at=NIGHT,
        level=3,
    )

    decision = due(held, a_plan(), NIGHT)

    assert decision is not None
    assert decision.event is AlertAckExpired
    assert {(page.post, page.dedup.endswith(":expired")) for page in decision.pages} == {
        ("kabag-ops", False),
        ("padal", True),
    }
    assert decision.alert.level == 4


def test_an_expiry_tells_the_last_level_where_the_owner_holds_no_post() -> None:
    held = msgspec.structs.replace(
        an_alert(), owner=an_owner(), next_due_kind="ack_expiry", next_due_at=NIGHT
    )

    decision = due(held, a_plan(), NIGHT)

    assert decision is not None
    assert {(page.post, page.dedup.endswith(":expired")) for page in decision.pages} == {
        ("padal", False),
        ("operator", True),
    }


@pytest.mark.parametrize("state", ["dispatched", "arrived"])
def test_what_the_field_did_stays_when_an_acknowledgement_expires(state: str) -> None:
    held = msgspec.structs.replace(
        an_alert(), state=state, owner=an_owner(), next_due_kind="ack_expiry", next_due_at=NIGHT
    )

    alert = ticked(held, 0)

    assert (alert.state, alert.next_due_kind, alert.cycle) == (state, "climb", 2)


async def test_a_rise_in_severity_calls_again_although_somebody_holds_it(engine: Engine) -> None:
    await engine.reported_one()
    await engine.command("dispatch", crew="R-21")

    await engine.reported_one("suspicious_object", actor="p-7")

    alert = engine.store.alert()
    assert engine.types()[-1] == "alert.escalated"
    assert (alert.state, alert.severity, alert.cycle) == ("dispatched", "kritis", 2)
    assert (alert.next_due_kind, alert.policy) == ("climb", "gawat")
    assert alert.owner is not None


async def test_a_rise_while_it_climbs_goes_on_above_the_highest_level(engine: Engine) -> None:
    await engine.reported_one()
    await engine.climbing(10)
    assert engine.store.alert().level == 2

    await engine.reported_one("fire", copyof_first=True)

    alert = engine.store.alert()
    assert (alert.level, alert.cycle, alert.severity) == (3, 2, "kritis")


async def test_retaking_after_a_rise_makes_the_new_person_the_owner(engine: Engine) -> None:
    await engine.reported_one()
    await engine.command("dispatch", crew="R-21")
    await engine.reported_one("suspicious_object", actor="p-7")

    answer = await engine.command("acknowledge", by=engine.person("Kompol Budi"))

    alert = shown(answer)
    assert alert.owner is not None
    assert (alert.owner.name, alert.state) == ("Kompol Budi", "dispatched")
