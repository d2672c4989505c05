"""A watch that nobody accepts within a quarter of an hour is told to the Pawas, once."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from services.alerts.domain.watch import alarm_due, is_waiting
from services.alerts.handlers import Watch
from services.alerts.handlers.watch import AcceptBody, HandoverBody, WithdrawBody
from services.alerts.metrics import Metrics
from shared.events.alert import Alert
from shared.events.watch import Handover
from shared.events.watch_samples import PREPARED
from shared.plan.model import Step
from tests.builders import POLRES, POSTS, a_plan, a_policy, a_post, a_principal
from tests.fake_watch_rows import handovers
from tests.unit.alerts.engine import Engine

SARI, JOKO = a_principal("Ipda Sari"), a_principal("Ipda Joko")
QUARTER = 15 * 60
STEPS = [Step(after_s=0, posts=["operator"]), Step(after_s=60, posts=["kasat", "pawas"])]


@pytest.fixture
def watch(engine: Engine) -> Watch:
    engine.plans.plan = a_plan(
        policies=[a_policy(severities=["rendah", "sedang", "tinggi", "kritis"], steps=STEPS)],
        posts=[*POSTS, a_post("pawas", "Perwira Pengawas")],
    )
    metrics = Metrics(engine.registry.__class__())
    return Watch(store=engine.store, plans=engine.plans, clock=engine.clock, metrics=metrics)


async def prepared(watch: Watch, key: str = "h") -> Handover:
    answer = await watch.prepare(HandoverBody(key=key), SARI)
    return msgspec.json.decode(answer.body, type=Handover)


async def accept(watch: Watch, made: Handover, *read: str) -> Any:
    return await watch.accept(made.id, AcceptBody(key="a", read=list(read)), JOKO)


def alarms(engine: Engine) -> list[Alert]:
    return [alert for alert in engine.store.alerts() if alert.kind == "handover"]


async def test_after_a_quarter_of_an_hour_it_is_an_alert_that_names_who_prepared_it_and_when(
    engine: Engine, watch: Watch
) -> None:
    await prepared(watch)
    await engine.after(QUARTER - 1)
    assert alarms(engine) == []
    await engine.after(1)
    (alarm,) = alarms(engine)
    assert (alarm.category, alarm.severity, alarm.unit) == ("open_handover", "sedang", POLRES)
    text = alarm.parts[0].text or ""
    since = engine.store.rows.handovers.values()
    (made,) = (msgspec.json.decode(body, type=Handover) for body in since)
    assert engine.plans.plan is not None
    local = made.outgoing.at.astimezone(engine.plans.plan.timezone)
    assert f"{SARI.name} pukul {local:%H.%M}" in text
    assert made.alert == alarm.id


async def test_the_pawas_hears_at_once_and_the_step_below_gets_a_copy(
    engine: Engine, watch: Watch
) -> None:
    await prepared(watch)
    await engine.after(QUARTER)
    (alarm,) = alarms(engine)
    assert (alarm.level, alarm.post) == (2, "Kasat Samapta, Perwira Pengawas")
    told = {(page.level, page.post) for page in engine.store.pages()}
    assert told == {(1, "operator"), (2, "kasat"), (2, "pawas")}


async def test_a_chain_without_a_pawas_begins_where_it_always_does(
    engine: Engine, watch: Watch
) -> None:
    engine.plans.plan = a_plan()
    await prepared(watch)
    await engine.after(QUARTER)
    assert alarms(engine)[0].level == 1


async def test_it_is_raised_once_and_then_climbs_like_any_other(
    engine: Engine, watch: Watch
) -> None:
    await prepared(watch)
    now = engine.clock.advance(QUARTER)
    ticks = [engine, engine.another()]
    await asyncio.gather(*(each.clockwork.on_tick(now) for each in ticks))
    for _ in range(3):
        await engine.after(QUARTER)
    (alarm,) = alarms(engine)
    assert alarm.timeline[-1].what in {"escalated", "repeated"}


@pytest.mark.parametrize("how", ["accepted", "withdrawn", "prepared anew"])
async def test_what_ends_it_keeps_it_from_being_raised_and_closes_what_was_raised(
    engine: Engine, watch: Watch, how: str
) -> None:
    async def ended(made: Handover) -> None:
        if how == "accepted":
            assert (await accept(watch, made)).status == 200
        elif how == "withdrawn":
            await watch.withdraw(made.id, WithdrawBody(key=made.id), SARI)
        else:
            again = await prepared(watch, key=made.id)
            await watch.withdraw(again.id, WithdrawBody(key=again.id), SARI)

    await ended(await prepared(watch))
    await engine.after(QUARTER)
    assert alarms(engine) == []
    made = await prepared(watch, key="late")
    await engine.after(QUARTER)
    await ended(made)
    (alarm,) = alarms(engine)
    assert (alarm.state, alarm.outcome) == ("closed", "recovered")
    await engine.after(QUARTER)
    assert len(alarms(engine)) == 1


async def test_who_holds_its_alert_and_leaves_does_not_keep_it(
    engine: Engine, watch: Watch
) -> None:
    made = await prepared(watch)
    await engine.after(QUARTER)
    await engine.command("acknowledge", by=SARI)
    assert (await accept(watch, made)).status == 200
    (alarm,) = alarms(engine)
    assert alarm.state == "closed"
    assert [line.what for line in alarm.timeline[-2:]] == ["handed_over", "recovered"]


async def test_what_is_prepared_anew_has_a_quarter_of_an_hour_of_its_own(
    engine: Engine, watch: Watch
) -> None:
    await prepared(watch)
    await engine.after(QUARTER - 60)
    await prepared(watch, key="anew")
    await engine.after(120)
    assert alarms(engine) == []
    await engine.after(QUARTER - 120)
    assert len(alarms(engine)) == 1


async def test_without_a_plan_it_is_raised_too(engine: Engine, watch: Watch) -> None:
    engine.plans.plan = None
    await prepared(watch)
    await engine.after(QUARTER)
    assert len(alarms(engine)) == 1


def test_a_record_from_before_raises_nothing() -> None:
    assert alarm_due(replace(PREPARED, due_at=None)) is None


async def test_of_many_prepared_in_one_moment_only_the_last_waits(
    engine: Engine, watch: Watch
) -> None:
    # Ids of one moment stand in any order, and a replica's clock may be behind another one's.
    for number in range(12):
        if number == 8:
            engine.clock.now -= timedelta(seconds=1)
        last = await prepared(watch, f"again {number}")
    kept = handovers(engine.store.rows.handovers)
    assert [each.id for each in kept if is_waiting(each)] == [last.id]
