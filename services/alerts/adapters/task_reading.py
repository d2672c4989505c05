"""Tasks as people look at them: plain reads, outside any of the engine's transactions."""

from typing import Any

from sqlalchemy import Select, case, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.rows import decode_body
from services.alerts.adapters.store import retryable
from services.alerts.adapters.tables import task
from shared.events.task import Task

LONGEST_LIST = 1000


class TaskReadings:
    """Reads of committed rows; each raises `TryAgain` while the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def task(self, task_id: str) -> Task | None:
        """One task."""
        found = await self._all(select(task.c.body).where(task.c.id == task_id))
        return found[0] if found else None

    async def tasks(self, unit: str, *, only_open: bool, site: str | None = None) -> list[Task]:
        """Tasks of a unit and those below it: what is due soonest first, and what is done after it,
        the newest first. All that are open; with those that are done `LONGEST_LIST` at most."""
        is_done = task.c.next_due_at.is_(None)
        due_at = case((is_done, None), else_=task.c.due_at)
        below = task.c.unit.startswith(f"{unit}/", autoescape=True)
        statement = (
            select(task.c.body)
            .where(or_(task.c.unit == unit, below))
            .order_by(is_done, due_at, task.c.reported_at.desc(), task.c.id)
        )
        if only_open:
            statement = statement.where(task.c.next_due_at.is_not(None))
        else:
            statement = statement.limit(LONGEST_LIST)
        if site is not None:
            statement = statement.where(task.c.site == site)
        return await self._all(statement)

    async def _all(self, statement: Select[Any]) -> list[Task]:
        with retryable():
            async with self._engine.connect() as connection:
                bodies = (await connection.execute(statement)).scalars()
                return [decode_body(body, Task) for body in bodies]
