"""`python -m ronda.bench.floors.archive`: one topic into the archive's two tables.

Rows and position in one transaction, by binary COPY; a repeated id is left out. No conflicts, no
hash, no gaps, no ledger, no other topic.
"""

import gc
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache

import msgspec
import psycopg
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct
from psycopg import AsyncConnection

from shared import bus
from shared.bus import Record
from shared.settings import Environment
from shared.topics import PATROL

MAX_RECORDS = 5_000
_TOPIC_NUMBER = 1
_STAGED = "CREATE TEMP TABLE staged (LIKE archive.event) ON COMMIT DELETE ROWS"
_NARROW = "id, type, site, unit, actor, device, time, received_at, hash, appended_at, topic"
_STAGE = f'COPY pg_temp.staged ({_NARROW}, partition, "offset") FROM STDIN (FORMAT BINARY)'
_STAGE_TYPES = (
    *("bytea", "text", "text", "text", "text", "text", "timestamptz", "timestamptz", "bytea"),
    *("timestamptz", "int2", "int4", "int8"),
)
_CLAIM = "INSERT INTO archive.event SELECT * FROM pg_temp.staged ON CONFLICT DO NOTHING"
_RECORDS = (
    'COPY archive.record (appended_at, "offset", key, value, partition, topic, event_id, status,'
    " salt)"
    " FROM STDIN (FORMAT BINARY)"
)
_RECORD_TYPES = ("timestamptz", "int8", "bytea", "bytea", "int4", "int2", "bytea", "text", "bytea")
# The row is as wide as the archive's; nothing is hashed with it.
_SALT = bytes(16)
_MOVE = (
    "INSERT INTO archive.floor_position SELECT * FROM unnest(%s::int[], %s::bigint[])"
    " ON CONFLICT (partition) DO UPDATE SET next_offset = excluded.next_offset"
)


class _Event(Struct):
    id: str
    type: str
    time: datetime
    receivedtime: datetime
    subject: str | None = None
    unit: str | None = None
    actor: str | None = None
    device: str | None = None


_decode = msgspec.json.Decoder(_Event).decode
_Pairs = list[tuple[Record, _Event]]


async def run(environment: Environment) -> None:
    """Drains the topic from its beginning, then waits for more, until a signal."""
    topic = environment.text("RONDA_BENCH_TOPIC")
    connection = await psycopg.AsyncConnection.connect(environment.database_url())
    async with connection:
        await connection.execute(_STAGED)
        await connection.execute(
            "INSERT INTO archive.topic VALUES (%s, %s)", (_TOPIC_NUMBER, topic)
        )
        await connection.commit()
        consumer = AIOKafkaConsumer(
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=4 * 1_048_576,
            **bus.client_arguments(environment.kafka()),
        )
        consumer.assign([TopicPartition(topic, number) for number in range(PATROL.partitions)])
        async with consumer:
            while True:
                parts = await consumer.getmany(timeout_ms=1000, max_records=MAX_RECORDS)
                if parts:
                    await _keep(connection, list(parts.values()))


async def _keep(connection: AsyncConnection, parts: Sequence[Sequence[Record]]) -> None:
    pairs = [(record, _decode(record.value or b"")) for part in parts for record in part]
    async with connection.transaction(), connection.cursor() as cursor:
        async with cursor.copy(_STAGE) as copy:
            copy.set_types(_STAGE_TYPES)
            for row in _event_rows(pairs):
                await copy.write_row(row)
        await cursor.execute(_CLAIM)
        async with cursor.copy(_RECORDS) as copy:
            copy.set_types(_RECORD_TYPES)
            for row in _record_rows(pairs):
                await copy.write_row(row)
        positions = (
            [part[-1].partition for part in parts],
            [part[-1].offset + 1 for part in parts],
        )
        await cursor.execute(_MOVE, positions)


def _event_rows(pairs: _Pairs) -> Iterator[tuple[object, ...]]:
    for record, event in pairs:
        yield (
            *(_id(event), event.type, event.subject, event.unit, event.actor, event.device),
            *(event.time, event.receivedtime, b"", _moment(record.timestamp), _TOPIC_NUMBER),
            *(record.partition, record.offset),
        )


def _record_rows(pairs: _Pairs) -> Iterator[tuple[object, ...]]:
    for record, event in pairs:
        yield (
            *(_moment(record.timestamp), record.offset, record.key, record.value),
            *(record.partition, _TOPIC_NUMBER, _id(event), "event", _SALT),
        )


def _id(event: _Event) -> bytes:
    return bytes.fromhex(event.id.replace("-", ""))


@lru_cache
def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


if __name__ == "__main__":
    gc.disable()
    uvloop.run(run(Environment(os.environ)))
