"""The embedded broker keeps what it acknowledged, however it ends."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from ronda.stack.errors import StackError
from ronda.stack.kafka import EmbeddedKafka
from tests.integration.stack.processes import is_running

TOPIC = "kept"


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[EmbeddedKafka]:
    """A broker of this test's own: it is going to be stopped and killed."""
    broker = EmbeddedKafka(tmp_path / "kafka")
    await broker.start()
    yield broker
    await broker.stop()


async def create_topic(broker: EmbeddedKafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, 1, 1, topic_configs={"flush.messages": "1"})])
    finally:
        await admin.close()


async def send(broker: EmbeddedKafka, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(TOPIC, value)
    finally:
        await producer.stop()


async def received(broker: EmbeddedKafka, count: int) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=broker.bootstrap_servers, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def cluster_id(broker: EmbeddedKafka) -> str:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await admin.start()
    try:
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()


async def test_a_second_start_is_the_same_cluster_on_the_same_port_with_the_same_records(
    broker: EmbeddedKafka,
) -> None:
    await create_topic(broker)
    await send(broker, b"before the stop")
    address, cluster = broker.bootstrap_servers, await cluster_id(broker)
    await broker.stop()
    await broker.start()
    assert (broker.bootstrap_servers, await cluster_id(broker)) == (address, cluster)
    await send(broker, b"after it")
    assert await received(broker, 2) == [b"before the stop", b"after it"]


async def test_what_was_acknowledged_survives_a_kill(broker: EmbeddedKafka) -> None:
    await create_topic(broker)
    await send(broker, b"acknowledged")
    pid = broker.pid
    await broker.kill()
    assert not is_running(pid)
    await broker.start()
    assert await received(broker, 1) == [b"acknowledged"]


async def test_two_brokers_cannot_share_a_port(broker: EmbeddedKafka, tmp_path: Path) -> None:
    second = EmbeddedKafka(tmp_path / "second", port=broker.port)
    with pytest.raises(StackError, match=f"port {broker.port} is taken"):
        await second.start()


async def test_a_broker_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    broker = EmbeddedKafka(tmp_path / "kafka")
    (tmp_path / "kafka" / "topics").mkdir(parents=True)
    (tmp_path / "kafka" / "topics" / "meta.properties").write_text("version=1\ncluster.id=other\n")
    with pytest.raises(StackError, match=r"(?s)while starting.*kafka\.log.*meta\.properties"):
        await broker.start()
    with pytest.raises(StackError, match="not running"):
        _ = broker.pid
