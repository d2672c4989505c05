"""What people decide: one of them wins, nobody decides unseen, and grave things take two."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.alerts.domain.severity import SEVERITIES
from services.alerts.handlers import VERBS, Verb
from services.alerts.handlers.commands import ROLES
from shared.auth import ROLES as ALL_ROLES
from shared.events.alert import Alert
from shared.plan.model import Step
from tests.builders import (
    POLSEK,
    a_duress,
    a_plan,
    a_policy,
    a_post,
    a_principal,
    an_id,
    an_incident,
)
from tests.fake_store import Crash
from tests.unit.alerts.engine import Engine, problem, shown

SITI = a_principal("Ipda Siti")
BUDI = a_principal("Aiptu Budi", role="supervisor")
RANI = a_principal("Kompol Rani", role="commander")

BODIES: dict[Verb, dict[str, Any]] = {
    "acknowledge": {},
    "release": {"reason": "salah baris"},
    "dispatch": {"crew": "R-21"},
    "arrive": {},
    "resolve": {"outcome": "handled_on_site"},
    "close": {},
    "reopen": {"reason": "mereka kembali"},
    "note": {"note": "sudah ditelepon"},
    "call": {},
    "merge": {},
    "split": {},
    "undo": {},
}


async def brought_to(engine: Engine, state: str, category: str = "suspicious_person") -> Alert:
    """The only alert, brought to a state by Siti."""
    await engine.reported(an_incident(category))
    steps: list[Verb] = ["acknowledge", "dispatch", "arrive", "resolve", "close"]
    ends = {"acknowledged": 1, "dispatched": 2, "arrived": 3, "resolved": 4, "closed": 5}
    for verb in steps[: ends.get(state, 0)]:
        shown(await engine.command(verb, SITI, **BODIES[verb]))
    alert = engine.store.alert()
    assert alert.state == state
    return alert


async def test_the_whole_way_from_raised_to_closed(engine: Engine) -> None:
    alert = await brought_to(engine, "closed")

    assert engine.types() == [
        "alert.raised",
        "alert.acknowledged",
        "alert.dispatched",
        "alert.arrived",
        "alert.resolved",
        "alert.closed",
    ]
    assert (alert.version, alert.outcome, alert.next_due_at) == (6, "handled_on_site", None)
    event = engine.store.events()[-1]
    assert (event.actor, event.channel) == (SITI.actor, "operator")


async def test_two_operators_at_once_one_wins_and_the_other_learns_the_name(
    engine: Engine,
) -> None:
    await engine.reported(an_incident())

    answers = await asyncio.gather(
        engine.command("acknowledge", SITI, key="a"), engine.command("acknowledge", BUDI, key="b")
    )

    assert [answer.status for answer in answers] == [200, 409]
    extra = problem(answers[1])["extra"]
    assert (extra["name"], extra["role"]) == ("Ipda Siti", "operator")
    assert extra["at"] == engine.clock.now.isoformat()
    assert engine.types() == ["alert.raised", "alert.acknowledged"]


async def test_taking_it_twice_changes_nothing(engine: Engine) -> None:
    await brought_to(engine, "acknowledged")

    answer = await engine.command("acknowledge", SITI, key="another")

    assert shown(answer) == engine.store.alert()
    assert engine.types().count("alert.acknowledged") == 1


async def test_the_same_key_gives_the_same_answer_though_the_world_moved(engine: Engine) -> None:
    alert = await brought_to(engine, "raised")
    first = await engine.command("acknowledge", SITI, alert=alert, key="k")
    await engine.command("dispatch", SITI, crew="R-21")

    again = await engine.command("acknowledge", SITI, alert=alert, key="k")

    assert again == first
    assert shown(again).state == "acknowledged"


async def test_a_refusal_is_kept_under_its_key_too(engine: Engine) -> None:
    alert = await brought_to(engine, "acknowledged")
    first = await engine.command("acknowledge", BUDI, alert=alert, key="k")
    await engine.after(300)

    assert await engine.command("acknowledge", BUDI, alert=alert, key="k") == first
    assert first.status == 409


async def test_a_key_is_its_owners_and_its_commands_alone(engine: Engine) -> None:
    await brought_to(engine, "raised")
    await engine.command("acknowledge", SITI, key="k")

    assert (await engine.command("acknowledge", BUDI, key="k")).status == 409
    assert shown(await engine.command("dispatch", SITI, key="k", crew="R-21")).state == "dispatched"


async def test_a_command_that_died_with_its_commit_may_be_sent_again(engine: Engine) -> None:
    await brought_to(engine, "raised")
    engine.store.crash_after_commit = 1
    with pytest.raises(Crash):
        await engine.command("acknowledge", SITI, key="k")

    answer = await engine.command("acknowledge", SITI, key="k", version=1)

    assert shown(answer).version == 2
    assert engine.types().count("alert.acknowledged") == 1


async def test_taking_needs_no_version_because_the_alert_may_have_climbed(engine: Engine) -> None:
    seen = await brought_to(engine, "raised")
    await engine.climbing(10)

    assert shown(await engine.command("acknowledge", SITI, alert=seen)).level == 2


@pytest.mark.parametrize(
    ("verb", "state"), [("resolve", "acknowledged"), ("close", "resolved"), ("reopen", "closed")]
)
async def test_what_ends_or_reopens_an_alert_is_said_of_the_version_that_was_seen(
    engine: Engine, verb: Verb, state: str
) -> None:
    seen = await brought_to(engine, state)
    await engine.command("note", BUDI, note="masih ramai")

    answer = await engine.command(verb, SITI, alert=seen, **BODIES[verb])

    assert answer.status == 409
    assert problem(answer)["extra"]["name"] == "Aiptu Budi"


LEGAL: dict[str, set[Verb]] = {
    "raised": {"acknowledge", "dispatch", "note", "call"},
    "acknowledged": {"acknowledge", "release", "dispatch", "resolve", "note", "call"},
    "dispatched": {"acknowledge", "dispatch", "arrive", "resolve", "note", "call"},
    "arrived": {"acknowledge", "dispatch", "arrive", "resolve", "note", "call"},
    "resolved": {"close", "reopen", "note"},
    "closed": {"reopen", "note"},
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", LEGAL)
async def test_a_command_fits_a_state_or_is_refused_and_changes_nothing(
    engine: Engine, verb: Verb, state: str
) -> None:
    before = await brought_to(engine, state)

    answer = await engine.command(verb, SITI, **BODIES[verb])

    if verb in LEGAL[state]:
        assert answer.status == 200
    else:
        assert answer.status == 422
        assert engine.store.alert() == before


@pytest.mark.parametrize(
    ("state", "verb", "body"),
    [
        ("raised", "dispatch", {}),
        ("acknowledged", "resolve", {}),
        ("acknowledged", "resolve", {"outcome": "won"}),
        ("resolved", "close", {"outcome": "won"}),
        ("closed", "reopen", {}),
        ("raised", "note", {}),
        ("dispatched", "arrive", {"crew": "R-99"}),
    ],
)
async def test_a_command_that_lacks_something_says_what(
    engine: Engine, state: str, verb: Verb, body: dict[str, Any]
) -> None:
    await brought_to(engine, state)

    answer = await engine.command(verb, SITI, **body)

    assert answer.status == 422
    assert problem(answer)["extra"]["code"].startswith("lacking_")


async def test_sending_a_crew_takes_an_alert_that_nobody_had(engine: Engine) -> None:
    await brought_to(engine, "raised")

    alert = shown(await engine.command("dispatch", BUDI, crew="R-21"))

    assert alert.owner is not None
    assert (alert.state, alert.owner.name) == ("dispatched", "Aiptu Budi")
    assert alert.next_due_at == engine.clock.now + timedelta(seconds=900)
    assert alert.acknowledged_at == engine.clock.now


async def test_another_operators_crew_leaves_the_owner(engine: Engine) -> None:
    await brought_to(engine, "acknowledged")

    alert = shown(await engine.command("dispatch", BUDI, crew="R-21"))

    assert alert.owner is not None
    assert (alert.owner.name, alert.dispatches[0].by) == ("Ipda Siti", "Aiptu Budi")


async def test_a_crew_that_is_on_its_way_is_not_sent_twice(engine: Engine) -> None:
    await brought_to(engine, "dispatched")

    alert = shown(await engine.command("dispatch", SITI, key="again", crew="R-21"))

    assert [row.crew for row in alert.dispatches] == ["R-21"]


async def test_a_second_crew_may_follow_the_first_and_arrives_by_itself(engine: Engine) -> None:
    await brought_to(engine, "dispatched")
    await engine.command("dispatch", SITI, key="second", crew="R-22")

    alert = shown(await engine.command("arrive", SITI, crew="R-22"))

    arrived = {row.crew: row.arrived_at for row in alert.dispatches}
    assert arrived == {"R-21": None, "R-22": engine.clock.now}


async def test_a_dispatch_without_an_arrival_climbs_again(engine: Engine) -> None:
    await brought_to(engine, "dispatched")

    await engine.after(900)

    alert = engine.store.alert()
    assert (alert.state, alert.next_due_kind, alert.cycle) == ("dispatched", "climb", 2)


async def test_closing_a_grave_alert_takes_a_second_person(engine: Engine) -> None:
    await brought_to(engine, "resolved", "fire")

    first = await engine.command("close", SITI)
    assert first.status == 202
    waiting = msgspec.json.decode(first.body)
    assert waiting["status"] == "awaiting_second"
    assert waiting["alert"]["closing"]["name"] == "Ipda Siti"

    again = await engine.command("close", SITI, key="again")
    assert again.status == 202
    assert (await engine.command("close", BUDI)).status == 403
    assert shown(await engine.command("close", RANI, key="rani")).state == "closed"
    assert engine.types()[-2:] == ["alert.close_proposed", "alert.closed"]


async def test_a_commander_alone_does_not_close_a_grave_alert_either(engine: Engine) -> None:
    await brought_to(engine, "resolved", "fire")

    assert (await engine.command("close", RANI, key="1")).status == 202
    assert (await engine.command("close", RANI, key="2")).status == 202
    assert engine.store.alert().state == "resolved"


async def test_duress_takes_two_persons(engine: Engine) -> None:
    await engine.reported(a_duress())
    for verb in ("acknowledge", "resolve"):
        await engine.command(verb, SITI, **BODIES[verb])

    assert (await engine.command("close", SITI)).status == 202


async def test_a_proposal_to_close_lapses_with_time_and_may_be_made_again(engine: Engine) -> None:
    await brought_to(engine, "resolved", "fire")
    await engine.command("close", SITI)

    await engine.after(30 * 60 - 1)
    assert engine.store.alert().closing is not None
    await engine.after(1)

    alert = engine.store.alert()
    assert engine.types()[-1] == "alert.close_lapsed"
    assert (alert.closing, alert.state, alert.next_due_at) == (None, "resolved", None)
    assert (await engine.command("close", RANI)).status == 202


async def test_a_proposal_to_close_lapses_with_a_new_part(engine: Engine) -> None:
    await brought_to(engine, "resolved", "fire")
    await engine.command("close", SITI)

    await engine.reported_one("fire", copyof_first=True)

    assert engine.types()[-1] == "alert.close_lapsed"
    assert engine.store.alert().closing is None


async def test_reopening_starts_a_cycle_one_level_higher_and_knows_the_owner(
    engine: Engine,
) -> None:
    await brought_to(engine, "closed")

    alert = shown(await engine.command("reopen", BUDI, reason="mereka kembali"))

    assert (alert.state, alert.cycle, alert.level) == ("raised", 2, 2)
    assert (alert.outcome, alert.resolved_at, alert.closed_at) == (None, None, None)
    assert alert.owner is not None
    assert "padal" in {page.post for page in engine.store.pages()}


@pytest.mark.parametrize("role", ALL_ROLES)
async def test_only_the_command_center_commands(engine: Engine, role: str) -> None:
    await engine.reported(an_incident())

    answer = await engine.command("acknowledge", a_principal("X", role=role))

    assert answer.status == (200 if role in ROLES else 403)


async def test_a_unit_below_does_not_command_its_superiors_alerts(engine: Engine) -> None:
    await engine.reported(an_incident())

    answer = await engine.command("acknowledge", a_principal("X", unit=POLSEK))

    assert answer.status == 404
    assert engine.store.alert().owner is None


@pytest.mark.parametrize("alert_id", ["x", "", an_id("nowhere"), an_id("nowhere") + "\n"])
async def test_an_unknown_alert_is_not_found(engine: Engine, alert_id: str) -> None:
    await engine.reported(an_incident())
    alert = msgspec.structs.replace(engine.store.alert(), id=alert_id)

    assert (await engine.command("acknowledge", alert=alert)).status == 404


async def test_a_second_operator_is_called_once_and_nothing_else_changes(engine: Engine) -> None:
    before = await brought_to(engine, "acknowledged")
    pages = len(engine.store.pages())

    after = shown(await engine.command("call", SITI))

    called = [page for page in engine.store.pages() if "kedua" in page.why]
    assert {page.post for page in called} == {"operator"}
    assert len(engine.store.pages()) == pages + len(called)
    assert (after.state, after.next_due_at, after.owner) == (
        before.state,
        before.next_due_at,
        before.owner,
    )
    assert after.timeline[-1].what == "operator_called"
    assert after.timeline[-1].by == "Ipda Siti"

    again = shown(await engine.command("call", BUDI))
    assert again.version == after.version
    engine.clock.advance(121)
    later = shown(await engine.command("call", BUDI, key="later"))
    assert later.version == after.version + 1


async def test_without_a_post_for_the_room_the_first_level_is_called() -> None:
    plan = a_plan(
        posts=[a_post("padal", "Padal")],
        policies=[a_policy(severities=list(SEVERITIES), steps=[Step(after_s=0, posts=["padal"])])],
    )
    engine = Engine(plan)
    await brought_to(engine, "acknowledged")
    await engine.command("call", SITI)
    assert {p.post for p in engine.store.pages() if "kedua" in p.why} == {"padal"}
