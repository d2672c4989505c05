"""What an officer takes back: a visit does no further harm, a duress stays a duress."""

from datetime import timedelta
from typing import Any

from shared.events.alert import Alert, AlertUpdated, VisitAtRisk, VisitDue
from shared.events.incident import DuressMistaken, Mistake
from shared.events.patrol import CheckOut, VisitCheckedOut, VisitWithdrawn, Withdrawal
from tests.builders import (
    NIGHT,
    WAREHOUSE,
    a_checkin,
    a_due_visit,
    a_duress,
    an_event,
    an_id,
)
from tests.unit.alerts.engine import Engine

DUE = NIGHT + timedelta(hours=1)
GRACE = DUE + timedelta(minutes=15)
TAP, UNDO = timedelta(seconds=0), timedelta(seconds=8)


async def until(engine: Engine, moment: Any) -> None:
    await engine.after((moment - engine.clock.now).total_seconds())


def nil(at: Any) -> list[Any]:
    """*Nihil, aman*: one tap."""
    scan = a_checkin(id=an_id("scan", at), time=at)
    data = CheckOut(checkin=scan.id, situation="aman", crew="R-21", nil_report=True)
    return [scan, an_event(VisitCheckedOut, data, time=at, id=an_id("out", at))]


def undone(at: Any, tapped_at: Any) -> VisitWithdrawn:
    """*Urungkan*."""
    return an_event(VisitWithdrawn, Withdrawal(checkin=an_id("scan", tapped_at)), time=at)


def situation(engine: Engine) -> str | None:
    return engine.store.rows.signs[WAREHOUSE][1]


async def test_an_undone_visit_is_owed_again_and_missed_in_the_end(engine: Engine) -> None:
    engine.world.demands = [a_due_visit()]
    await engine.after(0)
    tap = DUE - timedelta(minutes=10)
    await until(engine, tap)
    await engine.reported(*nil(tap))
    (pending,) = engine.store.rows.visits.values()
    assert (pending.visit.state, situation(engine)) == ("done", "aman")

    await engine.reported(undone(tap + UNDO, tap))
    (pending,) = engine.store.rows.visits.values()
    visit = pending.visit
    assert (visit.state, visit.checkin, visit.visited_at) == ("due", None, None)
    told = [event for event in engine.store.events() if isinstance(event, VisitDue)]
    assert told[-1].data == visit
    assert situation(engine) == "taken_back", "a site is never safe by mistake"
    await until(engine, GRACE)
    await engine.after(1)
    assert engine.store.alert().kind == "visit_missed"


async def test_all_of_it_in_one_batch_is_the_same(engine: Engine) -> None:
    engine.world.demands = [a_due_visit()]
    await engine.after(0)
    await until(engine, DUE)
    await engine.reported(*nil(DUE), undone(DUE + UNDO, DUE))
    (pending,) = engine.store.rows.visits.values()
    assert (pending.visit.state, situation(engine)) == ("at_risk", "taken_back")
    assert any(isinstance(event, VisitAtRisk) for event in engine.store.events())


async def test_a_miss_that_was_healed_by_mistake_asks_again(engine: Engine) -> None:
    engine.world.demands = [a_due_visit()]
    await engine.after(0)
    await until(engine, GRACE)
    first = engine.store.alert()
    tap = GRACE + timedelta(minutes=5)
    await until(engine, tap)
    await engine.reported(*nil(tap))
    assert engine.store.alert().state == "closed"
    await engine.reported(undone(tap + UNDO, tap))
    await engine.after(2)

    open_ones = [alert for alert in engine.store.alerts() if alert.state != "closed"]
    assert [(alert.kind, alert.site) for alert in open_ones] == [("visit_missed", WAREHOUSE)]
    assert open_ones[0].id != first.id
    (pending,) = engine.store.rows.visits.values()
    assert (pending.visit.state, pending.visit.alert) == ("missed", open_ones[0].id)


async def test_another_visit_is_not_touched(engine: Engine) -> None:
    engine.world.demands = [a_due_visit()]
    await engine.after(0)
    await until(engine, DUE)
    await engine.reported(*nil(DUE))
    await engine.reported(undone(DUE + UNDO, DUE - timedelta(hours=3)))
    (pending,) = engine.store.rows.visits.values()
    assert pending.visit.state == "done"


def without_the_word(alert: Alert) -> tuple[Any, ...]:
    return (alert.state, alert.level, alert.next_due_at, alert.next_due_kind, alert.owner)


async def test_pressed_by_mistake_is_a_word_that_the_room_sees_and_nothing_else(
    engine: Engine,
) -> None:
    duress = a_duress()
    await engine.reported(duress)
    before = engine.store.alert()
    pages = len(engine.store.pages())
    await engine.reported(an_event(DuressMistaken, Mistake(duress=duress.id)))

    after = engine.store.alert()
    assert without_the_word(after) == without_the_word(before)
    assert (after.version, len(after.parts)) == (before.version + 1, len(before.parts))
    assert (after.timeline[-1].what, after.timeline[-1].by) == ("mistaken", "Bripda Contoh")
    assert "said_mistaken" in [reason.code for reason in after.reasons]
    assert isinstance(engine.store.events()[-1], AlertUpdated)
    assert len(engine.store.pages()) == pages
    await engine.climbing(60)
    assert engine.store.alert().level > before.level, "it climbs on"


async def test_the_mistake_of_a_duress_that_nobody_knows_changes_nothing(engine: Engine) -> None:
    await engine.reported(an_event(DuressMistaken, Mistake(duress=an_id("none"))))
    assert engine.store.events() == []
    assert engine.metric("ronda_records_total", result="orphan") == 1
