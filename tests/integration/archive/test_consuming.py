"""From real Kafka into real PostgreSQL: nothing lost, nothing doubled, whatever happens between."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from sqlalchemy import make_url

from ronda.stack.postgres import create_database, drop_database
from services.archive.adapters.kafka_log import KafkaLog
from services.archive.app import running
from services.archive.handlers import keeping
from services.archive.settings import ArchiveSettings
from shared.bus import producer
from shared.clock import system_clock
from shared.events.identity import new_id
from shared.provision import create_topics
from shared.settings import KafkaSettings
from shared.topics import DEADLETTER, INCIDENT, PATROL, PLAN, POSITION, QUARANTINE, TOPICS
from tests.integration.archive.witnesses import complaints, count, query, send
from tests.unit.archive.builders import an_event
from tests.waiting import eventually

WITHIN = 30.0


def events(number: int) -> list[bytes]:
    """So many different events."""
    return [an_event("", id=new_id(system_clock()), deviceseq=n) for n in range(number)]


def holds(settings: ArchiveSettings, records: int) -> Callable[[], Awaitable[bool]]:
    """Whether so many records are archived."""

    async def check() -> bool:
        return await count(settings.database_url, "record") >= records

    return check


async def commit_offsets(settings: KafkaSettings, offset_of: Callable[[int], int]) -> None:
    """Moves the archive's group, while nobody is in it, to `offset_of(end)` on each partition."""
    client = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers,
        group_id=f"{settings.topic_prefix}archive",
        enable_auto_commit=False,
    )
    await client.start()
    places = [
        TopicPartition(topic.physical(settings.topic_prefix), number)
        for topic in TOPICS
        for number in range(topic.partitions)
    ]
    client.assign(places)
    ends = await client.end_offsets(places)
    await client.commit({place: offset_of(end) for place, end in ends.items()})
    await client.stop()


async def test_every_record_of_every_topic_is_archived_once(
    settings: ArchiveSettings, sender: AIOKafkaProducer
) -> None:
    total = 0
    for topic in TOPICS:
        for partition in range(topic.partitions):
            values = events(7)
            await send(sender, settings.kafka, topic, *values, values[0], partition=partition)
            total += 8
    async with running(settings) as app:
        await eventually(holds(settings, total), within=WITHIN)
        ready = await eventually(lambda: app.health.readiness["consumer"]().ok, within=WITHIN)
        assert ready
    assert await complaints(settings.kafka, settings.database_url) == {}
    asides = 8 * (QUARANTINE.partitions + DEADLETTER.partitions)
    assert await count(settings.database_url, "aside") == asides
    assert await count(settings.database_url, "event") == (total - asides) * 7 // 8
    assert await count(settings.database_url, "duplicate") == (total - asides) // 8


async def test_poison_keeps_flowing_with_everything_around_it(
    settings: ArchiveSettings, sender: AIOKafkaProducer
) -> None:
    poison: list[bytes | None] = [
        None,
        b"",
        b"\xff\xfe\x00",
        b"{" * 5_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        an_event("x", id="not a uuid"),
        an_event("nul", unit="\x00", subject="\x00"),
        an_event("old", time="0001-01-01T00:00:00+14:00"),
        an_event("latin").replace(b'"qr"', b'"\xff"'),
        b"x" * 900_000,
    ]
    async with running(settings):
        for value in poison:
            await send(sender, settings.kafka, PATROL, *events(50), partition=1)
            await send(sender, settings.kafka, PATROL, value, partition=1)
            headers = (("null", None), ("binary", b"\xff\xfe"), ("traceparent", b"00-0"))
            await send(sender, settings.kafka, PATROL, *events(49), partition=1, headers=headers)
        await eventually(holds(settings, 1000), within=WITHIN)
    assert await complaints(settings.kafka, settings.database_url) == {}
    assert await count(settings.database_url, "event") == 990 + 3
    assert await count(settings.database_url, "undecodable") == 7
    (kept,) = await query(
        settings.database_url,
        "SELECT count(*) AS rows FROM archive.record WHERE headers IS NOT NULL",
    )
    assert kept.rows == 490


async def test_a_group_whose_offsets_are_lost_doubles_nothing(
    settings: ArchiveSettings, sender: AIOKafkaProducer
) -> None:
    await send(sender, settings.kafka, PATROL, *events(30), partition=3)
    async with running(settings):
        await eventually(holds(settings, 30), within=WITHIN)
    await commit_offsets(settings.kafka, lambda end: 0)
    await send(sender, settings.kafka, PATROL, *events(5), partition=3)
    async with running(settings):
        await eventually(holds(settings, 35), within=WITHIN)
    assert await complaints(settings.kafka, settings.database_url) == {}


async def test_a_group_whose_offsets_are_ahead_of_an_empty_archive_loses_nothing(
    settings: ArchiveSettings, sender: AIOKafkaProducer
) -> None:
    await send(sender, settings.kafka, PATROL, *events(20), partition=3)
    await send(sender, settings.kafka, INCIDENT, *events(20), partition=0)
    await commit_offsets(settings.kafka, lambda end: end)
    async with running(settings):
        # Only a record behind the committed offset shows that something is missing before it.
        await send(sender, settings.kafka, PATROL, *events(1), partition=3)
        await send(sender, settings.kafka, INCIDENT, *events(1), partition=0)
        await eventually(holds(settings, 42), within=WITHIN)
    assert await complaints(settings.kafka, settings.database_url) == {}


async def test_a_database_that_was_restored_from_a_backup_catches_up_from_its_own_head(
    settings: ArchiveSettings, sender: AIOKafkaProducer
) -> None:
    await send(sender, settings.kafka, PATROL, *events(25), partition=2)
    async with running(settings):
        await eventually(holds(settings, 25), within=WITHIN)
    url = make_url(settings.database_url)
    backup = f"{url.database}_backup"
    await create_database(settings.database_url, backup, template=url.database)
    try:
        await send(sender, settings.kafka, PATROL, *events(25), partition=2)
        async with running(settings):
            await eventually(holds(settings, 50), within=WITHIN)
        restored = replace(
            settings,
            database_url=url.set(database=backup).render_as_string(hide_password=False),
        )
        async with running(restored):
            await send(sender, settings.kafka, PATROL, *events(1), partition=2)
            await eventually(holds(restored, 51), within=WITHIN)
        assert await complaints(settings.kafka, restored.database_url) == {}
    finally:
        await drop_database(settings.database_url, backup)


async def test_two_instances_that_come_and_go_share_the_work_exactly(
    settings: ArchiveSettings, sender: AIOKafkaProducer
) -> None:
    sent = 0

    async def stream() -> None:
        nonlocal sent
        while True:
            for partition in range(6):
                await send(sender, settings.kafka, POSITION, *events(20), partition=partition)
                sent += 20

    streaming = asyncio.create_task(stream())
    async with running(settings) as first:
        await eventually(holds(settings, 200), within=WITHIN)
        async with running(settings) as second:
            for url in (first.url, second.url):
                await eventually(lambda url=url: _shares(url), within=WITHIN)  # type: ignore[misc]
            await eventually(holds(settings, sent + 200), within=WITHIN)
        await eventually(holds(settings, sent + 200), within=WITHIN)
    async with running(settings):
        streaming.cancel()
        await asyncio.gather(streaming, return_exceptions=True)
        await sender.flush()
        await eventually(holds(settings, sent), within=WITHIN)
    assert await complaints(settings.kafka, settings.database_url) == {}


async def _shares(url: str) -> bool:
    """Whether an instance has some but not all of the partitions."""
    async with httpx.AsyncClient(trust_env=False) as client:
        metrics = (await client.get(f"{url}/metrics")).text
    assigned = metrics.count("\nronda_consumer_lag_records{")
    return 0 < assigned < sum(topic.partitions for topic in TOPICS)


async def test_a_broker_that_shows_a_short_log_for_a_moment_stops_nothing_for_good(
    settings: ArchiveSettings, sender: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(sender, settings.kafka, PATROL, *events(20), partition=2)
    async with running(settings):
        await eventually(holds(settings, 20), within=WITHIN)
    await commit_offsets(settings.kafka, lambda end: 0)
    asked = []

    async def end(log: KafkaLog, topic: str, partition: int) -> int:
        asked.append(partition)
        return 3 if len(asked) == 1 else await true_end(log, topic, partition)

    true_end = KafkaLog.end
    monkeypatch.setattr(KafkaLog, "end", end)
    monkeypatch.setattr(keeping, "AGAIN_SOON", timedelta(0))
    async with running(settings) as app:
        await eventually(lambda: len(asked) > 1, within=WITHIN)
        await send(sender, settings.kafka, PATROL, *events(5), partition=2)
        await eventually(holds(settings, 25), within=WITHIN)
        assert app.health.readiness["logs"]().ok
    assert await complaints(settings.kafka, settings.database_url) == {}


async def test_a_topic_that_was_made_anew_is_not_mistaken_for_the_archived_one(
    settings: ArchiveSettings, sender: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PATIENCE", timedelta(0))
    await send(sender, settings.kafka, PLAN, *events(9))
    async with running(settings):
        await eventually(holds(settings, 9), within=WITHIN)
    await _make_anew(settings.kafka, PLAN.physical(settings.kafka.topic_prefix))
    again = producer(settings.kafka, client_id="again")
    await again.start()
    try:
        await send(again, settings.kafka, PLAN, *events(2))
        await send(again, settings.kafka, PATROL, *events(3))
    finally:
        await again.stop()
    async with running(settings) as app:
        await eventually(lambda: not app.health.readiness["logs"]().ok, within=WITHIN)
        assert "ronda.plan/0 is another log" in app.health.readiness["logs"]().detail
        await eventually(holds(settings, 12), within=WITHIN)
    assert await count(settings.database_url, "record") == 12


async def _make_anew(settings: KafkaSettings, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    try:
        await admin.delete_topics([topic])

        async def gone() -> bool:
            return topic not in await admin.list_topics()

        await eventually(gone, within=WITHIN)
    finally:
        await admin.close()
    await create_topics(settings)


async def test_records_that_retention_removed_first_are_counted_as_missing(
    settings: ArchiveSettings, sender: AIOKafkaProducer
) -> None:
    await send(sender, settings.kafka, PATROL, *events(10), partition=0)
    place = TopicPartition(PATROL.physical(settings.kafka.topic_prefix), 0)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers)
    await admin.start()
    await admin.delete_records({place: RecordsToDelete(before_offset=4)})
    await admin.close()
    async with running(settings) as app:
        await eventually(holds(settings, 6), within=WITHIN)
        async with httpx.AsyncClient(trust_env=False) as client:

            async def counted() -> bool:
                metrics = (await client.get(f"{app.url}/metrics")).text
                return 'ronda_archive_missing_total{topic="ronda.patrol"} 4.0' in metrics

            # What is stored is counted a moment later.
            await eventually(counted, within=WITHIN)
