"""The service as a whole, on real Kafka and PostgreSQL: a report becomes an alert that climbs until
a named person takes it, and everybody who watches is told."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from services.alerts.adapters.store import PostgresStore
from services.alerts.app import App, running
from shared.events.alert import Alert
from shared.plan.model import Plan, VisitRule
from shared.topics import DEADLETTER, INCIDENT
from tests.builders import WAREHOUSE, a_checkin, a_shift_start
from tests.integration.alerts.kafka_reading import records_of
from tests.integration.alerts.sse_reading import Messages
from tests.integration.alerts.world import (
    Operator,
    World,
    a_calm_plan,
    a_quick_plan,
    an_operator,
)
from tests.waiting import eventually

WITHIN = 30.0
BEHIND_S = 4
"""More than the pulse of an idle service."""


@pytest.fixture
async def app(world: World) -> AsyncIterator[App]:
    async with running(world.settings) as app:
        yield app


@pytest.fixture
async def siti(world: World, app: App) -> AsyncIterator[Operator]:
    async with an_operator(app.url, world.token("Ipda Siti")) as operator:
        yield operator


async def put_in_force(world: World, operator: Operator, plan: Plan) -> None:
    async def in_force() -> bool:
        return (await operator.http.get("/v1/situation")).status_code == 200

    await world.publish(plan)
    await eventually(in_force, within=WITHIN)


async def the_alert(operator: Operator) -> Alert:
    alerts = await eventually(operator.alerts, within=WITHIN)
    assert len(alerts) == 1
    return alerts[0]


async def told(world: World, wanted: str) -> list[str]:
    """The types that were told so far, once the wanted one is among them."""
    types = [kind for kind, _, _ in await world.published()]
    return types if wanted in types else []


async def test_a_report_climbs_until_a_named_person_takes_it(
    world: World, app: App, siti: Operator
) -> None:
    await put_in_force(world, siti, a_quick_plan(world.sink))
    async with siti.http.stream("GET", "/v1/stream") as live:
        messages = Messages(live)
        report = await world.report()
        shown = await next_alert(messages, lambda each: each["level"] >= 2)
        assert [part["event"] for part in shown["parts"]] == [report.id]
        posts = [msgspec.json.decode(got.body)["post"] for got in world.sink.got]
        assert posts[0] == "operator"

        alert = await the_alert(siti)
        taken = await siti.command("acknowledge", alert)
        assert (taken.status_code, taken.json()["owner"]["name"]) == (200, "Ipda Siti")
        assert await next_alert(messages, lambda each: each["owner"] is not None) == taken.json()

        async with an_operator(app.url, world.token("Aiptu Budi", "supervisor")) as budi:
            late = await budi.command("acknowledge", alert)
        assert late.status_code == 409
        assert late.json()["extra"]["name"] == "Ipda Siti"
    types = await eventually(lambda: told(world, "ronda.alert.acknowledged.v1"), within=WITHIN)
    assert types[0] == "ronda.alert.raised.v1"
    assert {"ronda.alert.escalated.v1", "ronda.notification.sent.v1"} <= set(types)


async def test_a_screen_is_told_how_far_behind_it_is_while_reports_wait(
    world: World, siti: Operator, store: PostgresStore
) -> None:
    await put_in_force(world, siti, a_calm_plan(world.sink))
    async with siti.http.stream("GET", "/v1/stream") as live:
        messages = Messages(live)
        await next_lag(messages, lambda lag_s: lag_s is not None and lag_s < BEHIND_S)
        async with store.transaction() as transaction:
            # Whoever decides about reports waits for this lock; every loop goes round meanwhile.
            await transaction.lock_operation()
            await world.report()
            await next_lag(messages, lambda lag_s: lag_s is not None and lag_s >= BEHIND_S)
        await next_lag(messages, lambda lag_s: lag_s is not None and lag_s < BEHIND_S)
    await the_alert(siti)


async def next_lag(messages: Messages, wanted: Callable[[float | None], bool]) -> None:
    """Waits for a clock message whose lag is as wanted."""
    while True:
        message = await messages.next()
        if message.event == "clock" and wanted(msgspec.json.decode(message.data)["lag_s"]):
            return


async def next_alert(messages: Messages, wanted: Any) -> dict[str, Any]:
    """The next alert of the stream that is as wanted."""
    while True:
        message = await messages.next()
        if message.event == "alert":
            alert: dict[str, Any] = msgspec.json.decode(message.data)["data"]
            if wanted(alert):
                return alert


async def test_backup_is_sent_arrives_and_the_alert_is_resolved_and_closed(
    world: World, siti: Operator
) -> None:
    await put_in_force(world, siti, a_calm_plan(world.sink))
    await world.send(a_shift_start(time=datetime.now(UTC), receivedtime=datetime.now(UTC)))
    await world.report()
    alert = await the_alert(siti)
    for verb, body, state in (
        ("acknowledge", {}, "acknowledged"),
        ("dispatch", {"crew": "R-21"}, "dispatched"),
        ("arrive", {"crew": "R-21"}, "arrived"),
        ("resolve", {"outcome": "handled_on_site"}, "resolved"),
        ("close", {}, "closed"),
    ):
        answer = await siti.command(verb, alert, **body)
        assert answer.status_code == 200, answer.text
        alert = msgspec.json.decode(answer.content, type=Alert)
        assert alert.state == state
    assert await siti.alerts() == []
    assert [each.id for each in await siti.alerts("all")] == [alert.id]


async def test_a_visit_that_did_not_happen_raises_an_alert_and_a_late_scan_heals_it(
    world: World, siti: Operator
) -> None:
    due = datetime.now(UTC) + timedelta(seconds=4)
    plan = a_calm_plan(world.sink)
    rule = VisitRule(
        id="gudang",
        at=[due.astimezone(plan.timezone).time()],
        grace_s=0.2,
        opens_before_s=1,
        sites=[WAREHOUSE],
    )
    await put_in_force(world, siti, a_calm_plan(world.sink, visit_rules=[rule]))
    # Something for the barrier to wait for.
    await world.send(a_shift_start(time=datetime.now(UTC), receivedtime=datetime.now(UTC)))
    alert = await the_alert(siti)
    assert (alert.kind, alert.site) == ("visit_missed", WAREHOUSE)
    assert alert.raised_at > due
    visits = (await siti.http.get("/v1/visits")).json()["items"]
    assert [visit["state"] for visit in visits if visit["alert"] == alert.id] == ["missed"]

    now = datetime.now(UTC)
    await world.send(a_checkin(time=now, receivedtime=now))

    async def healed() -> bool:
        items = (await siti.http.get("/v1/visits")).json()["items"]
        return "recovered" in {visit["state"] for visit in items} and not await siti.alerts()

    await eventually(healed, within=WITHIN)
    types = await eventually(lambda: told(world, "ronda.visit.recovered.v1"), within=WITHIN)
    assert types.count("ronda.visit.missed.v1") == 1
    assert "ronda.alert.closed.v1" in types


async def test_what_cannot_be_read_becomes_a_dead_letter_and_delays_nobody(
    world: World, siti: Operator
) -> None:
    await put_in_force(world, siti, a_calm_plan(world.sink))
    await world.send(b"\xff not an event", INCIDENT)
    await world.send(b'{"specversion":"1.0","type":"ronda.incident.reported.v1"}', INCIDENT)
    await world.report()
    await the_alert(siti)
    letters = await eventually(lambda: dead_letters(world), within=WITHIN)
    assert letters[0].value == b"\xff not an event"


async def dead_letters(world: World) -> list[Any]:
    letters = await records_of(world.kafka, DEADLETTER)
    return letters if len(letters) == 2 else []


async def test_a_report_without_any_plan_is_an_alert_all_the_same(
    world: World, siti: Operator
) -> None:
    report = await world.report()
    alert = await the_alert(siti)
    assert [part.event for part in alert.parts] == [report.id]


async def test_the_same_report_twice_is_one_alert(world: World, siti: Operator) -> None:
    await put_in_force(world, siti, a_calm_plan(world.sink))
    report = await world.report()
    await world.send(report)
    await world.send(report)
    marker = await world.report("fire")
    await eventually(lambda: parts_of(siti, marker.id), within=WITHIN)
    parts = [part.event for alert in await siti.alerts() for part in alert.parts]
    assert sorted(parts) == sorted([report.id, marker.id])


async def parts_of(operator: Operator, event: str) -> list[Alert]:
    alerts = await operator.alerts()
    return [each for each in alerts if event in {part.event for part in each.parts}]


async def test_the_service_says_how_it_does(world: World, siti: Operator) -> None:
    async def ready() -> bool:
        return (await siti.http.get("/health/ready")).status_code == 200

    await eventually(ready, within=WITHIN)
    checks = (await siti.http.get("/health/ready")).json()["checks"]
    assert {"plan", "outbox", "ticker", "pages", "ronda.incident", "ronda.alert"} <= set(checks)
    assert (await siti.http.get("/health/live")).status_code == 200
    await world.report()
    await the_alert(siti)
    await eventually(lambda: counted(siti, 'ronda_consumer_lag_records{partition="0"'))
    for line in (
        "ronda_report_to_alert_seconds_count 1.0",
        'ronda_alert_events_total{type="ronda.alert.raised.v1"} 1.0',
        "ronda_outbox_age_seconds",
        "ronda_unacknowledged_age_seconds",
        "ronda_timer_lateness_seconds_bucket",
    ):
        await eventually(partial(counted, siti, line))
    schema = (await siti.http.get("/schema/openapi.json")).json()
    assert "/v1/alerts/{alert_id}/{verb}" in schema["paths"]


async def counted(operator: Operator, line: str) -> bool:
    return line in (await operator.http.get("/metrics")).text
