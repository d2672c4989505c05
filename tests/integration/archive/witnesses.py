"""Two witnesses that share no code with the archive: what the topics hold, what the tables hold."""

import asyncio
from collections import Counter
from typing import Any, NamedTuple

import msgspec
import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from psycopg.rows import namedtuple_row

from shared.settings import KafkaSettings
from shared.topics import TOPICS, TopicSpec

_Headers = tuple[tuple[str, bytes | None], ...]


class Row(NamedTuple):
    """A record by its coordinates, with its bytes."""

    topic: str
    partition: int
    offset: int
    appended_ms: int
    key: bytes | None
    value: bytes | None
    headers: _Headers


async def in_topics(settings: KafkaSettings) -> set[Row]:
    """Every record of every topic, read without a group."""
    client = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers, auto_offset_reset="earliest"
    )
    await client.start()
    try:
        places = [
            TopicPartition(topic.physical(settings.topic_prefix), number)
            for topic in TOPICS
            for number in range(topic.partitions)
        ]
        client.assign(places)
        ends = await client.end_offsets(places)
        rows: set[Row] = set()
        while any([await client.position(place) < end for place, end in ends.items()]):
            for place, records in (await client.getmany(timeout_ms=500)).items():
                for each in records:
                    rows.add(
                        Row(
                            place.topic,
                            place.partition,
                            each.offset,
                            each.timestamp,
                            each.key,
                            each.value,
                            tuple(each.headers),
                        )
                    )
        return rows
    finally:
        await client.stop()


async def query(url: str, statement: str, *values: Any) -> list[Any]:
    """Rows of a statement, as named tuples."""
    connection = await psycopg.AsyncConnection.connect(
        url, autocommit=True, row_factory=namedtuple_row
    )
    async with connection:
        return await (await connection.execute(statement, values)).fetchall()


async def in_tables(url: str) -> list[Row]:
    """Every row of `record`."""
    rows = await query(
        url,
        """
        SELECT name, partition, "offset", extract(epoch FROM appended_at) * 1000 AS ms, key, value,
            headers
        FROM archive.record JOIN archive.topic ON topic.id = record.topic
        """,
    )
    return [
        Row(
            topic=each.name,
            partition=each.partition,
            offset=each.offset,
            appended_ms=int(each.ms),
            key=each.key,
            value=each.value,
            headers=_headers(each.headers),
        )
        for each in rows
    ]


def _headers(packed: bytes | None) -> _Headers:
    return () if packed is None else msgspec.msgpack.decode(packed, type=_Headers)


async def count(url: str, table: str) -> int:
    """How many rows a table of the archive has."""
    (row,) = await query(url, f"SELECT count(*) AS rows FROM archive.{table}")  # noqa: S608
    return int(row.rows)


async def complaints(settings: KafkaSettings, url: str) -> dict[str, object]:
    """What is missing, doubled or invented in the archive; empty when it is as promised."""
    topics, tables = await in_topics(settings), await in_tables(url)
    doubled = [row for row, times in Counter(row[:3] for row in tables).items() if times > 1]
    broken = await query(
        url,
        """
        SELECT status::text FROM archive.record
        LEFT JOIN archive.event ON event.id = record.event_id
            AND (event.topic, event.partition, event."offset")
                = (record.topic, record.partition, record."offset")
        WHERE (status = 'event') <> (event.id IS NOT NULL)
        """,
    )
    torn = await query(
        url,
        """
        SELECT * FROM (
            SELECT *, lag(next_offset, 1, first_offset) OVER (
                PARTITION BY topic, partition ORDER BY next_offset) AS previous_end
            FROM archive.segment) AS chained
        WHERE first_offset <> previous_end OR next_offset - first_offset <> records
        """,
    )
    found = {
        "missing": topics - set(tables),
        "invented": set(tables) - topics,
        "doubled": doubled,
        "status without its row": broken,
        "segments that do not join": torn,
    }
    return {what: rows for what, rows in found.items() if rows}


async def send(
    sender: AIOKafkaProducer,
    settings: KafkaSettings,
    topic: TopicSpec,
    *values: bytes | None,
    partition: int = 0,
    headers: tuple[tuple[str, bytes | None], ...] = (),
) -> None:
    """Produces values to one partition, acknowledged."""
    name = topic.physical(settings.topic_prefix)
    sent = [
        await sender.send(name, value, key=b"k", partition=partition, headers=list(headers))
        for value in values
    ]
    await asyncio.gather(*sent)
