"""`python -m ronda.bench.floors.alerts`: a report becomes a committed row and a record.

No triage, no escalation, no inbox, no outbox: an insert, a commit, an acknowledged produce.
"""

import asyncio
import gc
import os
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from msgspec import Struct
from psycopg import AsyncConnection

from shared import bus
from shared.bus import Record
from shared.settings import Environment
from shared.topics import ALERT, INCIDENT, partition_for

_TABLE = "CREATE TABLE IF NOT EXISTS floor_alert (id uuid PRIMARY KEY, site text, at timestamptz)"
_INSERT = (
    "INSERT INTO floor_alert SELECT * FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[])"
    " ON CONFLICT DO NOTHING"
)


class _Report(Struct):
    id: UUID
    subject: str
    time: datetime


_decode = msgspec.json.Decoder(_Report).decode
_encode = msgspec.json.Encoder().encode


async def run(environment: Environment) -> None:
    """Raises alerts until a signal."""
    kafka = environment.kafka()
    producer = bus.producer(kafka, client_id="floor-alerts")
    consumer = AIOKafkaConsumer(
        INCIDENT.physical(kafka.topic_prefix),
        group_id=f"{kafka.topic_prefix}floor-alerts",
        auto_offset_reset="earliest",
        **bus.client_arguments(kafka),
    )
    connection = await psycopg.AsyncConnection.connect(environment.database_url())
    async with connection, producer, consumer:
        await connection.execute(_TABLE)
        await connection.commit()
        while True:
            parts = await consumer.getmany(timeout_ms=1000)
            records = [record for part in parts.values() for record in part]
            if records:
                reports = await _committed(connection, records)
                await _told(producer, ALERT.physical(kafka.topic_prefix), reports)


async def _committed(connection: AsyncConnection, records: Sequence[Record]) -> list[_Report]:
    reports = [_decode(record.value or b"") for record in records]
    columns = (
        [report.id for report in reports],
        [report.subject for report in reports],
        [report.time for report in reports],
    )
    await connection.execute(_INSERT, columns)
    await connection.commit()
    return reports


async def _told(producer: AIOKafkaProducer, topic: str, reports: Sequence[_Report]) -> None:
    deliveries = []
    for report in reports:
        key = report.subject.encode()
        value = _encode({"alert": {"parts": [{"event": report.id}], "site": report.subject}})
        partition = partition_for(key, ALERT.partitions)
        deliveries.append(await producer.send(topic, value=value, key=key, partition=partition))
    await asyncio.gather(*deliveries)


if __name__ == "__main__":
    gc.disable()
    uvloop.run(run(Environment(os.environ)))
