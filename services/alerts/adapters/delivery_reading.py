"""Pages as people look at them: whom they reached, and whom they did not."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Executable, Row, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.rows import decode_body
from services.alerts.adapters.store import retryable
from services.alerts.adapters.tables import alert, notification
from services.alerts.domain.restriction import may_know
from services.alerts.ports import Page
from shared.auth import Principal
from shared.events.alert import Restriction

LONGEST_LIST = 500

Standing = Literal["waiting", "sent", "delivered", "retrying", "failed"]

_n = notification.c
_other = notification.alias("other")
_failed = and_(_n.accepted_at.is_(None), _n.attempt > 0)
_reached_otherwise = exists().where(
    _other.c.alert_id == _n.alert_id,
    _other.c.call == _n.call,
    _other.c.accepted_at.is_not(None),
)
_may_yet = exists().where(
    _other.c.alert_id == _n.alert_id, _other.c.call == _n.call, _other.c.attempt == 0
)
_undelivered = and_(_failed, alert.c.closed_at.is_(None), ~_reached_otherwise, ~_may_yet)


class PageView(Struct, frozen=True, kw_only=True):
    """One way to one recipient, and how it stands. The contact's address is nobody's business."""

    alert: str
    number: int
    unit: str
    purpose: str | None
    cycle: int
    level: int
    post: str
    recipient: str
    channel: str
    why: str
    standing: Standing
    attempts: int
    error: str | None
    queued_at: datetime
    next_try_at: datetime | None
    accepted_at: datetime | None
    delivered_at: datetime | None


class _Known(Struct, frozen=True, kw_only=True):
    """Of an alert what says who may know of it."""

    restricted: Restriction | None = None


_decode = msgspec.json.Decoder(_Known).decode


class DeliveryReadings:
    """Reads of committed rows; each raises `TryAgain` while the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def pages(
        self, viewer: Principal, *, only_undelivered: bool, alert_id: str | None = None
    ) -> list[PageView]:
        """Pages about alerts that are there for a viewer, the newest alert's first; or only those
        of calls that nobody has been reached by."""
        unit = viewer.unit
        statement = (
            select(notification, alert.c.unit, alert.c.body.label("alert_body"))
            .join(alert, alert.c.id == _n.alert_id)
            .where(or_(alert.c.unit == unit, alert.c.unit.startswith(f"{unit}/", autoescape=True)))
            .order_by(alert.c.opened_at.desc(), alert.c.id, _n.dedup)
            .limit(LONGEST_LIST)
        )
        if only_undelivered:
            statement = statement.where(_undelivered)
        if alert_id is not None:
            statement = statement.where(_n.alert_id == alert_id)
        rows = await self._all(statement)
        return [_view(row) for row in rows if may_know(_restricted(row.alert_body), viewer)]

    async def undelivered(self) -> int:
        """How many calls of open alerts have reached nobody."""
        statement = (
            select(func.count(func.distinct(_n.call)))
            .join(alert, alert.c.id == _n.alert_id)
            .where(_undelivered)
        )
        return int((await self._all(statement))[0][0])

    async def _all(self, statement: Executable) -> list[Row[Any]]:
        with retryable():
            async with self._engine.connect() as connection:
                return list((await connection.execute(statement)).all())


def _restricted(body: bytes) -> Restriction | None:
    return _decode(body).restricted


def _view(row: Row[Any]) -> PageView:
    page = decode_body(row.body, Page)
    return PageView(
        alert=page.alert.id,
        number=page.alert.number,
        unit=row.unit,
        purpose=page.alert.purpose,
        cycle=page.cycle,
        level=page.level,
        post=page.post,
        recipient=page.recipient,
        channel=page.channel,
        why=page.why,
        standing=_standing(row),
        attempts=row.attempt,
        error=row.error,
        queued_at=page.due_at,
        next_try_at=row.due_at,
        accepted_at=row.accepted_at,
        delivered_at=row.delivered_at,
    )


def _standing(row: Row[Any]) -> Standing:
    if row.delivered_at is not None:
        return "delivered"
    if row.accepted_at is not None:
        return "sent"
    if row.attempt == 0:
        return "waiting"
    return "retrying" if row.due_at is not None else "failed"
