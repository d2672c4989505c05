"""The service begins while Kafka is away: with the plan it kept, alerts climb and people act."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace as changed
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka.errors import KafkaError
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.plan_book import FoldedPlan
from services.alerts.adapters.plan_keeper import PlanKeeper
from services.alerts.adapters.store import PostgresStore
from services.alerts.app import running
from services.alerts.settings import AlertsSettings
from shared import bus
from shared.auth import Issuer, generate_keys
from shared.clock import system_clock
from shared.events.registry import encode
from shared.plan.model import Plan, Step
from shared.plan.pieces import to_events
from shared.settings import AuthSettings, HttpSettings, KafkaSettings
from shared.topics import INCIDENT, PLAN
from tests.builders import POLRES, a_plan, a_policy, an_alert, an_incident
from tests.waiting import eventually

AWAY = KafkaSettings(bootstrap_servers="127.0.0.1:1", topic_prefix="nowhere.")


def settings(database_url: str, folder: Path) -> tuple[AlertsSettings, Issuer]:
    files = generate_keys(folder)
    auth = AuthSettings(keys_file=files["keys"], signing_key_file=files["alerts"])
    made = AlertsSettings(
        kafka=AWAY, database_url=database_url, http=HttpSettings(), auth=auth, pages=folder
    )
    return made, Issuer(files["alerts"])


def quick_plan() -> Plan:
    steps = [Step(after_s=0.0, posts=["operator"]), Step(after_s=0.2, posts=["padal"])]
    policy = a_policy(severities=["rendah", "sedang", "tinggi", "kritis"], steps=steps)
    return a_plan(policies=[policy])


async def kept(engine: AsyncEngine, plan: Plan) -> None:
    """An earlier process has read the plan."""
    book = FoldedPlan(system_clock)
    keeper = PlanKeeper(engine, book)
    for event in to_events(plan, system_clock(), "/ronda", "x"):
        book.take(event)
    await keeper.keep()


async def test_alerts_climb_and_are_taken_although_kafka_was_away_from_the_start(
    engine: AsyncEngine, store: PostgresStore, alerts_database: str, tmp_path: Path
) -> None:
    await kept(engine, quick_plan())
    now = system_clock()
    alert = replace(an_alert(plan=quick_plan(), now=now), next_due_at=now + timedelta(seconds=0.2))
    async with store.transaction() as transaction:
        await transaction.save_alert(alert)

    made, issuer = settings(alerts_database, tmp_path)
    token = issuer.token(
        actor="u-1", name="Siti", role="operator", unit=POLRES, now=now, ttl=timedelta(minutes=5)
    )
    async with running(made) as app:
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=app.url, headers=headers, timeout=10) as siti:

            async def climbed() -> dict[str, Any] | None:
                body: dict[str, Any] = (await siti.get(f"/v1/alerts/{alert.id}")).json()
                return body if body["level"] == 2 else None

            body = await eventually(climbed)
            assert body["post"] == "Padal"
            command = {"version": body["version"], "key": "k"}
            answer = await siti.post(f"/v1/alerts/{alert.id}/acknowledge", json=command)
            assert answer.json()["owner"]["name"] == "Siti"

            ready = await siti.get("/health/ready")
            assert ready.status_code == 503, "it says that it hears nothing new"
            assert "as kept" in ready.text


@asynccontextmanager
async def forwarding(port: int, broker: str) -> AsyncIterator[None]:
    """A port behind which the broker answers, from now on."""
    host, _, number = broker.partition(":")

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(number))

        async def one_way(of: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
            while chunk := await of.read(65_536):
                to.write(chunk)
            to.close()

        await asyncio.gather(one_way(reader, back), one_way(there, writer), return_exceptions=True)

    server = await asyncio.start_server(carry, "127.0.0.1", port)
    async with server:
        yield


async def test_when_kafka_comes_it_hears_the_newest_plan_and_what_was_reported_meanwhile(
    engine: AsyncEngine, alerts_database: str, tmp_path: Path, topics: KafkaSettings
) -> None:
    await kept(engine, a_plan(version="kept"))
    producer = bus.producer(topics, client_id="test")
    await producer.start()
    try:
        for event in to_events(a_plan(version="newest"), system_clock(), "/ronda", "x"):
            topic = PLAN.physical(topics.topic_prefix)
            await producer.send_and_wait(topic, encode(event), partition=0)
        now = system_clock()
        report = encode(an_incident(time=now, receivedtime=now))
        await producer.send_and_wait(INCIDENT.physical(topics.topic_prefix), report, partition=0)
    finally:
        await producer.stop()

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made, issuer = settings(alerts_database, tmp_path)
    away = changed(made, kafka=changed(topics, bootstrap_servers=f"127.0.0.1:{port}"))
    token = issuer.token(
        actor="u-1", name="Siti", role="operator", unit=POLRES, now=now, ttl=timedelta(minutes=5)
    )
    async with running(away) as app:
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=app.url, headers=headers, timeout=10) as siti:
            assert (await siti.get("/v1/situation")).json()["plan_version"] == "kept"
            async with forwarding(port, topics.bootstrap_servers):

                async def heard() -> bool:
                    alerts = (await siti.get("/v1/alerts")).json()["items"]
                    version = (await siti.get("/v1/situation")).json()["plan_version"]
                    return version == "newest" and [len(each["parts"]) for each in alerts] == [1]

                await eventually(heard, within=30)


async def test_without_a_kept_plan_it_does_not_begin_in_the_dark(
    alerts_database: str, tmp_path: Path
) -> None:
    made, _ = settings(alerts_database, tmp_path)
    with pytest.raises((KafkaError, OSError)):
        async with running(made):
            pass


async def test_an_older_reading_does_not_replace_a_newer_kept_plan(engine: AsyncEngine) -> None:
    await kept(engine, a_plan(version="new"))
    book = FoldedPlan(system_clock)
    late = PlanKeeper(engine, book)
    for event in to_events(
        a_plan(version="old"), system_clock() - timedelta(days=1), "/ronda", "x"
    ):
        book.take(event)
    await late.keep()

    shown = FoldedPlan(system_clock)
    assert await PlanKeeper(engine, shown).restored()
    assert shown.plan is not None
    assert shown.plan.version == "new"
