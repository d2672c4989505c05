"""Visits as people look at them: plain reads, outside any of the engine's transactions."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Executable, Row, Text, bindparam, column, func, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.cursor import Cursor, Page, page_of
from services.alerts.adapters.rows import decode_body
from services.alerts.adapters.store import retryable
from services.alerts.adapters.tables import visit
from services.alerts.domain.rounds import Rounds
from shared.events.alert import Visit

LOOK_BACK = timedelta(hours=24)
"""Visits that were missed longer ago are no news of a site."""

# One index look-up a site for each of them, however many visits there are.
_asked = (
    func.unnest(bindparam("sites", type_=ARRAY(Text)))
    .table_valued(column("site", Text))
    .render_derived("asked")
)
_site = _asked.c.site
_last = (
    select(func.max(visit.c.visited_at).label("last_at"))
    .where(visit.c.site == _site, visit.c.visited_at.is_not(None))
    .lateral("last")
)
_next = (
    select(visit.c.opens_at.label("next_opens_at"), visit.c.due_at.label("next_due_at"))
    .where(visit.c.site == _site, visit.c.state == "due", visit.c.due_at > bindparam("now"))
    .order_by(visit.c.due_at)
    .limit(1)
    .lateral("next")
)
_missed = visit.c.state == "missed"
_behind = (
    select(
        func.max(visit.c.due_at).filter(visit.c.state == "at_risk").label("owed_at"),
        func.count().filter(_missed).label("missed"),
        func.max(visit.c.due_at).filter(_missed).label("missed_at"),
    )
    .where(visit.c.site == _site, visit.c.due_at.between(bindparam("since"), bindparam("now")))
    .lateral("behind")
)
_rounds = (
    select(_site, *_last.c, *_next.c, *_behind.c)
    .join_from(_asked, _last, true())
    .join(_behind, true())
    .outerjoin(_next, true())
)


class VisitReadings:
    """Reads of committed rows; each raises `TryAgain` while the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def visits(
        self,
        unit: str,
        since: datetime,
        until: datetime,
        *,
        sites: Collection[str] | None = None,
        after: Cursor | None = None,
        limit: int,
    ) -> Page[Visit]:
        """A page of the visits of a unit and those below it that are due in a span, by due time;
        of these sites alone, where any are named."""
        below = visit.c.unit.startswith(f"{unit}/", autoescape=True)
        statement = (
            select(visit.c.id, visit.c.due_at, visit.c.body)
            .where(or_(visit.c.unit == unit, below), visit.c.due_at.between(since, until))
            .order_by(visit.c.due_at, visit.c.id)
            .limit(limit + 1)
        )
        if sites is not None:
            statement = statement.where(visit.c.site.in_(sites))
        if after is not None:
            statement = statement.where(after.after(visit.c.due_at, visit.c.id))
        return page_of(await self._all(statement), limit, _visit, "due_at")

    async def rounds(self, sites: Collection[str], now: datetime) -> Mapping[str, Rounds]:
        """How each of these sites stands with its visits."""
        wanted = {"sites": sorted(sites), "now": now, "since": now - LOOK_BACK}
        rows = await self._all(_rounds, wanted)
        return {
            row.site: Rounds(
                last_at=row.last_at,
                next_opens_at=row.next_opens_at,
                next_due_at=row.next_due_at,
                owed_at=row.owed_at,
                missed=row.missed,
                missed_at=row.missed_at,
            )
            for row in rows
        }

    async def _all(
        self, statement: Executable, parameters: Mapping[str, object] | None = None
    ) -> list[Row[Any]]:
        with retryable():
            async with self._engine.connect() as connection:
                return list((await connection.execute(statement, parameters)).all())


def _visit(row: Row[Any]) -> Visit:
    return decode_body(row.body, Visit)
