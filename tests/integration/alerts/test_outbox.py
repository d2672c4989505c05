"""The outbox: what is committed reaches Kafka, in order, however often the relay dies."""

import asyncio
from dataclasses import replace as with_settings
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from msgspec.structs import replace
from prometheus_client import CollectorRegistry
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters import outbox as relaying
from services.alerts.adapters.outbox import Relay
from services.alerts.adapters.reading import Readings
from services.alerts.adapters.store import PostgresStore
from services.alerts.adapters.tables import PARKED, outbox
from services.alerts.metrics import Metrics
from services.alerts.ports import Incoming
from shared.events.alert import AlertUpdated
from shared.events.envelope import CONTENT_TYPE
from shared.events.registry import decode_envelope
from shared.events.samples import samples
from shared.settings import KafkaSettings
from shared.topics import ALERT, DEADLETTER, MAX_RECORD_BYTES, partition_for
from tests.contract.alert_rows import id_of
from tests.integration.alerts.kafka_reading import records_of

_update = next(each for each in samples().values() if isinstance(each, AlertUpdated))


def an_update(name: str, **changes: Any) -> AlertUpdated:
    return replace(_update, id=id_of(name), **changes)


async def publish(store: PostgresStore, key: str, *names: str) -> None:
    for name in names:
        async with store.transaction() as transaction:
            await transaction.publish(ALERT, key, an_update(name))


async def waiting(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int(
            (await connection.execute(select(func.count()).select_from(outbox))).scalar_one()
        )


async def drain(relay: Relay) -> None:
    async with asyncio.timeout(30):
        while await relay.relay() < relaying.POLL_S:
            pass


@pytest.fixture
async def relay(engine: AsyncEngine, topics: KafkaSettings) -> Any:
    relay = Relay(engine, topics, Metrics(CollectorRegistry()))
    yield relay
    await relay.close()


async def ids_by_key(settings: KafkaSettings) -> dict[bytes | None, list[str]]:
    found: dict[bytes | None, list[str]] = {}
    for record in await records_of(settings, ALERT):
        found.setdefault(record.key, []).append(decode_envelope(record.value).id)
    return found


async def test_events_leave_in_their_order_and_under_the_partition_of_their_key(
    store: PostgresStore, relay: Relay, engine: AsyncEngine, topics: KafkaSettings
) -> None:
    names = [str(number) for number in range(30)]
    for name in names:
        await publish(store, "gudang" if int(name) % 2 else "kpu", name)
    await drain(relay)
    assert await waiting(engine) == 0
    assert await ids_by_key(topics) == {
        b"gudang": [id_of(name) for name in names if int(name) % 2],
        b"kpu": [id_of(name) for name in names if not int(name) % 2],
    }
    for record in await records_of(topics, ALERT):
        assert record.key is not None
        assert record.partition == partition_for(record.key, ALERT.partitions)
        assert dict(record.headers) == {"content-type": CONTENT_TYPE.encode()}


async def test_a_relay_that_dies_after_sending_sends_the_same_events_again(
    store: PostgresStore,
    relay: Relay,
    engine: AsyncEngine,
    topics: KafkaSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await publish(store, "gudang", "one", "two")

    def die(_: str) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr(relaying, "crash_point", die)
        with pytest.raises(ConnectionResetError):
            await relay.relay()
    assert await waiting(engine) == 2
    await drain(relay)
    assert await waiting(engine) == 0
    once = [id_of("one"), id_of("two")]
    assert await ids_by_key(topics) == {b"gudang": once + once}


async def test_two_relays_send_each_event_once_and_keep_the_order(
    store: PostgresStore, relay: Relay, engine: AsyncEngine, topics: KafkaSettings
) -> None:
    other = Relay(engine, topics, Metrics(CollectorRegistry()))
    names = [str(number) for number in range(60)]
    try:
        await asyncio.gather(publish(store, "gudang", *names), drain_until(relay, other, engine))
    finally:
        await other.close()
    assert await ids_by_key(topics) == {b"gudang": [id_of(name) for name in names]}


async def drain_until(first: Relay, second: Relay, engine: AsyncEngine) -> None:
    """Both relay at once, until everything that is published meanwhile has left."""
    sent = 0
    async with asyncio.timeout(30):
        while sent < 60:
            await asyncio.gather(first.relay(), second.relay())
            async with engine.connect() as connection:
                last = select(func.pg_sequence_last_value("alerts.outbox_id_seq"))
                sent = int((await connection.execute(last)).scalar_one() or 0)
                sent -= await waiting(engine)


async def test_a_dead_letter_says_where_it_came_from_and_keeps_its_bytes(
    store: PostgresStore, relay: Relay, topics: KafkaSettings
) -> None:
    bad = Incoming(topic="ronda.incident", partition=3, offset=41, value=b"\xff\x00 not JSON")
    tombstone = Incoming(topic="ronda.patrol", partition=0, offset=2, value=None)
    async with store.transaction() as transaction:
        await transaction.dead_letter(bad, "malformed")
        await transaction.dead_letter(tombstone, "the record has no value")
    await drain(relay)
    first, second = await records_of(topics, DEADLETTER)
    assert first.value == bad.value
    assert dict(first.headers) == {
        "ronda-topic": b"ronda.incident",
        "ronda-partition": b"3",
        "ronda-offset": b"41",
        "ronda-reason": b"malformed",
    }
    assert (second.key, second.value) == (b"ronda.patrol/0/2", None)


async def test_an_event_that_no_topic_takes_is_parked_and_stops_nobody(
    store: PostgresStore, relay: Relay, engine: AsyncEngine, topics: KafkaSettings
) -> None:
    huge = an_update("huge", source="x")
    text = "x" * MAX_RECORD_BYTES
    parts = [replace(huge.data.parts[0], text=text)]
    async with store.transaction() as transaction:
        await transaction.publish(
            ALERT, "gudang", replace(huge, data=replace(huge.data, parts=parts))
        )
    await publish(store, "gudang", "small")
    await drain(relay)
    assert await ids_by_key(topics) == {b"gudang": [id_of("small")]}
    async with engine.connect() as connection:
        shards = (await connection.execute(select(outbox.c.shard))).scalars().all()
    assert shards == [PARKED]
    assert await Readings(engine).parked() == 1


async def test_while_kafka_is_away_events_wait_and_their_age_shows(
    store: PostgresStore, relay: Relay, engine: AsyncEngine, topics: KafkaSettings
) -> None:
    registry = CollectorRegistry()
    nowhere = with_settings(topics, bootstrap_servers="127.0.0.1:1")
    cut_off = Relay(engine, nowhere, Metrics(registry))
    await publish(store, "gudang", "one")
    with pytest.raises(KafkaError):
        await cut_off.relay()
    age = registry.get_sample_value("ronda_outbox_age_seconds")
    assert age is not None
    assert age > 0
    assert cut_off.lag_s() > 0
    await drain(relay)
    assert relay.lag_s() == 0
    assert await ids_by_key(topics) == {b"gudang": [id_of("one")]}
