"""Looks over the engine's shoulder: what the engine promises is asked of its rows, in SQL.

It decides nothing and mends nothing. What it finds is a defect, and somebody should be woken.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, Table, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.rows import decode_body
from services.alerts.adapters.store import retryable
from services.alerts.adapters.tables import (
    alert,
    device_track,
    handover,
    notification,
    nudge,
    task,
    visit,
)
from services.alerts.domain.promises import climbed_twice, is_ahead, is_told_too_late
from services.alerts.metrics import Metrics
from services.alerts.ports import Page
from shared.clock import Clock
from shared.events.alert import Alert

EVERY_S = 15.0
PATIENCE = timedelta(seconds=30)
"""What is due this long has been forgotten, or nobody is there."""
PAGE_PATIENCE = timedelta(minutes=2)
"""A page may wait behind others of a provider that hangs; that has a rule of its own."""
RECENT = timedelta(minutes=10)
"""How long a page that has left is looked at, and by that how long the finding stands."""
MOST = 1000

_OPEN = alert.c.closed_at.is_(None)
_ENDED = alert.c.state.in_(["resolved", "closed"])


class Auditor:
    """Counts what should not be; any number of replicas may do so at once."""

    def __init__(self, engine: AsyncEngine, metrics: Metrics, clock: Clock) -> None:
        self._engine = engine
        self._metrics = metrics
        self._clock = clock

    async def audit(self) -> float:
        """One round; returns when to come back. Raises `TryAgain` while the database is away, and
        then the time of the last round stands still, which is an alert of its own."""
        now = self._clock()
        checks = _checks(now)
        counts = select(*(count.label(name) for name, count in checks.items()))
        with retryable():
            async with self._engine.connect() as connection:
                found = (await connection.execute(counts)).one()
                untold = (await connection.execute(_untold(now - PATIENCE))).scalars().all()
                stories = (await connection.execute(_newest_open)).scalars().all()
                told = (await connection.execute(_told_since(now - RECENT))).scalars().all()
        numbers = found._asdict() | _read(stories, told, now)
        for name, number in numbers.items():
            self._metrics.auditor_violations.labels(name).set(number)
        self._metrics.unpaged_alerts.set(sum(_should_be_told(body) for body in untold))
        self._metrics.auditor_last_run.set(now.timestamp())
        return EVERY_S


def _checks(now: datetime) -> dict[str, ScalarSelect[int]]:
    long_ago = now - PATIENCE
    return {
        "alert_without_timer": _count(alert, _OPEN, ~_ENDED, alert.c.next_due_at.is_(None)),
        "alert_held_by_nobody": _count(
            alert, _OPEN, alert.c.state == "raised", alert.c.next_due_kind != "climb"
        ),
        "ended_alert_with_timer": _count(
            alert, _ENDED, alert.c.next_due_at.is_not(None), alert.c.next_due_kind != "close_lapse"
        ),
        "alert_left": _count(alert, alert.c.next_due_at < long_ago),
        "visit_left": _count(visit, visit.c.next_check_at < long_ago),
        "task_without_timer": _count(task, task.c.state != "done", task.c.next_due_at.is_(None)),
        "task_left": _count(task, task.c.next_due_at < long_ago),
        "gap_left": _count(device_track, device_track.c.next_check_at < long_ago),
        "nudge_left": _count(nudge, nudge.c.next_due_at < long_ago),
        "handover_left": _count(handover, handover.c.next_due_at < long_ago),
        "page_left": _count(notification, notification.c.due_at < now - PAGE_PATIENCE),
    }


def _count(table: Table, *conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).select_from(table).where(*conditions).scalar_subquery()


_newest_open = select(alert.c.body).where(_OPEN).order_by(alert.c.opened_at.desc()).limit(MOST)


def _told_since(since: datetime) -> Select[Any]:
    """Pages of open alerts that wait, or have left since."""
    fresh = or_(notification.c.due_at.is_not(None), notification.c.finished_at > since)
    pages = select(notification.c.body).join(alert, notification.c.alert_id == alert.c.id)
    return pages.where(_OPEN, fresh).order_by(alert.c.opened_at.desc()).limit(MOST)


def _read(stories: Sequence[bytes], told: Sequence[bytes], now: datetime) -> dict[str, int]:
    """What no column shows, by what alerts and pages say of themselves."""
    alerts = [decode_body(body, Alert) for body in stories]
    pages = (decode_body(body, Page) for body in told)
    return {
        "page_after_take": sum(map(is_told_too_late, pages)),
        "level_told_twice": sum(map(climbed_twice, alerts)),
        "alert_ahead": sum(is_ahead(each, now + PATIENCE) for each in alerts),
    }


def _untold(long_ago: datetime) -> Select[Any]:
    """Alerts that climb and have no page; whether they should have one, their story says."""
    told = exists().where(notification.c.alert_id == alert.c.id)
    climbs = (_OPEN, alert.c.next_due_kind == "climb", alert.c.opened_at < long_ago)
    return select(alert.c.body).where(*climbs, ~told).limit(MOST)


def _should_be_told(body: bytes) -> bool:
    """Not while the first level is still to come; where the plan reaches nobody, it should."""
    untold = decode_body(body, Alert)
    return untold.level > 0 or any(each.code == "nobody_reachable" for each in untold.reasons)
