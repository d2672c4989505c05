"""Merge, split and undo by hand: nothing is lost, nothing is lowered, and it can be taken back."""

import asyncio
from typing import Any

import pytest

from shared.events.alert import Alert
from shared.events.patrol import DispatchArrived
from tests.builders import (
    KPU,
    WAREHOUSE,
    a_crew_answer,
    a_duress,
    a_plan,
    a_principal,
    a_shift_start,
    a_site,
    an_id,
    an_incident,
)
from tests.fake_store import Crash
from tests.unit.alerts.engine import Engine, problem, shown

SITI = a_principal("Ipda Siti")
RANI = a_principal("Kompol Rani", role="commander")


async def two_alerts(engine: Engine, second: str = "suspicious_person") -> tuple[Alert, Alert]:
    """A report at the warehouse and another at the office, two kilometres away."""
    await engine.reported(an_incident(id=an_id("a")))
    await engine.reported(an_incident(second, id=an_id("b"), subject=KPU, actor="p-9"))
    first, other = (alert for alert in engine.store.alerts() if alert.kind == "incident")
    return first, other


def by_number(engine: Engine, number: int) -> Alert:
    return next(alert for alert in engine.store.alerts() if alert.number == number)


async def merged(engine: Engine, second: str = "suspicious_person") -> tuple[Alert, Alert]:
    first, other = await two_alerts(engine, second)
    shown(await engine.command("merge", SITI, alert=first, other=other.id))
    return by_number(engine, 1), by_number(engine, 2)


def events_of(alert: Alert) -> list[str]:
    return [part.event for part in alert.parts]


async def test_a_merge_makes_one_alert_of_two_and_each_says_so(engine: Engine) -> None:
    first, other = await merged(engine)

    assert events_of(first) == [an_id("a"), an_id("b")]
    assert (first.state, first.next_due_kind) == ("raised", "climb")
    assert (other.state, other.outcome, other.next_due_at) == ("closed", "duplicate", None)
    assert [(link.kind, link.number) for link in first.links] == [("absorbed", 2)]
    assert [(link.kind, link.number) for link in other.links] == [("merged_into", 1)]
    assert engine.types()[-2:] == ["alert.merged", "alert.merged"]


async def test_a_merge_keeps_the_higher_severity_and_the_duty_of_two_persons(
    engine: Engine,
) -> None:
    first, _ = await merged(engine, "fire")
    assert (first.severity, first.cycle, first.next_due_kind) == ("kritis", 2, "climb")

    shown(await engine.command("acknowledge", SITI, alert=by_number(engine, 1)))
    resolve = {"outcome": "handled_on_site"}
    shown(await engine.command("resolve", SITI, alert=by_number(engine, 1), **resolve))
    answer = await engine.command("close", SITI, alert=by_number(engine, 1))
    assert answer.status == 202, "it still takes two"


async def test_a_milder_one_that_joins_wakes_nobody_who_has_taken_it(engine: Engine) -> None:
    first, other = await two_alerts(engine, "other")
    shown(await engine.command("acknowledge", SITI, alert=first))
    shown(await engine.command("merge", SITI, alert=by_number(engine, 1), other=other.id))
    assert (by_number(engine, 1).state, by_number(engine, 1).severity) == ("acknowledged", "sedang")


async def test_what_comes_later_for_the_absorbed_one_goes_to_the_other(engine: Engine) -> None:
    first, other = await two_alerts(engine)
    await engine.reported(a_shift_start())
    shown(await engine.command("dispatch", SITI, alert=other, crew="R-21"))
    other = by_number(engine, 2)
    shown(await engine.command("merge", SITI, alert=first, other=other.id))

    copy = an_incident(id=an_id("sms"), subject=None, report={"copyof": an_id("b")})
    await engine.reported(copy, a_crew_answer(DispatchArrived, other.id))

    first = by_number(engine, 1)
    assert events_of(first)[-1] == an_id("sms")
    assert [(row.crew, row.arrived_at is None) for row in first.dispatches] == [("R-21", False)]
    assert len(engine.store.alerts()) == 2


@pytest.mark.parametrize("duress_first", [True, False])
async def test_a_duress_never_merges(engine: Engine, duress_first: bool) -> None:
    await engine.reported(a_duress(), an_incident())
    duress, incident = engine.store.alerts()
    first, other = (duress, incident) if duress_first else (incident, duress)
    answer = await engine.command("merge", SITI, alert=first, other=other.id)
    assert (answer.status, problem(answer)["extra"]["code"]) == (422, "lacking_kind")
    assert engine.store.alerts() == [duress, incident]


async def test_an_exercise_and_the_real_thing_stay_apart(engine: Engine) -> None:
    await engine.reported(an_incident(), an_incident(purpose="exercise", id=an_id("x")))
    real, drill = engine.store.alerts()
    answer = await engine.command("merge", SITI, alert=real, other=drill.id)
    assert problem(answer)["extra"]["code"] == "lacking_purpose"


async def test_nobody_merges_what_belongs_to_another_unit(engine: Engine) -> None:
    elsewhere = a_site(KPU, unit="polda-jatim/polres-lain", lat=-6.8950, lon=112.0500)
    engine.plans.plan = a_plan(sites=[a_site(), elsewhere])
    first, other = await two_alerts(engine)
    answer = await engine.command("merge", SITI, alert=first, other=other.id)
    assert problem(answer)["extra"]["code"] == "lacking_other"


async def test_a_merge_undone_is_two_alerts_again_and_the_released_one_climbs(
    engine: Engine,
) -> None:
    first, _ = await merged(engine)
    pages = len(engine.store.pages())
    shown(await engine.command("undo", SITI, alert=first))

    first, other = by_number(engine, 1), by_number(engine, 2)
    assert (events_of(first), events_of(other)) == ([an_id("a")], [an_id("b")])
    assert (other.state, other.next_due_kind, other.closed_at) == ("raised", "climb", None)
    assert first.links == other.links == []
    assert len(engine.store.pages()) > pages, "somebody is told of it anew"

    await engine.reported(an_incident(id=an_id("c"), subject=None, report={"copyof": an_id("b")}))
    assert events_of(by_number(engine, 2))[-1] == an_id("c")


async def test_the_absorbed_one_is_not_reopened_but_released(engine: Engine) -> None:
    _, other = await merged(engine)
    answer = await engine.command("reopen", SITI, alert=other, reason="keliru")
    assert "number 1" in problem(answer)["detail"]
    answer = await engine.command("undo", SITI, alert=other)
    assert "number 1" in problem(answer)["detail"]


async def one_of_two(engine: Engine, *categories: str) -> Alert:
    """Two reports that the system took for one happening."""
    for at, category in enumerate(categories or ("suspicious_person", "suspicious_object")):
        await engine.reported(an_incident(category, id=an_id(at), actor=f"p-{at}"))
    return engine.store.alert()


async def test_a_split_takes_reports_out_and_judges_them_afresh(engine: Engine) -> None:
    alert = await one_of_two(engine)
    assert alert.severity == "kritis"
    shown(await engine.command("split", SITI, alert=alert, parts=[an_id(1)]))

    left, fresh = by_number(engine, 1), by_number(engine, 2)
    assert (events_of(left), events_of(fresh)) == ([an_id(0)], [an_id(1)])
    assert left.severity == "kritis", "nothing lowers a severity"
    assert (fresh.severity, fresh.state, fresh.level) == ("tinggi", "raised", 2)
    assert fresh.links[0].kind == "split_from"
    assert engine.types()[-2:] == ["alert.split", "alert.raised"]

    await engine.reported(an_incident(id=an_id("c"), subject=None, report={"copyof": an_id(1)}))
    assert events_of(by_number(engine, 2))[-1] == an_id("c")


async def test_a_copy_goes_with_what_it_copies(engine: Engine) -> None:
    await one_of_two(engine)
    await engine.reported(an_incident(id=an_id("sms"), report={"copyof": an_id(1)}))
    shown(await engine.command("split", SITI, parts=[an_id("sms")]))
    assert events_of(by_number(engine, 2)) == [an_id(1), an_id("sms")]


async def test_a_split_undone_is_one_alert_again(engine: Engine) -> None:
    alert = await one_of_two(engine)
    shown(await engine.command("split", SITI, alert=alert, parts=[an_id(1)]))
    shown(await engine.command("undo", SITI, alert=by_number(engine, 1)))

    left, other = by_number(engine, 1), by_number(engine, 2)
    assert sorted(events_of(left)) == sorted([an_id(0), an_id(1)])
    assert (left.links, other.state) == ([], "closed")


@pytest.mark.parametrize(
    "parts", [[], [an_id(0), an_id(1)], [an_id("unknown")]], ids=["none", "all", "strange"]
)
async def test_a_split_takes_some_and_leaves_some(engine: Engine, parts: list[str]) -> None:
    alert = await one_of_two(engine)
    answer = await engine.command("split", SITI, alert=alert, parts=parts)
    assert problem(answer)["extra"]["code"] == "lacking_parts"
    assert engine.store.alert() == alert


async def test_a_command_on_what_has_changed_meanwhile_is_refused(engine: Engine) -> None:
    first, other = await two_alerts(engine)
    shown(await engine.command("note", RANI, alert=first, note="dilihat"))
    answer = await engine.command("merge", SITI, alert=first, other=other.id)
    assert (answer.status, problem(answer)["extra"]["name"]) == (409, "Kompol Rani")


@pytest.mark.parametrize("crash", ["before", "after"])
async def test_a_merge_whose_answer_was_lost_happens_once(engine: Engine, crash: str) -> None:
    first, other = await two_alerts(engine)
    setattr(engine.store, f"crash_{crash}_commit", 1)
    send: dict[str, Any] = {"alert": first, "key": "k", "other": other.id}
    with pytest.raises(Crash):
        await engine.command("merge", SITI, **send)
    shown(await engine.another().command("merge", SITI, **send))

    assert [alert.version for alert in engine.store.alerts()] == [2, 2]
    assert engine.types().count("alert.merged") == 2


async def test_two_operators_who_merge_crosswise_leave_one_open_alert(engine: Engine) -> None:
    first, other = await two_alerts(engine)
    answers = await asyncio.gather(
        engine.command("merge", SITI, alert=first, key="a", other=other.id),
        engine.another().command("merge", RANI, alert=other, key="b", other=first.id),
    )
    assert sorted(answer.status for answer in answers) in ([200, 409], [200, 422])
    assert [alert.state for alert in engine.store.alerts()].count("closed") == 1
    assert {WAREHOUSE, KPU} == {
        part.site
        for alert in engine.store.alerts()
        if alert.state != "closed"
        for part in alert.parts
    }
