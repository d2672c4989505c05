"""The archive's HTTP face over real Kafka and PostgreSQL."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import make_url

from services.archive.app import running
from services.archive.settings import ArchiveSettings
from shared.clock import system_clock
from shared.events.identity import new_id
from shared.events.operator import OperatorRevoked
from shared.events.operator import Revocation as OperatorEnd
from shared.events.registry import encode
from shared.topics import DEVICE, INCIDENT, PATROL, POSITION, QUARANTINE
from tests.integration.archive.conftest import Tokens
from tests.integration.archive.witnesses import in_topics, send
from tests.unit.archive.builders import UNIT, an_event, an_id
from tests.waiting import eventually

WHY = {"reason": "complaint 12/XI/2026"}


@pytest.fixture
async def client(settings: ArchiveSettings) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        running(settings) as app,
        httpx.AsyncClient(base_url=app.url, trust_env=False, timeout=10) as client,
    ):
        yield client


@pytest.fixture
async def filled(
    settings: ArchiveSettings, sender: AIOKafkaProducer, client: httpx.AsyncClient, token: Tokens
) -> httpx.AsyncClient:
    """Six patrol records of two units, an incident twice, a position, refused evidence, rubbish."""
    kafka = settings.kafka
    for number in range(6):
        unit = f"{UNIT}/polsek-{number % 2}"
        await send(sender, kafka, PATROL, an_event(f"p{number}", unit=unit), partition=number % 3)
    incident = an_event("i", type="ronda.incident.reported.v1", subject="gudang")
    await send(sender, kafka, INCIDENT, incident, incident)
    await send(sender, kafka, POSITION, an_event("t", type="ronda.position.recorded.v1"))
    await send(sender, kafka, QUARANTINE, an_event("q"))
    await send(sender, kafka, PATROL, b"\xff rubbish")

    async def archived() -> bool:
        stats = (await client.get("/v1/stats", headers=token())).json()["topics"]
        return bool(sum(topic["records"] for topic in stats.values()) == 11)

    await eventually(archived, within=30)
    return client


async def listed(client: httpx.AsyncClient, headers: dict[str, str], **query: Any) -> Any:
    answer = await client.get("/v1/events", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_archive_answers_with_what_came_in(
    filled: httpx.AsyncClient, token: Tokens
) -> None:
    body = await listed(filled, token())
    assert body["next"] is None
    assert sorted(item["status"] for item in body["items"]) == [
        "aside", "duplicate", *["event"] * 7, "undecodable",
    ]  # fmt: skip
    (item,) = (await listed(filled, token(), site="gudang", status="event"))["items"]
    assert item["event"] == msgspec.json.decode(
        an_event("i", type="ronda.incident.reported.v1", subject="gudang")
    )
    assert (item["id"], item["subject"], item["topic"], item["partition"], item["offset"]) == (
        an_id("i"), "gudang", "ronda.incident", 0, 0,
    )  # fmt: skip
    (rubbish,) = (await listed(filled, token(), status="undecodable"))["items"]
    assert rubbish["event"] is None
    assert rubbish["reason"]


async def test_pages_follow_each_other_by_cursor(filled: httpx.AsyncClient, token: Tokens) -> None:
    whole = (await listed(filled, token(), limit=1000))["items"]
    pages: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = await listed(filled, token(), limit=4, **cursor)
        pages.append(page["items"])
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert [len(page) for page in pages] == [4, 4, 2]
    assert [item for page in pages for item in page] == whole
    first, last = whole[0]["appended_at"], whole[-1]["appended_at"]
    between = await listed(filled, token(), **{"from": first, "to": last})
    assert between["items"] == [item for item in whole if item["appended_at"] < last]


async def test_one_event_is_answered_with_all_its_records(
    filled: httpx.AsyncClient, token: Tokens
) -> None:
    answer = await filled.get(f"/v1/events/{an_id('i')}", headers=token())
    assert answer.headers["cache-control"] == "no-store"
    assert [item["status"] for item in answer.json()["items"]] == ["event", "duplicate"]
    missing = await filled.get(f"/v1/events/{an_id('nothing')}", headers=token())
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"


async def test_totals_by_topic(filled: httpx.AsyncClient, token: Tokens) -> None:
    topics = (await filled.get("/v1/stats", headers=token())).json()["topics"]
    assert topics["ronda.patrol"] == {
        "records": 7, "events": 6, "duplicates": 0, "conflicts": 0, "aside": 0, "undecodable": 1,
    }  # fmt: skip
    assert topics["ronda.incident"]["duplicates"] == 1
    assert topics["ronda.quarantine"]["aside"] == 1


async def test_a_look_at_a_person_s_past_is_on_the_audit_topic_before_it_is_answered(
    filled: httpx.AsyncClient, token: Tokens, settings: ArchiveSettings
) -> None:
    for query in (
        {"actor": "p-1"},
        {"device": "d-1"},
        {"type": "ronda.position."},
        {"type": "ronda.shift."},
    ):
        refused = await filled.get("/v1/events", params=query, headers=token())
        assert refused.status_code == 422
        assert "reason=" in refused.json()["detail"]
        too_short = await filled.get("/v1/events", params=query | {"reason": "x"}, headers=token())
        assert too_short.status_code == 400
    body = await listed(filled, token("supervisor"), type="ronda.position.", **WHY)
    assert [item["id"] for item in body["items"]] == [an_id("t")]
    looks = [row for row in await in_topics(settings.kafka) if row.topic.endswith("ronda.audit")]
    assert len(looks) == 1
    look = msgspec.json.decode(looks[0].value or b"")
    assert (look["actor"], look["unit"]) == ("supervisor-1", UNIT)
    assert look["data"] == {
        "role": "supervisor", "what": "events", "filters": {"type": "ronda.position."}, **WHY,
    }  # fmt: skip

    async def archived() -> Any:
        return (await listed(filled, token(), type="ronda.access.recorded.v1"))["items"]

    (item,) = await eventually(archived)
    assert item["event"] == look


async def test_a_position_that_is_asked_for_by_its_id_is_recorded_with_the_id(
    filled: httpx.AsyncClient, token: Tokens, settings: ArchiveSettings
) -> None:
    await filled.get(f"/v1/events/{an_id('i')}", headers=token())
    answer = await filled.get(f"/v1/events/{an_id('t')}", headers=token())
    assert answer.status_code == 200
    looks = [row for row in await in_topics(settings.kafka) if row.topic.endswith("ronda.audit")]
    data = [msgspec.json.decode(look.value or b"")["data"] for look in looks]
    assert [each["filters"] for each in data] == [{"event_id": an_id("t")}]


async def test_everybody_sees_their_unit_and_below_and_nothing_else(
    filled: httpx.AsyncClient, token: Tokens
) -> None:
    below = token("operator", f"{UNIT}/polsek-1")
    assert {item["unit"] for item in (await listed(filled, below))["items"]} == {f"{UNIT}/polsek-1"}
    assert (await listed(filled, below, unit=UNIT))["items"] == (await listed(filled, below))[
        "items"
    ]
    elsewhere = token("commander", "polda-jatim/polres-lain")
    assert (await listed(filled, elsewhere))["items"] == []
    hidden = await filled.get(f"/v1/events/{an_id('p1')}", headers=elsewhere)
    assert hidden.status_code == 404


async def test_who_may_not_ask_is_told_so(client: httpx.AsyncClient, token: Tokens) -> None:
    for path in ("/v1/events", f"/v1/events/{an_id('i')}", "/v1/stats"):
        assert (await client.get(path)).status_code == 401
        for role in ("guard", "officer", "partner"):
            assert (await client.get(path, headers=token(role))).status_code == 403
        for role in ("auditor", "operator", "supervisor", "commander", "admin"):
            assert (await client.get(path, headers=token(role))).status_code in {200, 404}


async def test_a_question_that_makes_no_sense_is_answered_with_what_to_mend(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    for name, value in (
        ("limit", "0"),
        ("limit", "1001"),
        ("cursor", "garbage"),
        ("from", "yesterday"),
        ("from", "2026-11-23T00:00:00"),
        ("id", "12"),
        ("alert", "x'; --"),
        ("status", "lost"),
        ("site", "\x00"),
        ("type", ""),
    ):
        answer = await client.get("/v1/events", params={name: value}, headers=token())
        assert answer.status_code == 400, (name, value)
        assert answer.headers["content-type"] == "application/problem+json"
        assert name in answer.json()["detail"]


async def test_health_metrics_and_openapi_are_there(client: httpx.AsyncClient) -> None:
    async def ready() -> bool:
        return (await client.get("/health/ready")).status_code == 200

    await eventually(ready, within=30)
    assert (await client.get("/health/live")).status_code == 200
    metrics = (await client.get("/metrics")).text
    for name in ("commit_seconds", "freshness_seconds", "end_to_end_seconds", "records_total"):
        assert f"ronda_archive_{name}" in metrics
    assert "ronda_consumer_lag_records{" in metrics
    document = (await client.get("/schema/openapi.json")).json()
    operation = document["paths"]["/v1/events"]["get"]
    assert {"from", "to", "reason", "cursor"} <= {each["name"] for each in operation["parameters"]}
    assert document["components"]["schemas"]["EventPage"]["required"] == ["items", "next"]


async def test_while_the_database_is_away_it_is_not_ready_and_says_when_to_ask_again(
    settings: ArchiveSettings, sender: AIOKafkaProducer, token: Tokens
) -> None:
    await send(sender, settings.kafka, PATROL, an_event("a"))
    gone = make_url(settings.database_url).set(database="nowhere")
    away = replace(settings, database_url=gone.render_as_string(hide_password=False))
    async with (
        running(away) as app,
        httpx.AsyncClient(base_url=app.url, trust_env=False, timeout=10) as client,
    ):

        async def complains() -> bool:
            return "database" in (await client.get("/health/ready")).text

        await eventually(complains, within=30)
        assert (await client.get("/health/ready")).status_code == 503
        for path in ("/v1/events", "/v1/stats"):
            answer = await client.get(path, headers=token())
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0


async def test_who_was_signed_out_everywhere_reads_nothing_here_either(
    settings: ArchiveSettings, sender: AIOKafkaProducer, client: httpx.AsyncClient, token: Tokens
) -> None:
    headers, now = token("auditor"), system_clock()
    await listed(client, headers)
    end = OperatorEnd(actor="auditor-1", before=now + timedelta(seconds=5), reason="disabled")
    event = OperatorRevoked(specversion="1.0", id=new_id(now), source="t", time=now, data=end)
    await send(sender, settings.kafka, DEVICE, encode(event), partition=0)

    async def is_refused() -> bool:
        return (await client.get("/v1/events", headers=headers)).status_code == 401

    await eventually(is_refused)
