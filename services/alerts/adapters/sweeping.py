"""What nobody will ask for again is deleted, so that no table grows for ever.

Alerts, visits and duties stay; the archive keeps everything else.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Column, Delete, Interval, Table, bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.store import retryable
from services.alerts.adapters.tables import (
    code_use,
    command_answer,
    inbox,
    notification,
    presence_doubt,
    sign_in_failure,
)

KEEP = timedelta(days=60)
"""Twice as long as any topic can bring an event again."""
BATCH = 5_000
EVERY_S = 3_600.0


def _older(table: Table, key: Column[str], at: Column[object]) -> Delete:
    old = select(key).where(at < func.now() - bindparam("keep", type_=Interval)).limit(BATCH)
    return delete(table).where(key.in_(old))


_SWEEPS: Sequence[Delete] = (
    _older(inbox, inbox.c.event_id, inbox.c.at),
    _older(command_answer, command_answer.c.key, command_answer.c.at),
    _older(notification, notification.c.dedup, notification.c.finished_at),
    _older(code_use, code_use.c.code, code_use.c.at),
    _older(presence_doubt, presence_doubt.c.id, presence_doubt.c.noticed_at),
    _older(sign_in_failure, sign_in_failure.c.subject, sign_in_failure.c.at),
)


class Sweeper:
    """Deletes in small transactions; any number of replicas may do so at once."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def sweep(self) -> float:
        """One batch of each table; returns when to come back, at once where more is left."""
        more = False
        for statement in _SWEEPS:
            with retryable():
                async with self._engine.begin() as connection:
                    deleted = await connection.execute(statement, {"keep": KEEP})
            more = more or deleted.rowcount == BATCH
        return 0.0 if more else EVERY_S
