"""Crews on duty: where they are, and what they answer when they are sent."""

from datetime import datetime, timedelta

from shared.events.patrol import DispatchAccepted, DispatchArrived, DispatchDeclined, Fix
from shared.events.position import PositionRecorded, Track
from tests.builders import (
    GUARD,
    NIGHT,
    a_crew_answer,
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
    await engine.reported(an_incident())
    await engine.command("dispatch", crew="R-21")
    alert = engine.store.alert()

    await engine.reported(a_crew_answer(DispatchAccepted, alert.id))
    await engine.reported(a_crew_answer(DispatchArrived, alert.id))

    alert = engine.store.alert()
    assert alert.state == "arrived"
    assert alert.dispatches[0].accepted_at == alert.dispatches[0].arrived_at == NIGHT
    assert engine.types()[-2:] == ["alert.updated", "alert.arrived"]


async def test_when_the_only_crew_declines_the_holder_has_less_time(engine: Engine) -> None:
    await engine.reported(an_incident())
    await engine.command("dispatch", crew="R-21")
    alert = engine.store.alert()
    assert alert.next_due_at == engine.clock.now + timedelta(seconds=900)

    await engine.reported(a_crew_answer(DispatchDeclined, alert.id))

    alert = engine.store.alert()
    assert alert.next_due_at == engine.clock.now + timedelta(seconds=300)
    assert "R-21 menolak tugas" in {reason.id for reason in alert.reasons}


async def test_a_crews_arrival_does_not_take_an_alert_that_nobody_took(engine: Engine) -> None:
    await engine.reported(an_incident())

    await engine.reported(a_crew_answer(DispatchArrived, engine.store.alert().id))

    alert = engine.store.alert()
    assert (alert.state, alert.next_due_kind, alert.owner) == ("raised", "climb", None)
    assert alert.dispatches[0].arrived_at == NIGHT


async def test_an_answer_for_an_unknown_alert_is_counted(engine: Engine) -> None:
    await engine.reported(a_crew_answer(DispatchAccepted, an_id("nowhere")))

    assert engine.metric("ronda_records_total", result="orphan") == 1


def _position(fix: Fix, at: datetime) -> PositionRecorded:
    return an_event(
        PositionRecorded,
        Track(position=fix),
        id=an_id("position", fix),
        time=at,
        receivedtime=NIGHT + timedelta(minutes=5),
        subject=None,
    )
