"""The alerts service among real neighbours: Kafka, PostgreSQL, a receiver of webhooks, people."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from services.alerts.settings import AlertsSettings
from shared import bus
from shared.auth import Issuer, generate_keys
from shared.events.alert import Alert
from shared.events.envelope import Event
from shared.events.incident import IncidentReported
from shared.events.registry import decode_envelope, encode
from shared.plan.model import Channel, Plan
from shared.plan.pieces import to_events
from shared.settings import AuthSettings, HttpSettings, KafkaSettings
from shared.topics import ALERT, PLAN, TopicSpec, intake_topic, partition_for
from tests.builders import POLRES, TELEGRAM, a_plan, a_policy, an_incident
from tests.integration.alerts.kafka_reading import records_of
from tests.integration.alerts.sink import Sink

NOBODY = 3600.0
"""A delay in which nothing climbs during a test."""


def a_quick_plan(sink: Sink, **over: Any) -> Plan:
    """Every level a quarter of a second after the one before; pages go to the sink."""
    steps = [
        replace(step, after_s=0.25 if number else 0) for number, step in enumerate(a_policy().steps)
    ]
    fields: dict[str, Any] = {
        "policies": [
            a_policy(severities=["rendah", "sedang"], steps=steps, repeat_s=NOBODY),
            a_policy(id="gawat", severities=["tinggi", "kritis"], steps=steps, repeat_s=NOBODY),
        ],
        "channels": [
            Channel(id="log", kind="log"),
            Channel(id=TELEGRAM, kind="webhook", url=f"{sink.url}/page", secret_name="posko"),
        ],
    }
    return a_plan(**fields | over)


def a_calm_plan(sink: Sink, **over: Any) -> Plan:
    """The first level is told at once; nothing climbs for an hour."""
    steps = [
        replace(step, after_s=NOBODY if number else 0)
        for number, step in enumerate(a_policy().steps)
    ]
    severities = ["rendah", "sedang", "tinggi", "kritis"]
    policy = a_policy(severities=severities, steps=steps, repeat_s=NOBODY)
    return a_quick_plan(sink, **{"policies": [policy]} | over)


@dataclass(slots=True)
class World:
    """What a test does to the service, and sees of it."""

    settings: AlertsSettings
    sink: Sink
    producer: AIOKafkaProducer
    issuer: Issuer
    reported: list[str] = field(default_factory=list)

    @property
    def kafka(self) -> KafkaSettings:
        """This test's topics."""
        return self.settings.kafka

    async def send(self, event: Event | bytes, topic: TopicSpec | None = None) -> None:
        """As checkin does: to the topic of its type, under the key of its site."""
        if isinstance(event, bytes):
            assert topic is not None
            key, value = b"gudang", event
        else:
            topic = topic or intake_topic(event.type)
            assert topic is not None
            key, value = (event.subject or event.unit or "").encode(), encode(event)
        await self.producer.send_and_wait(
            topic.physical(self.kafka.topic_prefix),
            value,
            key=key,
            partition=partition_for(key, topic.partitions),
        )

    async def publish(self, plan: Plan, at: datetime | None = None) -> None:
        """As `ronda plan apply` does."""
        for event in to_events(plan, at or datetime.now(UTC), "test", "tester"):
            await self.send(event, PLAN)

    async def report(self, category: str = "suspicious_person", **over: Any) -> IncidentReported:
        """A guard reports something now."""
        now = datetime.now(UTC)
        fields: dict[str, Any] = {"time": now, "receivedtime": now}
        event = an_incident(category, **fields | over)
        await self.send(event)
        self.reported.append(event.id)
        return event

    def token(self, name: str, role: str = "operator", unit: str = POLRES, **over: Any) -> str:
        """A credential, as `ronda token` makes it."""
        return self.issuer.token(
            actor=f"u-{name}", name=name, role=role, unit=unit, now=datetime.now(UTC), **over
        )

    def environment(self) -> dict[str, str]:
        """The settings as a process gets them."""
        return {
            "RONDA_KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "RONDA_TOPIC_PREFIX": self.kafka.topic_prefix,
            "RONDA_DATABASE_URL": self.settings.database_url,
            "RONDA_AUTH_KEYS_FILE": str(self.settings.auth.keys_file),
            "RONDA_HTTP_PORT": "0",
            "RONDA_NOTIFY_ALLOW": "loopback",
            "RONDA_WEBHOOK_SECRET_POSKO": self.settings.webhook_secrets["POSKO"],
        }

    async def published(self) -> list[tuple[str, str, dict[str, Any]]]:
        """What alerts has told so far: type, event id and data, in the order of the topic."""
        records = [decode_envelope(record.value) for record in await records_of(self.kafka, ALERT)]
        return [(each.type, each.id, msgspec.json.decode(each.data)) for each in records]


@dataclass(slots=True)
class Operator:
    """A person at the board."""

    http: httpx.AsyncClient

    async def alerts(self, state: str = "open") -> list[Alert]:
        """The list."""
        answer = await self.http.get("/v1/alerts", params={"state": state})
        answer.raise_for_status()
        items = msgspec.json.decode(answer.content)["items"]
        return [msgspec.convert(each, Alert) for each in items]

    async def command(self, verb: str, alert: Alert, **body: Any) -> httpx.Response:
        """A command, with a key of its own unless the test gives one."""
        fields = {"version": alert.version, "key": f"{verb}-{alert.version}"} | body
        return await self.http.post(f"/v1/alerts/{alert.id}/{verb}", json=fields)


@asynccontextmanager
async def an_operator(url: str, token: str) -> AsyncIterator[Operator]:
    """Talks to the service as the bearer of a token."""
    headers: Mapping[str, str] = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=10) as http:
        yield Operator(http)


@asynccontextmanager
async def a_world(
    kafka: KafkaSettings, database_url: str, sink: Sink, folder: Path
) -> AsyncIterator[World]:
    """Keys, settings and a producer; the service itself is started by the test."""
    files = generate_keys(folder)
    settings = AlertsSettings(
        kafka=kafka,
        database_url=database_url,
        http=HttpSettings(),
        auth=AuthSettings(keys_file=files["keys"], signing_key_file=files["alerts"]),
        webhook_secrets={"POSKO": "rahasia"},
        notify_allow=("loopback",),
        pages=folder / "dist",
    )
    producer = bus.producer(kafka, client_id="test")
    async with asyncio.timeout(20):
        await producer.start()
    try:
        yield World(settings, sink, producer, Issuer(files["alerts"]))
    finally:
        await producer.stop()
