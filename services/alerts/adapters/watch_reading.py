"""The journal and the handovers as people look at them: plain reads."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.rows import decode_body
from services.alerts.adapters.store import retryable
from services.alerts.adapters.tables import handover, journal
from services.alerts.domain.watch import is_waiting
from shared.events.watch import Handover, JournalEntry

LONGEST_LIST = 1000


class WatchReadings:
    """Reads of committed rows; each raises `TryAgain` while the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def journal(self, unit: str, since: datetime) -> list[JournalEntry]:
        """Lines of a unit and those below it, the newest first, `LONGEST_LIST` at most."""
        below = journal.c.unit.startswith(f"{unit}/", autoescape=True)
        statement = (
            select(journal.c.body)
            .where(or_(journal.c.unit == unit, below), journal.c.at >= since)
            .order_by(journal.c.at.desc(), journal.c.id)
            .limit(LONGEST_LIST)
        )
        return [decode_body(body, JournalEntry) for body in await self._all(statement)]

    async def pending(self, unit: str) -> Handover | None:
        """The newest handover of exactly this unit, while somebody may accept it."""
        newest = await self._newest(select(handover.c.body).where(handover.c.unit == unit))
        return newest if newest is not None and is_waiting(newest) else None

    async def last(self, unit: str) -> Handover | None:
        """The newest handover of exactly this unit that was accepted."""
        return await self._newest(
            select(handover.c.body).where(
                handover.c.unit == unit, handover.c.accepted_at.is_not(None)
            )
        )

    async def _newest(self, statement: Select[tuple[bytes]]) -> Handover | None:
        found = await self._all(statement.order_by(handover.c.at.desc()).limit(1))
        return decode_body(found[0], Handover) if found else None

    async def _all(self, statement: Select[tuple[bytes]]) -> list[Any]:
        with retryable():
            async with self._engine.connect() as connection:
                return list((await connection.execute(statement)).scalars())
