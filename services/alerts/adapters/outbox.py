"""The outbox's relay: rows leave in their order, and are deleted once Kafka has them.

A crash between the two sends rows again, with the same event ids: every consumer knows them.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from sqlalchemy import Double, Row, bindparam, cast, delete, extract, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.types import BigInteger

from services.alerts.adapters.outgoing_rows import decode_headers
from services.alerts.adapters.store import retryable
from services.alerts.adapters.tables import SHARDS, outbox
from services.alerts.metrics import Metrics
from shared import bus
from shared.clock import Clock, system_clock
from shared.crash import crash_point
from shared.settings import KafkaSettings
from shared.topics import TOPICS, partition_for

POLL_S = 0.5
"""How late an event of another process, whose bell is not heard here, leaves at most."""
BUSY_S = 0.02
"""While another replica holds a shard, until the next look: its rows may be ours to send."""
LINGER_S = 0.01
"""What several transactions publish leaves together, and after the pages that they queued."""
BATCH = 1000
SEND_LIMIT_S = 20.0

_SHARD_LOCKS = 0x526F_6E64
_topics = {topic.name: topic for topic in TOPICS}

_age = cast(extract("epoch", func.clock_timestamp() - outbox.c.at), Double)
_shard = func.generate_series(0, SHARDS - 1).column_valued("shard")
_lock_free_shards = select(_shard).where(func.pg_try_advisory_xact_lock(_SHARD_LOCKS, _shard))
_rows = (
    select(outbox, _age.label("age"))
    .where(outbox.c.shard == func.any(bindparam("shards", type_=ARRAY(BigInteger))))
    .order_by(outbox.c.id)
    .limit(BATCH)
)
_delete = delete(outbox).where(outbox.c.id == func.any(bindparam("ids", type_=ARRAY(BigInteger))))


class Relay:
    """One replica's relay; a shard's rows are sent by whoever holds its advisory lock."""

    def __init__(
        self,
        engine: AsyncEngine,
        settings: KafkaSettings,
        metrics: Metrics,
        clock: Clock = system_clock,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._waits_since: datetime | None = None
        self._producer: AIOKafkaProducer | None = None

    async def relay(self) -> float:
        """Sends what waits; returns for how many seconds nothing more is known to wait.

        Raises `TryAgain` or `KafkaError`; the rows stay.
        """
        await asyncio.sleep(LINGER_S)
        with retryable():
            async with self._engine.begin() as connection:
                shards = list((await connection.execute(_lock_free_shards)).scalars())
                # A statement of its own, so that it sees what was committed before the locks.
                rows = (await connection.execute(_rows, {"shards": shards})).all()
                self._metrics.outbox_age.set(rows[0].age if rows else 0)
                self._waits_since = rows[0].at if rows else None
                if rows:
                    await self._send(rows)
                    crash_point("outbox.sent")
                    await connection.execute(_delete, {"ids": [row.id for row in rows]})
        self._waits_since = None
        if len(rows) == BATCH:
            return 0.0
        return POLL_S if len(shards) == SHARDS else BUSY_S

    def lag_s(self) -> float:
        """For how many seconds the oldest row has waited that could not be sent so far."""
        if self._waits_since is None:
            return 0.0
        return (self._clock() - self._waits_since).total_seconds()

    async def close(self) -> None:
        """Lets the producer go."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaError):
                await producer.stop()

    async def _send(self, rows: Sequence[Row[Any]]) -> None:
        try:
            async with asyncio.timeout(SEND_LIMIT_S):
                producer = await self._started()
                await asyncio.gather(*[await self._handed_over(producer, row) for row in rows])
        except BaseException:
            # An idempotent producer may be dead for good after an error; a new one is cheap.
            await self.close()
            raise

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = bus.producer(self._settings, client_id="alerts")
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def _handed_over(
        self, producer: AIOKafkaProducer, row: Row[Any]
    ) -> "asyncio.Future[Any]":
        topic = _topics[row.topic]
        acknowledged: asyncio.Future[Any] = await producer.send(
            topic.physical(self._settings.topic_prefix),
            value=row.value,
            key=row.key,
            partition=partition_for(row.key, topic.partitions),
            headers=decode_headers(row.headers),
        )
        return acknowledged
