"""The auditor finds what the engine would never let happen, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.auditing import EVERY_S, Auditor
from services.alerts.adapters.store import PostgresStore
from services.alerts.domain.presence import DeviceTrack
from services.alerts.domain.sequence import Count, counted
from services.alerts.metrics import Metrics
from services.alerts.ports import Page, TryAgain
from shared import database
from shared.events.alert import Alert, Entry, Reason
from shared.events.task_samples import VULNERABILITY
from shared.events.watch_samples import PREPARED
from shared.events.welfare_samples import NUDGE
from tests.contract.alert_rows import NOW, a_visit, an_alert, id_of

LATER = NOW + timedelta(minutes=5)
SOON = LATER + timedelta(seconds=1)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def auditor(engine: AsyncEngine, registry: CollectorRegistry) -> Auditor:
    return Auditor(engine, Metrics(registry), lambda: LATER)


def found(registry: CollectorRegistry) -> dict[str, float]:
    """The checks that found something."""
    family = next(each for each in registry.collect() if each.name == "ronda_auditor_violations")
    return {each.labels["check"]: each.value for each in family.samples if each.value}


async def keep(store: PostgresStore, *alerts: Alert) -> None:
    async with store.transaction() as transaction:
        for alert in alerts:
            await transaction.save_alert(alert)


def a_line(what: str) -> Entry:
    return Entry(at=NOW, what=what, cycle=1, level=1)


def a_page(alert: Alert, **over: Any) -> Page:
    fields: dict[str, Any] = {
        "dedup": f"page of {alert.id}",
        "alert": alert,
        "cycle": 1,
        "level": 1,
        "post": "piket",
        "recipient": "Bripka Contoh",
        "channel": "log",
        "address": "-",
        "why": "raised",
        "due_at": SOON,
    }
    return Page(**fields | over)


async def test_an_ordinary_night_breaks_no_promise(
    store: PostgresStore, auditor: Auditor, registry: CollectorRegistry
) -> None:
    climbing = an_alert("climbing", next_due_at=SOON)
    await keep(
        store,
        climbing,
        an_alert("held", state="acknowledged", next_due_kind="ack_expiry", next_due_at=SOON),
        an_alert("over", state="closed", closed_at=NOW, next_due_at=None, next_due_kind=None),
        an_alert("solved", state="resolved", next_due_at=None, next_due_kind=None),
        an_alert("asked", state="resolved", next_due_at=SOON, next_due_kind="close_lapse"),
        an_alert("waiting", level=0, next_due_at=SOON),
    )
    async with store.transaction() as transaction:
        await transaction.page(a_page(climbing))
        await transaction.add_visits([a_visit("soon", due_at=LATER)])
        await transaction.save_task(replace(VULNERABILITY, next_due_at=SOON))
        await transaction.save_tracks([DeviceTrack("d", count=counted(Count(), [1, 3], LATER))])
    assert await auditor.audit() == EVERY_S
    assert found(registry) == {}
    assert registry.get_sample_value("ronda_unpaged_alerts") == 0
    heartbeat = registry.get_sample_value("ronda_auditor_last_run_timestamp_seconds")
    assert heartbeat == LATER.timestamp()


@pytest.mark.parametrize(
    ("over", "check"),
    [
        ({"next_due_at": None}, "alert_without_timer"),
        ({"next_due_kind": "ack_expiry", "next_due_at": SOON}, "alert_held_by_nobody"),
        ({"state": "resolved", "next_due_at": SOON}, "ended_alert_with_timer"),
        ({"next_due_at": NOW}, "alert_left"),
    ],
)
async def test_an_alert_that_would_wait_for_ever_is_found(
    store: PostgresStore,
    auditor: Auditor,
    registry: CollectorRegistry,
    over: dict[str, Any],
    check: str,
) -> None:
    await keep(store, an_alert(**over))
    await auditor.audit()
    assert found(registry) == {check: 1}


async def test_visits_tasks_devices_questions_handovers_and_pages_that_were_left_are_found(
    store: PostgresStore, auditor: Auditor, registry: CollectorRegistry
) -> None:
    alert = an_alert(next_due_at=SOON)
    await keep(store, alert)
    async with store.transaction() as transaction:
        await transaction.page(a_page(alert, due_at=NOW))
        await transaction.add_visits([a_visit("left", due_at=NOW - timedelta(hours=1))])
        await transaction.save_task(replace(VULNERABILITY, next_due_at=NOW))
        await transaction.save_task(replace(VULNERABILITY, id=id_of("lost"), next_due_at=None))
        await transaction.save_tracks([DeviceTrack("d", count=counted(Count(), [1, 3], NOW))])
        await transaction.ask(replace(NUDGE, due_at=NOW))
        await transaction.save_handover(replace(PREPARED, due_at=NOW))
    await auditor.audit()
    kinds = ("visit", "task", "gap", "nudge", "handover", "page")
    left = {f"{kind}_left": 1.0 for kind in kinds}
    assert found(registry) == left | {"task_without_timer": 1}


@pytest.mark.parametrize(
    ("over", "check"),
    [
        (
            {
                "state": "acknowledged",
                "next_due_kind": "ack_expiry",
                "timeline": [a_line("raised")],
            },
            "page_after_take",
        ),
        ({"timeline": [a_line("acknowledged"), a_line("escalated")]}, "page_after_take"),
        ({"timeline": [a_line("escalated"), a_line("escalated")]}, "level_told_twice"),
        ({"updated_at": LATER + timedelta(hours=1)}, "alert_ahead"),
    ],
)
async def test_what_came_after_a_take_or_twice_or_ahead_of_its_time_is_found(
    store: PostgresStore,
    auditor: Auditor,
    registry: CollectorRegistry,
    over: dict[str, Any],
    check: str,
) -> None:
    alert = an_alert(**{"next_due_at": SOON} | over)
    await keep(store, alert)
    async with store.transaction() as transaction:
        await transaction.page(a_page(alert, due_at=LATER))
    await auditor.audit()
    assert found(registry) == {check: 1}


async def test_what_was_mended_is_found_no_more(
    store: PostgresStore, auditor: Auditor, registry: CollectorRegistry
) -> None:
    await keep(store, an_alert(next_due_at=NOW))
    await auditor.audit()
    await keep(store, an_alert(version=9, next_due_at=SOON))
    await auditor.audit()
    assert found(registry) == {}


@pytest.mark.parametrize(
    ("over", "unpaged"),
    [
        ({"level": 1}, 1),
        ({"level": 0}, 0),
        ({"level": 0, "reasons": [Reason(code="nobody_reachable", id="…", en="…")]}, 1),
        ({"level": 1, "state": "acknowledged", "next_due_kind": "ack_expiry"}, 0),
        ({"level": 1, "raised_at": LATER}, 0),
    ],
)
async def test_an_alert_that_nobody_was_told_of_is_counted(
    store: PostgresStore,
    auditor: Auditor,
    registry: CollectorRegistry,
    over: dict[str, Any],
    unpaged: int,
) -> None:
    await keep(store, an_alert(**{"next_due_at": SOON} | over))
    await auditor.audit()
    assert registry.get_sample_value("ronda_unpaged_alerts") == unpaged


async def test_without_a_database_the_heartbeat_stands_still() -> None:
    registry = CollectorRegistry()
    nowhere = database.engine("postgresql://ronda@127.0.0.1:1/ronda", application="test")
    auditor = Auditor(nowhere, Metrics(registry), lambda: LATER)
    with pytest.raises(TryAgain):
        await auditor.audit()
    assert registry.get_sample_value("ronda_auditor_last_run_timestamp_seconds") == 0
