"""The service on a real broker, as its clients meet it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.checkin.app import running
from services.checkin.settings import CheckinSettings
from shared.auth import Issuer, generate_keys
from shared.bus import Record, client_arguments, producer
from shared.clock import system_clock
from shared.events.envelope import Event
from shared.events.registry import encode
from shared.plan.model import Plan
from shared.plan.pieces import to_events
from shared.settings import AuthSettings, HttpSettings, KafkaSettings
from shared.topics import PLAN, TopicSpec, partition_for
from tests.unit.checkin.builders import UNIT, a_plan

Tokens = Callable[..., str]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Signing keys and the JWKS."""
    return generate_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def token(keys: dict[str, Path]) -> Tokens:
    """Makes tokens by role, without a device unless one is named."""
    issuer = Issuer(keys["checkin"])

    def make(role: str = "officer", device: str | None = None) -> str:
        return issuer.token(
            actor="p-1021",
            name="Sari Wulandari",
            role=role,
            unit=UNIT,
            now=system_clock(),
            device=device,
        )

    return make


@pytest.fixture
def settings(topics: KafkaSettings, keys: dict[str, Path]) -> CheckinSettings:
    """Of a service on topics of the test's own."""
    return CheckinSettings(
        kafka=topics,
        http=HttpSettings(),
        auth=AuthSettings(keys_file=keys["keys"], signing_key_file=keys["checkin"]),
    )


@pytest.fixture
async def service(settings: CheckinSettings) -> AsyncIterator[str]:
    """The URL of a service that knows the plan of the builders."""
    await publish_plan(settings.kafka, a_plan())
    async with running(settings) as app:
        yield app.url


@pytest.fixture
async def client(service: str, token: Tokens) -> AsyncIterator[httpx.AsyncClient]:
    """An officer's client."""
    headers = {"Authorization": f"Bearer {token()}"}
    async with httpx.AsyncClient(
        base_url=service, headers=headers, timeout=30, trust_env=False
    ) as client:
        yield client


async def publish_plan(settings: KafkaSettings, plan: Plan) -> None:
    """Sends a plan as `ronda plan apply` does."""
    async with producer(settings, client_id="test") as kafka:
        for event in to_events(plan, system_clock(), "test", "p-0001"):
            await kafka.send_and_wait(
                PLAN.physical(settings.topic_prefix), encode(event), partition=0
            )


async def records_of(settings: KafkaSettings, topic: TopicSpec) -> list[Record]:
    """Every record that a topic holds, in offset order per partition."""
    consumer = AIOKafkaConsumer(group_id=None, **client_arguments(settings))
    async with consumer:
        partitions = [
            TopicPartition(topic.physical(settings.topic_prefix), number)
            for number in range(topic.partitions)
        ]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        records: list[Record] = []
        while any([await consumer.position(p) < ends[p] for p in partitions]):
            for batch in (await consumer.getmany(timeout_ms=1000)).values():
                records += batch
        return records


async def publish(settings: KafkaSettings, topic: TopicSpec, *events: Event, key: str = "") -> None:
    """Sends events as the command line or another service does."""
    async with producer(settings, client_id="test") as kafka:
        for event in events:
            await kafka.send_and_wait(
                topic.physical(settings.topic_prefix),
                encode(event),
                key=key.encode() or None,
                partition=partition_for(key.encode(), topic.partitions),
            )
