"""A site that comes into another band is told of once, and the highest band brings one advice."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from services.alerts.domain.advising import WITHIN
from services.alerts.domain.task import OWNING_POST
from services.alerts.handlers.risks import EVERY_S, Risks
from services.alerts.metrics import Metrics
from shared.events.alert import Alert
from shared.events.risk import RiskChanged
from shared.events.task import AdviceIssued, Task
from shared.plan.model import Plan, SiteType, Situation
from shared.topics import ALERT, topic_of
from tests.builders import KPU, POLRES, WAREHOUSE, a_plan, a_site, an_alert, an_id
from tests.fake_store import Crash
from tests.unit.alerts.engine import Engine

KIND = SiteType(id="warehouse", label="Gudang", label_en="Warehouse", keeps_logistics=True)
POLLING = Situation(phase="voting", logistics_stage="ballots")


def a_plan_of_sites(**operation: Any) -> Plan:
    sites = [a_site(risk_class="khusus"), a_site(KPU, type="kpu", risk_class="kurang_rawan")]
    plan = a_plan(site_types=[KIND], sites=sites)
    return replace(plan, operation=replace(plan.operation, **operation))


@pytest.fixture
def engine() -> Engine:
    return Engine(a_plan_of_sites())


def risks_of(engine: Engine) -> Risks:
    return Risks(engine.store, engine.plans, engine.clock, Metrics(CollectorRegistry()))


async def weigh(engine: Engine) -> None:
    engine.clock.advance(EVERY_S)
    assert await risks_of(engine).weigh() == EVERY_S


async def happen(engine: Engine, *kinds: str, **over: Any) -> None:
    """Alerts of these kinds at the warehouse; the same kind again is the same alert."""
    async with engine.store.transaction() as transaction:
        for number, kind in enumerate(kinds):
            fields: dict[str, Any] = {"id": an_id(f"{kind} {number}"), "kind": kind} | over
            await transaction.save_alert(replace(an_alert(), **fields))


def changes(engine: Engine) -> list[RiskChanged]:
    return [each for each in engine.store.events() if isinstance(each, RiskChanged)]


def bands(engine: Engine) -> list[tuple[str, str]]:
    return [(each.data.previous, each.data.band) for each in changes(engine)]


def advices(engine: Engine) -> list[Task]:
    return [task for task in engine.store.tasks() if task.kind == "advice"]


async def in_danger(engine: Engine) -> None:
    """The warehouse in the highest band: 20 + 15 + 10 + 10 + 10."""
    engine.plans.situation = POLLING
    await happen(engine, "visit_missed", "silent")
    await weigh(engine)


async def test_a_calm_site_is_told_of_by_nobody(engine: Engine) -> None:
    await weigh(engine)
    assert engine.store.events() == []


async def test_a_site_is_told_of_when_its_band_changes_and_not_before_it_does_again(
    engine: Engine,
) -> None:
    engine.plans.situation = POLLING
    await weigh(engine)
    await weigh(engine)
    assert bands(engine) == [("rendah", "sedang")]
    [published] = engine.store.rows.outbox
    event = changes(engine)[0]
    assert (published.topic, published.key) == (ALERT.name, WAREHOUSE)
    assert topic_of(event.type) is ALERT
    assert (event.subject, event.unit, event.purpose) == (WAREHOUSE, POLRES, None)
    assert event.data.score == sum(reason.weight for reason in event.data.reasons) == 45
    engine.plans.situation = Situation()
    await weigh(engine)
    assert bands(engine) == [("rendah", "sedang"), ("sedang", "rendah")]
    assert [each.data.version for each in changes(engine)] == [1, 2]


async def test_a_site_in_the_highest_band_gets_an_advice_for_the_post_of_its_unit(
    engine: Engine,
) -> None:
    await in_danger(engine)
    [task] = advices(engine)
    post = engine.plans.plan.post(OWNING_POST, POLRES) if engine.plans.plan else None
    assert task.owner == (post.id if post else OWNING_POST)
    assert (task.site, task.unit, task.state) == (WAREHOUSE, POLRES, "open")
    assert task.due_at == engine.clock() + WITHIN
    assert "kontrol" in task.text
    assert {"advice", "risk", "silent", "visit_missed"} <= {each.code for each in task.reasons}
    assert [type(each) for each in engine.store.events()] == [RiskChanged, AdviceIssued]


async def test_there_is_one_advice_while_it_is_open_however_often_the_band_is_entered(
    engine: Engine,
) -> None:
    await in_danger(engine)
    await happen(engine, "visit_missed", "silent", state="closed")
    await weigh(engine)
    await happen(engine, "visit_missed", "silent")
    await weigh(engine)
    assert bands(engine)[-1] == ("sedang", "tinggi")
    assert len(advices(engine)) == 1


async def test_a_site_that_comes_back_after_its_advice_was_done_gets_another(
    engine: Engine,
) -> None:
    await in_danger(engine)
    [task] = advices(engine)
    async with engine.store.transaction() as transaction:
        await transaction.save_task(replace(task, state="done", next_due_at=None))
    await happen(engine, "visit_missed", "silent", state="closed")
    await weigh(engine)
    await happen(engine, "visit_missed", "silent")
    await weigh(engine)
    assert len(advices(engine)) == 2


async def test_two_replicas_that_weigh_at_once_tell_and_advise_once(engine: Engine) -> None:
    engine.plans.situation = POLLING
    await happen(engine, "visit_missed", "silent")
    beside = Engine(beside=engine)
    await asyncio.gather(*(risks_of(each).weigh() for each in (engine, beside, engine, beside)))
    assert (len(changes(engine)), len(advices(engine))) == (1, 1)


async def test_a_replica_that_dies_while_it_weighs_has_told_nothing_and_the_next_tells_all(
    engine: Engine,
) -> None:
    engine.plans.situation = POLLING
    await happen(engine, "visit_missed", "silent")
    engine.store.crash_before_commit = 1
    with pytest.raises(Crash):
        await weigh(engine)
    assert changes(engine) == []
    await weigh(engine)
    assert (len(changes(engine)), len(advices(engine))) == (1, 1)


async def test_in_an_exercise_the_score_is_the_exercises_and_pages_nobody_real() -> None:
    engine = Engine(a_plan_of_sites(purpose="exercise"))
    await happen(engine, "visit_missed", "silent")
    engine.plans.situation = POLLING
    await weigh(engine)
    assert bands(engine) == [("rendah", "sedang")]
    await happen(engine, "visit_missed", "silent", purpose="exercise")
    await weigh(engine)
    [task] = advices(engine)
    assert task.purpose == "exercise"
    assert {each.purpose for each in engine.store.events()} == {"exercise"}
    await engine.after((WITHIN + timedelta(minutes=1)).total_seconds())
    overdue = _overdue(engine)
    assert overdue.purpose == "exercise"
    assert engine.notifier.sent == []


def _overdue(engine: Engine) -> Alert:
    [alert] = [each for each in engine.store.alerts() if each.kind == "task_overdue"]
    return alert


async def test_without_a_plan_nothing_is_weighed(engine: Engine) -> None:
    engine.plans.plan = None
    await weigh(engine)
    assert engine.store.events() == []
