"""Erasures and retired months told on `ronda.audit`, from the rows that they left.

What is told comes back as a record of its own, and that is how it is known to be told: nothing is
lost when a process dies between an act and its event, and told twice it is the same event. A
retired month is told again once the record of that was dropped with a month of its own.
"""

import asyncio
import uuid
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.sql import SQL
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.evidence.acts import ACTS, RETIRED, SAID, act_of
from services.archive.adapters.transactions import transaction, translated
from services.archive.domain import acts
from services.archive.domain.stored import Retired
from services.archive.ports import AccessLog, Unavailable
from shared.events.audit import Erasure, RecordErased
from shared.logging import logger

EVERY_S = 15.0
ACTS_AT_ONCE = 100
ROUNDS_OF_RECENT = 240
"""So many rounds look at the last day's acts only, once a look at all of them found nothing."""
_UNTOLD = ACTS + SQL(
    " WHERE act.id IN (SELECT id FROM archive.erasure_act AS one WHERE (%(all)s OR erased_at >"
    " (SELECT max(erased_at) - interval '1 day' FROM archive.erasure_act))"
    " AND NOT EXISTS (SELECT FROM archive.event WHERE event.id = one.id)"
    " AND EXISTS (SELECT FROM archive.erasure WHERE erasure.act = one.id)"
    " ORDER BY erased_at DESC LIMIT %(limit)s) ORDER BY erased_at DESC"
)

_log = logger(__name__)


class ErasureTeller:
    """Tells of erasures and of retired months that the archive has no event of."""

    def __init__(self, engine: AsyncEngine, log: AccessLog, *, unit: str | None) -> None:
        self._engine = engine
        self._log = log
        self._unit = unit
        self._rounds_of_recent = 0

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
                erasures = await self._erasures(connection)
                return [*await self._retirements(connection), *erasures]

    async def _erasures(self, connection: AsyncConnection[Any]) -> list[RecordErased]:
        everything = self._rounds_of_recent == 0
        asked = {"all": everything, "limit": ACTS_AT_ONCE}
        found = await (await connection.execute(_UNTOLD, asked)).fetchall()
        if everything:
            self._rounds_of_recent = 0 if found else ROUNDS_OF_RECENT
        else:
            self._rounds_of_recent -= 1
        return [
            self._event(act.id, acts.erasure(act), act.actor, act.erased_at)
            for act in map(act_of, found)
        ]

    async def _retirements(self, connection: AsyncConnection[Any]) -> list[RecordErased]:
        rows = await (await connection.execute(RETIRED)).fetchall()
        retired = {acts.retirement_id(each): each for each in map(Retired._make, rows)}
        asked = [uuid.UUID(each) for each in retired]
        told = dict(await (await connection.execute(SAID, (asked, asked))).fetchall())
        return [
            self._event(each, acts.retirement(month), month.actor, month.retired_at)
            for each, month in retired.items()
            if each not in told
        ]

    def _event(self, event_id: str, data: Erasure, actor: str, at: datetime) -> RecordErased:
        return RecordErased(
            specversion="1.0",
            id=event_id,
            source="ronda/archive",
            time=at,
            receivedtime=at,
            unit=self._unit,
            actor=actor,
            channel="system",
            data=data,
        )
