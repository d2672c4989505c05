"""The visits of a day, counted where they stand."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.store import retryable
from services.alerts.adapters.tables import visit
from services.alerts.domain.coverage import Coverage
from services.alerts.domain.rounds import Hour

HOUR = timedelta(hours=1)
_MADE = ("done", "recovered")


class CoverageReadings:
    """Reads of committed rows; raises `TryAgain` while the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def coverage(
        self, unit: str, since: datetime, until: datetime, now: datetime
    ) -> list[Coverage]:
        """By site, of a unit and those below it: the visits due from `since` to before `until`."""
        below = visit.c.unit.startswith(f"{unit}/", autoescape=True)
        statement = (
            select(
                visit.c.site,
                func.count().label("planned"),
                # What was made before its time counts as required too.
                _count((visit.c.due_at <= now) | visit.c.state.in_(_MADE)).label("required"),
                _count(visit.c.state == "done").label("done"),
                _count(visit.c.state == "recovered").label("late"),
                _count(visit.c.state == "missed").label("missed"),
                _count(visit.c.state == "at_risk").label("at_risk"),
                _count((visit.c.state == "due") & (visit.c.opens_at <= now)).label("open"),
                _count(visit.c.is_short & visit.c.state.in_(_MADE)).label("short"),
            )
            .where(or_(visit.c.unit == unit, below))
            .where(visit.c.due_at >= since, visit.c.due_at < until)
            .group_by(visit.c.site)
            .order_by(visit.c.site)
        )
        with retryable():
            async with self._engine.connect() as connection:
                rows = (await connection.execute(statement)).mappings().all()
        return [Coverage(**row) for row in rows]

    async def hours(self, unit: str, first: datetime, count: int) -> list[Hour]:
        """Visits of a unit and those below it by the hour in which they are due, so many hours."""
        below = visit.c.unit.startswith(f"{unit}/", autoescape=True)
        hour = func.date_bin(HOUR, visit.c.due_at, first)
        made, missed = visit.c.state.in_(_MADE), visit.c.state == "missed"
        statement = (
            select(
                hour.label("at"),
                _count(made).label("made"),
                _count(missed).label("missed"),
                _count(~made & ~missed).label("ahead"),
            )
            .where(or_(visit.c.unit == unit, below))
            .where(visit.c.due_at >= first, visit.c.due_at < first + count * HOUR)
            .group_by(hour)
        )
        with retryable():
            async with self._engine.connect() as connection:
                rows = (await connection.execute(statement)).mappings().all()
        found = {row["at"]: Hour(**row) for row in rows}
        moments = [first + number * HOUR for number in range(count)]
        return [found.get(at, Hour(at=at, made=0, missed=0, ahead=0)) for at in moments]


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)
