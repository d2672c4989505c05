"""How records come in; after a restore from a backup they are read again."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.consumer import ROUTES, Inlet, Route
from services.alerts.adapters.store import PostgresStore
from services.alerts.adapters.tables import position
from services.alerts.ports import Incoming
from shared import bus
from shared.clock import system_clock
from shared.health import Progress
from shared.settings import KafkaSettings
from shared.topics import INCIDENT, PATROL, POSITION
from tests.waiting import eventually

ROUTE = Route(INCIDENT, "alerts-incident", 200)


class Intake:
    """Keeps what it is handed, and advances the positions as the real one does."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self.taken: list[Incoming] = []

    @property
    def values(self) -> list[bytes | None]:
        return [record.value for record in self.taken]

    async def on_records(self, records: Sequence[Incoming]) -> None:
        async with self._store.transaction() as transaction:
            for record in records:
                await transaction.advance({(record.topic, record.partition): record.offset + 1})
        self.taken += records


@pytest.fixture
async def sender(topics: KafkaSettings) -> AsyncIterator[AIOKafkaProducer]:
    client = bus.producer(topics, client_id="test")
    await client.start()
    yield client
    await client.stop()


async def send(sender: AIOKafkaProducer, settings: KafkaSettings, *values: bytes) -> None:
    topic = INCIDENT.physical(settings.topic_prefix)
    for value in values:
        await sender.send_and_wait(topic, value, partition=3)


@asynccontextmanager
async def consuming(
    settings: KafkaSettings, store: PostgresStore, progress: Progress | None = None
) -> AsyncIterator[Intake]:
    intake = Intake(store)
    inlet = Inlet(
        settings,
        ROUTE,
        store=store,
        on_records=intake.on_records,
        progress=progress or Progress(system_clock),
    )
    async with inlet.consumer:
        yield intake


def test_every_topic_of_the_field_has_a_group_of_its_own() -> None:
    assert {route.topic for route in ROUTES} == {INCIDENT, PATROL, POSITION}
    assert len({route.group for route in ROUTES}) == len(ROUTES)


async def test_records_come_with_their_logical_topic_and_place(
    topics: KafkaSettings, store: PostgresStore, sender: AIOKafkaProducer
) -> None:
    await send(sender, topics, b"one", b"two")
    async with consuming(topics, store) as intake:
        await eventually(lambda: len(intake.taken) == 2)
    assert intake.taken == [
        Incoming("ronda.incident", 3, 0, b"one"),
        Incoming("ronda.incident", 3, 1, b"two"),
    ]


async def test_a_restart_reads_on_where_it_was(
    topics: KafkaSettings, store: PostgresStore, sender: AIOKafkaProducer
) -> None:
    await send(sender, topics, b"before")
    async with consuming(topics, store) as intake:
        await eventually(lambda: intake.values == [b"before"])
    await send(sender, topics, b"after")
    async with consuming(topics, store) as intake:
        await eventually(lambda: intake.values == [b"after"])


async def test_what_a_restored_database_does_not_know_is_read_again(
    topics: KafkaSettings, store: PostgresStore, engine: AsyncEngine, sender: AIOKafkaProducer
) -> None:
    await send(sender, topics, b"zero", b"one", b"two")
    async with consuming(topics, store) as intake:
        await eventually(lambda: len(intake.taken) == 3)
    await restore(engine, next_offset=1)
    await send(sender, topics, b"three")
    async with consuming(topics, store) as intake:
        await eventually(lambda: intake.values == [b"one", b"two", b"three"])


async def test_a_position_beyond_the_end_of_the_topic_is_said_and_nothing_is_skipped(
    topics: KafkaSettings, store: PostgresStore, engine: AsyncEngine, sender: AIOKafkaProducer
) -> None:
    await restore(engine, next_offset=1_000)
    await send(sender, topics, b"of a topic that was made anew")
    progress = Progress(system_clock, patience=timedelta(seconds=1))
    async with consuming(topics, store, progress) as intake:
        await eventually(lambda: "alerts.position" in progress.ready().detail)
        assert intake.taken == []


async def restore(engine: AsyncEngine, next_offset: int) -> None:
    """The positions as an older backup, or one of another cluster, has them."""
    async with engine.begin() as connection:
        await connection.execute(delete(position))
        row = {"topic": INCIDENT.name, "partition": 3, "next_offset": next_offset}
        await connection.execute(insert(position), row)
