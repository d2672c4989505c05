"""What goes wrong around the intake: Kafka dies and comes back, senders leave, producers break."""

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from ronda.stack.kafka import EmbeddedKafka
from services.checkin.app import running
from services.checkin.settings import CheckinSettings
from shared.bus import Record
from shared.events.registry import decode_envelope
from shared.provision import create_topics
from shared.settings import AuthSettings, HttpSettings, KafkaSettings
from shared.topics import INCIDENT
from tests.integration.checkin.conftest import Tokens, publish_plan, records_of
from tests.integration.stack.processes import is_frozen
from tests.unit.checkin.builders import a_plan, an_event
from tests.waiting import eventually


def an_officer(url: str, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False)


def ids(records: list[Record]) -> list[str]:
    return [decode_envelope(record.value).id for record in records]


@pytest.fixture
async def mortal_kafka(tmp_path: Path) -> AsyncIterator[EmbeddedKafka]:
    """A broker that this test alone uses, and kills."""
    async with EmbeddedKafka(tmp_path / "kafka") as kafka:
        yield kafka


@pytest.fixture
async def mortal(mortal_kafka: EmbeddedKafka, keys: dict[str, Path]) -> CheckinSettings:
    """Of a service on that broker, with topics, a plan and little patience."""
    settings = CheckinSettings(
        kafka=KafkaSettings(bootstrap_servers=mortal_kafka.bootstrap_servers),
        http=HttpSettings(),
        auth=AuthSettings(keys_file=keys["keys"], signing_key_file=keys["checkin"]),
        ack_timeout_s=2.0,
    )
    await create_topics(settings.kafka)
    await publish_plan(settings.kafka, a_plan())
    return settings


@pytest.mark.timeout(180)
async def test_while_the_broker_is_dead_the_answer_is_503_and_afterwards_nothing_is_missing(
    mortal_kafka: EmbeddedKafka, mortal: CheckinSettings, token: Tokens
) -> None:
    accepted: list[str] = []
    async with (
        running(mortal) as app,
        an_officer(app.url, token()) as client,
    ):

        async def send(*events: dict[str, object]) -> httpx.Response:
            answer = await client.post("/v1/events", json=list(events))
            if answer.status_code == 202:
                accepted.extend(result["id"] for result in answer.json()["results"])
            return answer

        async def is_taken(event: dict[str, object]) -> bool:
            return (await send(event)).status_code == 202

        async def readiness() -> int:
            return (await client.get("/health/ready")).status_code

        async def is_ready() -> bool:
            return await readiness() == 200

        async def is_unready() -> bool:
            return await readiness() == 503

        assert (await send(an_event())).status_code == 202
        await mortal_kafka.kill()
        kept = [an_event() for _ in range(20)]
        answers = await asyncio.gather(*map(send, kept))
        assert {answer.status_code for answer in answers} == {503}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
        assert "send it again" in answers[0].json()["detail"]
        # Known to be away, it says so at once, and lives on; it is only not ready.
        assert (await send(kept[0])).status_code == 503
        await eventually(is_unready, within=30)
        assert (await client.get("/health/live")).is_success
        assert "ronda_ingest_kafka_up 0.0" in (await client.get("/metrics")).text

        await mortal_kafka.start()
        for event in kept:
            await eventually(partial(is_taken, event), within=30)
        await eventually(is_ready, within=30)
    stored = ids(await records_of(mortal.kafka, INCIDENT))
    assert set(accepted) <= set(stored)
    assert {event["id"] for event in kept} <= set(accepted)


@pytest.mark.timeout(180)
async def test_a_broker_that_freezes_is_not_waited_for_and_what_it_held_is_harmless(
    mortal_kafka: EmbeddedKafka, mortal: CheckinSettings, token: Tokens
) -> None:
    event = an_event()
    async with running(mortal) as app, an_officer(app.url, token()) as client:

        async def status() -> int:
            return (await client.post("/v1/events", json=event)).status_code

        async def is_taken() -> bool:
            return await status() == 202

        os.kill(mortal_kafka.pid, signal.SIGSTOP)
        try:
            await eventually(partial(is_frozen, mortal_kafka.pid))
            assert await status() == 503
            assert await status() == 503
        finally:
            os.kill(mortal_kafka.pid, signal.SIGCONT)
        await eventually(is_taken, within=30)
    assert set(ids(await records_of(mortal.kafka, INCIDENT))) == {event["id"]}


async def test_senders_who_leave_before_the_answer_harm_nobody(
    client: httpx.AsyncClient, service: str, token: Tokens, settings: CheckinSettings
) -> None:
    address = urlsplit(service)
    left = [an_event(deviceseq=n) for n in range(30)]
    stayed = [an_event(deviceseq=n) for n in range(30)]

    async def leave(event: dict[str, object]) -> None:
        _, writer = await asyncio.open_connection(address.hostname, address.port)
        body = msgspec.json.encode(event)
        head = (
            f"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token()}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        writer.transport.abort()

    async def stay(event: dict[str, object]) -> int:
        return (await client.post("/v1/events", json=event)).status_code

    outcomes = await asyncio.gather(
        *(work for pair in zip(map(leave, left), map(stay, stayed), strict=True) for work in pair)
    )
    assert set(outcomes) == {None, 202}
    stored = ids(await records_of(settings.kafka, INCIDENT))
    assert {event["id"] for event in stayed} <= set(stored)
    # Each record is whole: what a leaver sent is there entirely or not at all.
    assert set(stored) <= {event["id"] for event in left + stayed}


async def test_a_producer_that_its_broker_refused_is_replaced_without_a_restart(
    client: httpx.AsyncClient, settings: CheckinSettings
) -> None:
    """A limit of the broker below ours is how an idempotent producer gets poisoned in the field."""
    await _limit(settings.kafka, 20_000)
    noise = secrets.token_urlsafe(60_000)
    small = an_event()

    async def is_refused() -> bool:  # once the broker knows of its new limit
        big = an_event(data={"category": "x", "noise": noise})
        return (await client.post("/v1/events", json=big)).status_code == 503

    async def is_taken() -> bool:
        return (await client.post("/v1/events", json=small)).status_code == 202

    await eventually(is_refused)
    await eventually(is_taken)
    assert small["id"] in ids(await records_of(settings.kafka, INCIDENT))
    metrics = (await client.get("/metrics")).text
    assert "ronda_ingest_kafka_failures_total 1.0" in metrics


async def _limit(settings: KafkaSettings, record_bytes: int) -> None:
    topic = INCIDENT.physical(settings.topic_prefix)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    try:
        changes = {"max.message.bytes": str(record_bytes)}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, changes)])
    finally:
        await admin.close()
