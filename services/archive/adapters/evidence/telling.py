"""Erasures told on `ronda.audit`, from the rows that they left.

What is told comes back as a record of its own, and that is how it is known to be told: nothing is
lost when a process dies between an erasure and its event, and told twice it is the same event.
"""

import asyncio
from typing import Any

from psycopg.sql import SQL
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.transactions import transaction, translated
from services.archive.ports import AccessLog, Unavailable
from shared.events.audit import ErasedRecord, Erasure, RecordErased
from shared.logging import logger

EVERY_S = 15.0
ACTS_AT_ONCE = 100
_UNTOLD = SQL(
    "SELECT id::text, reason, authority, class, actor, erased_at FROM archive.erasure_act AS act"
    " WHERE NOT EXISTS (SELECT FROM archive.event WHERE event.id = act.id)"
    " AND EXISTS (SELECT FROM archive.erasure WHERE erasure.act = act.id)"
    " ORDER BY erased_at DESC LIMIT %s"
)
_OF_ACT = SQL(
    'SELECT name, partition, "offset", leaf FROM archive.erasure'
    " JOIN archive.topic ON topic.id = erasure.topic WHERE act = %s"
    ' ORDER BY name, partition, "offset"'
)

_log = logger(__name__)


class ErasureTeller:
    """Tells of erasures that the archive has no event of."""

    def __init__(self, engine: AsyncEngine, log: AccessLog, *, unit: str | None) -> None:
        self._engine = engine
        self._log = log
        self._unit = unit

    async def tell(self) -> int:
        """How many were told. Raises `Unavailable`."""
        events = await self._untold()
        for event in events:
            await self._log.record(event)
        return len(events)

    async def tell_for_ever(self) -> None:
        """Runs until cancelled."""
        while True:
            try:
                told = await self.tell()
            except Unavailable as error:
                _log.warning("erasures cannot be told now", error=str(error))
            else:
                if told:
                    _log.info("told of erasures", acts=told)
            await asyncio.sleep(EVERY_S)

    async def _untold(self) -> list[RecordErased]:
        with translated():
            async with transaction(self._engine) as connection:
                cursor = await connection.execute(_UNTOLD, (ACTS_AT_ONCE,))
                events = []
                for act_id, *act in await cursor.fetchall():
                    found = await connection.execute(_OF_ACT, (act_id,))
                    records = [
                        ErasedRecord(topic=name, partition=number, offset=offset, leaf=leaf.hex())
                        for name, number, offset, leaf in await found.fetchall()
                    ]
                    events.append(self._event(act_id, act, records))
                return events

    def _event(self, act_id: str, act: list[Any], records: list[ErasedRecord]) -> RecordErased:
        reason, authority, data_class, actor, erased_at = act
        return RecordErased(
            specversion="1.0",
            id=act_id,
            source="ronda/archive",
            time=erased_at,
            receivedtime=erased_at,
            unit=self._unit,
            actor=actor,
            channel="system",
            data=Erasure(
                data_class=data_class,
                reason=reason,
                authority=authority,
                erased_at=erased_at,
                records=records,
            ),
        )
