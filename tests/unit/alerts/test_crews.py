"""Crews on duty: where they are, and what they answer when they are sent."""

from datetime import datetime, time, timedelta

import pytest

from shared.events.patrol import DispatchAccepted, DispatchArrived, DispatchDeclined, Fix
from shared.events.position import PositionRecorded, Track
from shared.plan.model import Shift
from tests.builders import (
    GUARD,
    NIGHT,
    POLRES,
    a_crew_answer,
    a_plan,
    a_shift_start,
    an_event,
    an_id,
    an_incident,
)
from tests.unit.alerts.engine import Engine


async def test_a_crew_on_duty_is_followed_by_what_its_people_send(engine: Engine) -> None:
    await engine.reported(a_shift_start())
    newer = Fix(lat=-6.91, lon=112.06)
    older = Fix(lat=-6.80, lon=112.00)
    faked = Fix(lat=0.0, lon=0.0, mock=True)

    await engine.reported(
        _position(newer, NIGHT + timedelta(minutes=1)),
        _position(older, NIGHT),
        _position(faked, NIGHT + timedelta(minutes=1, seconds=1)),
    )

    duty = engine.store.rows.duties["R-21"]
    assert duty is not None
    assert (duty.lat, duty.lon, duty.members) == (newer.lat, newer.lon, (GUARD,))


async def test_a_dispatched_crews_answers_are_shown_and_its_arrival_moves_the_alert(
    engine: Engine,
) -> None:
    await engine.reported(a_shift_start(), an_incident())
    await engine.command("dispatch", crew="R-21")
    alert = engine.store.alert()

    await engine.reported(a_crew_answer(DispatchAccepted, alert.id))
    await engine.reported(a_crew_answer(DispatchArrived, alert.id))

    alert = engine.store.alert()
    assert alert.state == "arrived"
    assert alert.dispatches[0].accepted_at == alert.dispatches[0].arrived_at == NIGHT
    assert engine.types()[-2:] == ["alert.updated", "alert.arrived"]


async def test_when_the_only_crew_declines_the_holder_has_less_time(engine: Engine) -> None:
    await engine.reported(a_shift_start(), an_incident())
    await engine.command("dispatch", crew="R-21")
    alert = engine.store.alert()
    assert alert.next_due_at == engine.clock.now + timedelta(seconds=900)

    await engine.reported(a_crew_answer(DispatchDeclined, alert.id))

    alert = engine.store.alert()
    assert alert.next_due_at == engine.clock.now + timedelta(seconds=300)
    assert "R-21 menolak tugas" in {reason.id for reason in alert.reasons}


async def test_a_crews_arrival_does_not_take_an_alert_that_nobody_took(engine: Engine) -> None:
    await engine.reported(a_shift_start(), an_incident())

    await engine.reported(a_crew_answer(DispatchArrived, engine.store.alert().id))

    alert = engine.store.alert()
    assert (alert.state, alert.next_due_kind, alert.owner) == ("raised", "climb", None)
    assert alert.dispatches[0].arrived_at == NIGHT


async def sent(engine: Engine) -> str:
    """Crew R-21 is on duty and was sent; the alert's id."""
    await engine.reported(a_shift_start(), an_incident())
    await engine.command("dispatch", crew="R-21")
    return engine.store.alert().id


@pytest.mark.parametrize("crew", ["R-21", "R-99"])
async def test_who_is_not_of_a_crew_moves_nothing_for_it_and_that_is_shown(
    engine: Engine, crew: str
) -> None:
    alert_id = await sent(engine)
    before = engine.store.alert()

    for device in ("d-0666", "d-0667"):
        answer = a_crew_answer(
            DispatchArrived,
            alert_id,
            crew=crew,
            id=an_id("foreign", device),
            actor="p-2001",
            device=device,
        )
        await engine.reported(answer)

    after = engine.store.alert()
    moved = (after.state, after.next_due_at, after.dispatches)
    assert moved == (before.state, before.next_due_at, before.dispatches)
    assert (after.version, after.timeline[-1].what) == (before.version + 1, "not_of_the_crew")
    assert (after.timeline[-1].by, after.timeline[-1].note) == (
        "Iptu Teladan",
        f"{crew}: tiba di lokasi",
    )
    assert [reason.code for reason in after.reasons].count("not_of_the_crew") == 1


async def test_a_member_by_the_plan_answers_while_word_of_its_duty_is_on_the_way(
    engine: Engine,
) -> None:
    shift = Shift(
        id="malam", crew="R-21", unit=POLRES, members=[GUARD], starts=time(19), ends=time(7)
    )
    engine.plans.plan = a_plan(shifts=[shift])
    await engine.reported(an_incident())
    await engine.command("dispatch", crew="R-21")

    await engine.reported(a_crew_answer(DispatchArrived, engine.store.alert().id))

    assert engine.store.alert().state == "arrived"


async def test_an_answer_for_an_unknown_alert_is_counted(engine: Engine) -> None:
    await engine.reported(a_crew_answer(DispatchAccepted, an_id("nowhere")))

    assert engine.metric("ronda_records_total", result="orphan") == 1


async def test_who_is_not_of_a_crew_cannot_say_where_it_is(engine: Engine) -> None:
    true, false = Fix(lat=-6.9, lon=112.1), Fix(lat=-7.2, lon=111.9)
    await engine.reported(a_shift_start(), _position(true, NIGHT, crew="R-21"))
    later = NIGHT + timedelta(minutes=1)
    await engine.reported(_position(false, later, crew="R-21", actor="p-of-another-crew"))
    duty = engine.store.rows.duties["R-21"]
    assert duty is not None
    assert duty.place == true


def _position(
    fix: Fix, at: datetime, *, crew: str | None = None, actor: str = GUARD
) -> PositionRecorded:
    return an_event(
        PositionRecorded,
        Track(position=fix, crew=crew),
        actor=actor,
        id=an_id("position", fix),
        time=at,
        receivedtime=NIGHT + timedelta(minutes=5),
        subject=None,
    )
