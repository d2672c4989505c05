"""A crew is asked whether it is well; its answer ends the question, and silence is an alert."""

from datetime import time, timedelta
from typing import Any

import msgspec
import pytest

from services.alerts.domain.welfare import ANSWER_WITHIN
from services.alerts.handlers import Watch
from services.alerts.handlers.watch import NudgeBody
from services.alerts.metrics import Metrics
from services.alerts.ports import Answer
from shared.events.patrol import Fix
from shared.events.position import PositionRecorded, Track
from shared.events.welfare import (
    Nudge,
    WelfareAnswer,
    WelfareAnswered,
    WelfareEnded,
    WelfareNudged,
)
from shared.plan.model import Shift
from shared.topics import ALERT
from tests.builders import (
    GUARD,
    NIGHT,
    POLRES,
    WAREHOUSE,
    a_due_visit,
    a_plan,
    a_principal,
    a_shift_start,
    an_event,
    an_id,
)
from tests.unit.alerts.engine import Engine, problem

SARI = a_principal("Ipda Sari")
PLACE = Fix(lat=-6.91, lon=112.05)


@pytest.fixture
def watch(engine: Engine) -> Watch:
    metrics = Metrics(engine.registry.__class__())
    return Watch(store=engine.store, plans=engine.plans, clock=engine.clock, metrics=metrics)


@pytest.fixture
async def asked(engine: Engine, watch: Watch) -> Nudge:
    """The crew is on duty, has said where it is, and is asked."""
    track = Track(position=PLACE, crew="R-21")
    await engine.reported(a_shift_start(), an_event(PositionRecorded, track, subject=None))
    answer = await nudge(watch, text="Posisi diam 40 menit")
    assert answer.status == 201
    return msgspec.json.decode(answer.body, type=Nudge)


async def nudge(watch: Watch, crew: str = "R-21", by: Any = SARI, **body: Any) -> Answer:
    return await watch.nudge(crew, NudgeBody(**{"key": "n"} | body), by)


def safe(about: str, crew: str | None = "R-21", **over: Any) -> WelfareAnswered:
    """*Saya aman*, from the guard's phone."""
    data = WelfareAnswer(nudge=about, crew=crew)
    return an_event(WelfareAnswered, data, **{"subject": None, "id": an_id("safe", over)} | over)


def told(engine: Engine) -> list[WelfareNudged | WelfareEnded]:
    kinds = (WelfareNudged, WelfareEnded)
    return [event for event in engine.store.events() if isinstance(event, kinds)]


def standing(engine: Engine) -> Nudge:
    (only,) = engine.store.nudges()
    return only


async def test_who_asks_is_told_with_the_question(engine: Engine, asked: Nudge) -> None:
    assert (asked.state, asked.crew, asked.by, asked.version) == ("asked", "R-21", SARI.name, 1)
    assert asked.due_at == engine.clock.now + ANSWER_WITHIN
    (event,) = told(engine)
    assert event.data == asked
    assert (event.actor, event.channel, event.unit) == (SARI.actor, "operator", POLRES)
    assert engine.store.rows.outbox[-1].topic == ALERT.name


async def test_the_answer_ends_it_by_name_and_nothing_is_raised(
    engine: Engine, asked: Nudge
) -> None:
    await engine.reported(safe(asked.id, time=engine.clock.now))
    ended = standing(engine)
    assert (ended.state, ended.answered_by, ended.version) == ("answered", GUARD, 2)
    assert [event.data for event in told(engine)] == [asked, ended]
    await engine.after(ANSWER_WITHIN.total_seconds())
    assert engine.store.alerts() == []


async def test_nobody_answers_and_the_crew_is_an_alert_at_its_last_place(
    engine: Engine, asked: Nudge
) -> None:
    await engine.after(ANSWER_WITHIN.total_seconds() - 0.001)
    assert engine.store.alerts() == []
    await engine.after(0.001)

    alert = engine.store.alert()
    assert (alert.kind, alert.category, alert.state) == ("silent", "no_report", "raised")
    assert (alert.lat, alert.lon) == (PLACE.lat, PLACE.lon)
    assert alert.next_due_kind == "climb"
    assert "R-21" in (alert.parts[0].text or "")
    ended = standing(engine)
    assert (ended.state, ended.alert) == ("lapsed", alert.id)
    assert isinstance(told(engine)[-1], WelfareEnded)
    await engine.after(3600)
    assert len(engine.store.alerts()) == 1, "it lapses once"


async def test_an_answer_that_comes_late_closes_the_alert(engine: Engine, asked: Nudge) -> None:
    await engine.after(ANSWER_WITHIN.total_seconds())
    await engine.reported(safe(asked.id, time=engine.clock.now))
    assert standing(engine).state == "answered"
    assert (engine.store.alert().state, engine.store.alert().outcome) == ("closed", "recovered")


async def test_the_same_answer_twice_has_one_effect(engine: Engine, asked: Nudge) -> None:
    await engine.reported(safe(asked.id), safe(asked.id), safe(asked.id, device="d-0008"))
    assert [event.data.version for event in told(engine)] == [1, 2]


async def test_another_crew_cannot_answer_for_it(engine: Engine, asked: Nudge) -> None:
    await engine.reported(safe(asked.id, crew="R-07"), safe(an_id("unknown")))
    assert standing(engine) == asked


@pytest.mark.parametrize("named", ["R-21", None])
async def test_who_is_not_of_the_crew_cannot_answer_for_it(
    engine: Engine, asked: Nudge, named: str | None
) -> None:
    await engine.reported(safe(asked.id, crew=named, actor="p-of-another-crew"))
    assert standing(engine) == asked
    assert engine.metric("ronda_records_total", result="orphan") == 1


async def test_an_exercises_answer_says_nothing_of_the_real_crew(
    engine: Engine, asked: Nudge
) -> None:
    await engine.reported(safe(asked.id, purpose="exercise"))
    assert standing(engine) == asked


async def test_a_crew_is_asked_once_at_a_time(engine: Engine, watch: Watch, asked: Nudge) -> None:
    again = await nudge(watch, key="n2")
    assert (again.status, problem(again)["extra"]["code"]) == (409, "already_asked")
    assert (await nudge(watch, text="Posisi diam 40 menit")).status == 201, "the same key again"
    await engine.reported(safe(asked.id, time=engine.clock.now))
    assert (await nudge(watch, key="n3")).status == 201


async def test_only_a_crew_on_duty_in_ones_own_unit_is_asked(engine: Engine, watch: Watch) -> None:
    assert (await nudge(watch)).status == 404
    await engine.reported(a_shift_start())
    neighbour = a_principal("Ipda Joko", unit="polda-jatim/polres-lamongan")
    assert (await nudge(watch, by=neighbour)).status == 404


async def test_a_silent_site_asks_the_crews_on_duty_that_have_it_on_their_list(
    engine: Engine,
) -> None:
    shifts = [
        Shift(
            id=crew,
            crew=crew,
            unit=POLRES,
            members=[],
            starts=time(19),
            ends=time(7),
            sites=sites,
        )
        for crew, sites in (("R-21", [WAREHOUSE]), ("R-22", [WAREHOUSE]), ("R-23", []))
    ]
    engine.plans.plan = a_plan(shifts=shifts)
    engine.world.demands = [a_due_visit()]
    await engine.after(0)
    await engine.reported(a_shift_start())
    await engine.after((NIGHT + timedelta(hours=2) - engine.clock.now).total_seconds())
    await engine.after(1)

    asked = standing(engine)
    assert (asked.crew, asked.reason, asked.site, asked.by) == (
        "R-21",
        "silent_site",
        WAREHOUSE,
        None,
    )
    before = len(engine.store.alerts())
    await engine.after(ANSWER_WITHIN.total_seconds())
    assert standing(engine).state == "lapsed"
    assert len(engine.store.alerts()) == before, "the silent site has an alert of its own"
