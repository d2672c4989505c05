"""What is to be looked at again of presences: plain reads, outside the engine's transactions."""

from typing import Any

from sqlalchemy import Executable, Row, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.cursor import Cursor, Page, page_of
from services.alerts.adapters.rows import decode_body
from services.alerts.adapters.store import retryable
from services.alerts.adapters.tables import presence_doubt as doubt
from services.alerts.adapters.tables import sequence_gap as gap
from services.alerts.domain.doubt import Doubt
from shared.events.presence import SequenceGap


class PresenceReadings:
    """Reads of committed rows; each raises `TryAgain` while the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def doubts(
        self, unit: str, *, site: str | None, after: Cursor | None, limit: int
    ) -> Page[Doubt]:
        """A page of the doubts of a unit and those below it, the newest first."""
        below = doubt.c.unit.startswith(f"{unit}/", autoescape=True)
        statement = (
            select(doubt.c.id, doubt.c.noticed_at, doubt.c.body)
            .where(or_(doubt.c.unit == unit, below))
            .order_by(doubt.c.noticed_at.desc(), doubt.c.id.desc())
            .limit(limit + 1)
        )
        if site is not None:
            statement = statement.where(doubt.c.site == site)
        if after is not None:
            statement = statement.where(after.before(doubt.c.noticed_at, doubt.c.id))
        return page_of(await self._all(statement), limit, _doubt, "noticed_at")

    async def gaps(self, unit: str) -> list[SequenceGap]:
        """Devices of a unit and those below it of which events are missing, the newest first; at
        most one for each device that there is."""
        below = gap.c.unit.startswith(f"{unit}/", autoescape=True)
        rows = await self._all(select(gap.c.body).where(or_(gap.c.unit == unit, below)))
        gaps = [decode_body(row.body, SequenceGap) for row in rows]
        return sorted(gaps, key=lambda each: (each.since, each.device), reverse=True)

    async def _all(self, statement: Executable) -> list[Row[Any]]:
        with retryable():
            async with self._engine.connect() as connection:
                return list((await connection.execute(statement)).all())


def _doubt(row: Row[Any]) -> Doubt:
    return decode_body(row.body, Doubt)
