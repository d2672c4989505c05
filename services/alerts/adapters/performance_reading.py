"""Alerts for the figures about alarms: only what those need is decoded."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.store import retryable
from services.alerts.adapters.tables import alert
from services.alerts.domain.performance import Told
from services.alerts.domain.restriction import may_know
from shared.auth import Principal

MOST = 20_000
"""Four times what a district raises in a bad month; beyond, the newest are shown."""

_decode = msgspec.json.Decoder(Told).decode


class PerformanceReadings:
    """Reads of committed rows; raises `TryAgain` while the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def told(self, viewer: Principal, since: datetime, until: datetime) -> list[Told]:
        """Live alerts that are there for a viewer and were raised in a span, oldest first."""
        return await self._found(viewer, alert.c.opened_at >= since, alert.c.opened_at < until)

    async def standing(self, viewer: Principal, before: datetime) -> list[Told]:
        """Live alerts that are there for a viewer and are open since before a moment."""
        return await self._found(viewer, alert.c.closed_at.is_(None), alert.c.opened_at < before)

    async def _found(self, viewer: Principal, *which: ColumnElement[bool]) -> list[Told]:
        below = alert.c.unit.startswith(f"{viewer.unit}/", autoescape=True)
        mine = or_(alert.c.unit == viewer.unit, below)
        statement = (
            select(alert.c.body)
            .where(mine, alert.c.purpose.is_(None), *which)
            .order_by(alert.c.opened_at.desc())
            .limit(MOST)
        )
        with retryable():
            async with self._engine.connect() as connection:
                bodies = (await connection.execute(statement)).scalars().all()
        # A month takes a while, and the alerts wait in this loop.
        told = await asyncio.to_thread(_decoded, bodies)
        return [each for each in told if may_know(each.restricted, viewer)]


def _decoded(bodies: Sequence[bytes]) -> list[Told]:
    return [_decode(body) for body in reversed(bodies)]
