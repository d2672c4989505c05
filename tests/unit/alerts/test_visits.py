"""Absence is an event: it is decided by a barrier, it raises an alert, and a late scan heals it."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from services.alerts.domain.visit import PendingVisit
from shared.events.alert import Visit
from shared.events.patrol import CheckOut, VisitCheckedOut
from shared.plan.model import DueVisit, Plan, Situation
from tests.builders import (
    KPU,
    NIGHT,
    WAREHOUSE,
    a_checkin,
    a_due_visit,
    an_event,
    an_id,
    an_incident,
)
from tests.unit.alerts.engine import Engine

DUE = NIGHT + timedelta(hours=1)
GRACE = DUE + timedelta(minutes=15)
FIRST_TICK = timedelta(seconds=2)


async def with_a_visit(engine: Engine, **over: Any) -> None:
    engine.world.demands = [a_due_visit(**over)]
    await engine.after(0)


async def at_grace(engine: Engine) -> None:
    """The grace ends, and the ticker looks."""
    await engine.after((GRACE - engine.clock.now).total_seconds())


def pending(engine: Engine) -> PendingVisit:
    (only,) = engine.store.rows.visits.values()
    return only


def visit(engine: Engine) -> Visit:
    return pending(engine).visit


def scan(minutes: float, **over: Any) -> Any:
    """A check-in so many minutes after the due time, received at once unless told otherwise."""
    moment = DUE + timedelta(minutes=minutes)
    return a_checkin(id=an_id("scan", minutes, over), time=moment, **over)


async def test_a_visit_that_nobody_made_is_missed_and_raises_an_alert(engine: Engine) -> None:
    await with_a_visit(engine)
    await engine.after((GRACE - engine.clock.now).total_seconds() - 0.001)
    assert visit(engine).state == "at_risk"

    await at_grace(engine)

    alert = engine.store.alert()
    assert visit(engine).state == "missed"
    assert visit(engine).alert == alert.id
    assert (alert.kind, alert.category, alert.severity) == (
        "visit_missed",
        "missed_checkin",
        "rendah",
    )
    assert (alert.site, alert.site_name, alert.reported_at) == (WAREHOUSE, "Gudang Logistik", DUE)
    assert engine.types() == ["visit.at_risk", "alert.raised", "visit.missed"]


async def test_a_visit_is_due_when_its_window_opens_and_at_risk_from_its_time_on(
    engine: Engine,
) -> None:
    await with_a_visit(engine)
    opens_in = (DUE - timedelta(minutes=30) - engine.clock.now).total_seconds()
    await engine.after(opens_in - 0.001)
    assert engine.types() == []
    await engine.after(0.001)
    assert engine.types() == ["visit.due"]
    await engine.after(1800 - 0.001)
    assert visit(engine).state == "due"
    await engine.after(0.001)
    assert (visit(engine).state, visit(engine).version) == ("at_risk", 2)

    await engine.climbing(3)
    assert engine.types() == ["visit.due", "visit.at_risk"], "each is told once"


async def test_a_missed_visit_is_missed_once(engine: Engine) -> None:
    await with_a_visit(engine)
    await at_grace(engine)

    await engine.after(1)
    await engine.after(60)

    assert engine.types().count("visit.missed") == 1


async def test_while_records_are_on_their_way_the_visit_is_only_at_risk(engine: Engine) -> None:
    await with_a_visit(engine)
    late_to_us = engine.next_record(scan(5))
    await at_grace(engine)
    assert visit(engine).state == "at_risk"
    await engine.after(5)
    assert engine.metric("ronda_barrier_age_seconds") == 5

    await engine.intake.on_records([late_to_us])
    await engine.after(1)

    assert visit(engine).state == "done"
    assert engine.types() == ["visit.at_risk", "visit.done"]
    await engine.after(5)
    assert engine.metric("ronda_barrier_age_seconds") == 0


async def test_the_barrier_stays_where_the_topic_ended_when_the_grace_ended(
    engine: Engine,
) -> None:
    await with_a_visit(engine)
    before = engine.next_record(scan(5, subject=KPU))
    await at_grace(engine)
    engine.next_record(scan(6, subject=KPU))  # a record that nobody takes in

    await engine.intake.on_records([before])
    await engine.after(1)

    assert visit(engine).state == "missed"


async def test_while_the_broker_is_away_nothing_is_said_to_be_missed(engine: Engine) -> None:
    await with_a_visit(engine)
    engine.ends.now = None
    await at_grace(engine)
    await engine.after(30)
    assert (visit(engine).state, pending(engine).barrier) == ("at_risk", None)
    assert visit(engine).version == 2

    engine.ends.now = {}
    await engine.climbing(2)

    assert visit(engine).state == "missed"


@pytest.mark.parametrize("minutes", [-30, 0, 15])
async def test_a_scan_inside_the_window_is_the_visit(engine: Engine, minutes: int) -> None:
    await with_a_visit(engine)

    await engine.reported(scan(minutes))
    await at_grace(engine)

    assert visit(engine).state == "done"
    assert visit(engine).visited_at == DUE + timedelta(minutes=minutes)
    assert engine.types() == ["visit.done"]


@pytest.mark.parametrize(
    "over",
    [
        {"minutes": -31},
        {"minutes": 0, "subject": KPU},
        {"minutes": 0, "flags": "unsigned,mock_location"},
        {"minutes": 0, "flags": "outside_geofence"},
        {"minutes": 0, "purpose": "exercise"},
    ],
)
async def test_what_proves_nothing_is_no_visit(engine: Engine, over: dict[str, Any]) -> None:
    await with_a_visit(engine)

    await engine.reported(scan(**over))
    await at_grace(engine)

    assert visit(engine).state == "missed"


async def test_a_late_arrival_heals_the_miss_and_closes_its_alert(engine: Engine) -> None:
    await with_a_visit(engine)
    await at_grace(engine)
    await engine.command("acknowledge")

    await engine.reported(scan(5, receivedtime=GRACE + timedelta(hours=1)))

    alert = engine.store.alert()
    assert (visit(engine).state, visit(engine).checkin) == ("recovered", an_scan_id(5))
    assert (alert.state, alert.outcome, alert.next_due_at) == ("closed", "recovered", None)
    assert engine.types()[-2:] == ["visit.recovered", "alert.closed"]


def an_scan_id(minutes: float) -> str:
    return str(scan(minutes, receivedtime=GRACE + timedelta(hours=1)).id)


async def test_healing_keeps_the_time_at_which_somebody_had_resolved_it(engine: Engine) -> None:
    await with_a_visit(engine)
    await at_grace(engine)
    await engine.command("acknowledge")
    await engine.command("resolve", outcome="handled_on_site")
    engine.clock.advance(60)

    await engine.reported(scan(5, receivedtime=GRACE + timedelta(hours=1)))

    alert = engine.store.alert()
    assert (alert.state, alert.resolved_at) == ("closed", GRACE)
    assert alert.closed_at == GRACE + timedelta(seconds=60)


async def test_what_was_closed_already_stays_closed_as_it_was(engine: Engine) -> None:
    await with_a_visit(engine)
    await at_grace(engine)
    await engine.command("acknowledge")
    await engine.command("resolve", outcome="handled_on_site")
    await engine.command("close")

    await engine.reported(scan(40))

    assert engine.store.alert().outcome == "handled_on_site"
    assert visit(engine).state == "recovered"


async def test_an_exercise_is_no_sign_of_life(engine: Engine) -> None:
    await engine.reported(scan(0, purpose="exercise"), an_incident(purpose="exercise"))

    assert engine.store.rows.signs == {}


async def test_a_scan_after_the_grace_makes_the_miss_good(engine: Engine) -> None:
    await with_a_visit(engine)
    await at_grace(engine)

    await engine.reported(scan(40))

    assert visit(engine).state == "recovered"
    assert engine.store.alert().state == "closed"


async def test_a_scan_after_the_grace_but_before_the_judgement_needs_no_alert(
    engine: Engine,
) -> None:
    await with_a_visit(engine)

    await engine.reported(scan(16))
    await at_grace(engine)

    assert visit(engine).state == "recovered"
    assert engine.types() == ["visit.recovered"]


async def test_the_earlier_scan_that_comes_later_makes_it_done_after_all(engine: Engine) -> None:
    await with_a_visit(engine)

    await engine.reported(scan(16))
    await engine.reported(scan(3, receivedtime=GRACE + timedelta(hours=1)))

    assert (visit(engine).state, visit(engine).visited_at) == ("done", DUE + timedelta(minutes=3))


async def test_a_scan_in_the_next_window_leaves_the_last_miss_alone(engine: Engine) -> None:
    later = timedelta(hours=2)
    first, second = (
        a_due_visit(),
        a_due_visit(
            id=an_id("second"),
            opens_at=DUE + later - timedelta(minutes=30),
            due_at=DUE + later,
            grace_until=GRACE + later,
        ),
    )
    engine.world.demands = [first, second]
    await engine.after(0)
    await at_grace(engine)

    await engine.reported(scan(120))

    states = {row.visit.id: row.visit.state for row in engine.store.rows.visits.values()}
    assert states == {first.id: "missed", second.id: "done"}


async def test_one_presence_serves_every_rule_but_each_rule_once(engine: Engine) -> None:
    engine.world.demands = [
        a_due_visit(),
        a_due_visit(id=an_id("other rule"), rule="prima"),
        a_due_visit(id=an_id("same rule"), due_at=DUE + timedelta(minutes=5)),
    ]
    await engine.after(0)

    await engine.reported(scan(0))

    states = [row.visit.state for row in engine.store.rows.visits.values()]
    assert sorted(states) == ["done", "done", "due"]


async def test_visits_from_before_the_plan_was_published_are_nobodys_fault(
    engine: Engine,
) -> None:
    engine.plans.published_at = DUE

    await with_a_visit(engine)

    assert engine.store.rows.visits == {}


async def test_a_new_plan_withdraws_what_it_does_not_demand_and_keeps_what_has_begun(
    engine: Engine,
) -> None:
    begun = a_due_visit(id=an_id("begun"), opens_at=NIGHT)
    engine.world.demands = [begun, a_due_visit()]
    await engine.after(0)
    assert len(engine.store.rows.visits) == 2

    engine.world.demands = []
    engine.plans.published_at = NIGHT
    await engine.after(1)

    assert set(engine.store.rows.visits) == {begun.id}


async def test_the_day_is_expanded_again_at_local_midnight_and_not_at_every_tick(
    engine: Engine,
) -> None:
    calls: list[date] = []

    def expand(plan: Plan, situation: Situation, day: date) -> list[DueVisit]:
        calls.append(day)
        return []

    engine.demands._expand = expand

    for _ in range(5):
        await engine.after(1)
    assert [day.isoformat() for day in calls] == ["2023-11-28", "2023-11-29", "2023-11-30"]
    await engine.after(3 * 3600)  # 14:12 UTC is 21:12 in Tuban

    assert [day.day for day in calls[3:]] == [29, 30, 1]


async def test_two_replicas_miss_a_visit_once(engine: Engine) -> None:
    other = engine.another()
    await with_a_visit(engine)
    engine.clock.now = GRACE

    await asyncio.gather(
        engine.visits.on_tick(GRACE),
        other.visits.on_tick(GRACE),
    )

    assert engine.types().count("visit.missed") == 1


async def test_a_check_in_is_a_sign_of_life_and_a_check_out_says_how_it_stands(
    engine: Engine,
) -> None:
    out = an_event(
        VisitCheckedOut,
        CheckOut(checkin=an_id("scan"), situation="waspada"),
        time=DUE + timedelta(minutes=5),
    )

    await engine.reported(scan(0), out)

    assert engine.store.rows.signs == {WAREHOUSE: (DUE + timedelta(minutes=5), "waspada")}
