"""A tick decides what is due: all of it, only it, and one bad row does not hold up the rest."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from services.alerts.domain.escalation import due
from services.alerts.handlers import Watch, clockwork, tasks
from services.alerts.handlers.clockwork import BATCH, NOT_MINE
from services.alerts.handlers.watch import NudgeBody
from services.alerts.metrics import Metrics
from tests.builders import a_principal, a_shift_start, a_vulnerability, an_id, an_incident
from tests.fake_store import Crash
from tests.unit.alerts.engine import Engine


async def many_alerts(engine: Engine, count: int) -> None:
    await engine.reported(
        *(an_incident(id=an_id(number), subject=f"tps-{number}") for number in range(count))
    )


async def test_a_tick_says_when_the_next_thing_is_due(engine: Engine) -> None:
    assert await engine.clockwork.on_tick(engine.clock.now) is None
    await engine.reported(an_incident())

    due = await engine.clockwork.on_tick(engine.clock.now)

    assert due == engine.clock.now + timedelta(seconds=10)


async def test_without_a_plan_a_tick_has_nothing_to_demand(engine: Engine) -> None:
    engine.plans.plan = None

    assert await engine.clockwork.on_tick(engine.clock.now) is None


async def test_more_than_a_batch_is_worked_off_in_one_tick(engine: Engine) -> None:
    await many_alerts(engine, BATCH + 5)

    await engine.after(10)

    assert {alert.level for alert in engine.store.alerts()} == {2}


async def test_two_replicas_climb_each_alert_once(engine: Engine) -> None:
    await many_alerts(engine, 20)
    now = engine.clock.advance(10)

    await asyncio.gather(engine.clockwork.on_tick(now), engine.another().clockwork.on_tick(now))

    assert engine.types().count("alert.escalated") == 20
    assert max(engine.store.queued.values()) == 1


async def test_a_tick_that_died_is_made_good_by_the_next(engine: Engine) -> None:
    await engine.reported(an_incident())
    engine.store.crash_before_commit = 1
    with pytest.raises(Crash):
        await engine.after(10)
    assert engine.store.alert().level == 1

    await engine.after(0)

    assert engine.store.alert().level == 2


async def test_an_alert_that_cannot_be_decided_stops_no_other_and_is_counted(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await many_alerts(engine, 3)
    bad = engine.store.alerts()[0].id
    monkeypatch.setattr(
        clockwork,
        "due",
        lambda alert, plan, now: 1 // 0 if alert.id == bad else due(alert, plan, now),
    )

    await engine.after(10)

    assert [alert.level for alert in engine.store.alerts()] == [1, 2, 2]
    assert engine.metric("ronda_timer_failures_total") == 1
    again = await engine.clockwork.on_tick(engine.clock.now)
    assert again == engine.clock.now + NOT_MINE


async def test_the_lateness_of_timers_is_measured(engine: Engine) -> None:
    await engine.reported(an_incident())

    await engine.after(12.5)

    assert engine.metric("ronda_timer_lateness_seconds_sum") == 2.5


async def test_tasks_that_cannot_be_decided_stop_no_other_timers(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "overdue_report", lambda task, plan, now: 1 // 0)
    watch = Watch(
        store=engine.store,
        plans=engine.plans,
        clock=engine.clock,
        metrics=Metrics(CollectorRegistry()),
    )
    await engine.reported(a_shift_start(), a_vulnerability(), an_incident())
    await watch.nudge("R-21", NudgeBody(key="n"), a_principal())

    await engine.after(24 * 3600)

    assert [nudge.state for nudge in engine.store.nudges()] == ["lapsed"]
    assert "alert.escalated" in engine.types()
    assert engine.metric("ronda_timer_failures_total") == 1


async def test_a_new_plan_changes_the_chain_of_running_alerts(engine: Engine) -> None:
    await engine.reported(an_incident())
    plan = engine.plans.plan
    assert plan is not None
    engine.plans.plan = msgspec.structs.replace(
        plan, policies=[msgspec.structs.replace(plan.policies[0], id="baru"), *plan.policies[1:]]
    )

    await engine.after(10)

    assert engine.store.alert().policy == "baru"
