"""What is taken in: three forms of body, answers per event, what stands on Kafka afterwards."""

import asyncio
from collections import defaultdict
from typing import Any

import httpx
import msgspec
import pytest

from services.checkin.settings import CheckinSettings
from shared.events.envelope import KAFKA_HEADERS
from shared.events.registry import decode_envelope
from shared.topics import INCIDENT, PATROL, POSITION, partition_for
from tests.integration.checkin.conftest import Tokens, publish_plan, records_of
from tests.unit.checkin.builders import CHECKED_IN, SOKO, UNIT, a_plan, an_event
from tests.unit.checkin.builders import POSITION as RECORDED
from tests.waiting import eventually


def _lines(events: list[dict[str, Any]]) -> bytes:
    return b"\n".join(msgspec.json.encode(event) for event in events)


async def test_one_event_an_array_and_lines_are_the_three_forms(
    client: httpx.AsyncClient, settings: CheckinSettings
) -> None:
    events = [an_event() for _ in range(5)]
    answers = [
        await client.post("/v1/events", json=events[0]),
        await client.post("/v1/events", json=events[1:3]),
        await client.post(
            "/v1/events",
            content=_lines(events[3:]),
            headers={"Content-Type": "application/x-ndjson"},
        ),
    ]
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    results = [result for answer in answers for result in answer.json()["results"]]
    assert results == [{"id": event["id"], "status": "accepted"} for event in events]
    records = await records_of(settings.kafka, INCIDENT)
    assert {decode_envelope(record.value).id for record in records} == {e["id"] for e in events}
    assert all(record.headers == KAFKA_HEADERS for record in records)
    assert {record.key for record in records} == {b"gudang-logistik"}


async def test_the_good_events_of_a_batch_are_accepted_although_others_are_rejected(
    client: httpx.AsyncClient, settings: CheckinSettings
) -> None:
    good, unfit = an_event(), an_event(data={"category": 5})
    named = {"id": "not-a-uuid", "type": "x"}
    answer = await client.post("/v1/events", json=[unfit, 5, good, named])
    assert answer.status_code == 202
    first, second, third, fourth = answer.json()["results"]
    assert first["id"] == unfit["id"]
    assert first["status"] == "rejected"
    assert "$.data.category" in first["reason"]
    assert (second["id"], second["status"], second["index"]) == (None, "rejected", 1)
    assert third == {"id": good["id"], "status": "accepted"}
    assert (fourth["id"], fourth["status"], fourth["index"]) == ("not-a-uuid", "rejected", 3)
    records = await records_of(settings.kafka, INCIDENT)
    assert [decode_envelope(record.value).id for record in records] == [good["id"]]


async def test_an_unknown_site_is_accepted_and_flagged(
    client: httpx.AsyncClient, settings: CheckinSettings
) -> None:
    answer = await client.post("/v1/events", json=an_event(subject="gudang-lain"))
    assert answer.status_code == 202
    (record,) = await records_of(settings.kafka, INCIDENT)
    event = decode_envelope(record.value)
    assert "unknown_site" in event.flag_set
    assert event.unit == UNIT
    assert record.key == b"gudang-lain"


async def test_a_known_site_gives_its_unit_and_the_data_stays_as_it_was_sent(
    client: httpx.AsyncClient, settings: CheckinSettings
) -> None:
    odd = b'{ "category":"suspicious_person" ,"weight": 1.50, "text":"\\u0041 \xc3\xa9" }'
    value = msgspec.json.encode(an_event(unit="forged", flags="", data=msgspec.Raw(odd)))
    answer = await client.post(
        "/v1/events",
        content=value,
        headers={"Content-Type": "application/cloudevents+json; charset=UTF-8"},
    )
    assert answer.status_code == 202
    (record,) = await records_of(settings.kafka, INCIDENT)
    assert record.value is not None
    assert odd in record.value
    event = decode_envelope(record.value)
    assert (event.unit, event.actor, event.channel) == (SOKO, "p-1021", "app")


async def test_positions_are_keyed_by_device_and_shifts_without_a_site_by_unit(
    client: httpx.AsyncClient, settings: CheckinSettings
) -> None:
    shift = an_event("ronda.shift.started.v1", subject=None, data={"crew": "R-07", "members": []})
    position = an_event(RECORDED, subject=None, data={"position": {"lat": 1.0, "lon": 2.0}})
    answer = await client.post("/v1/events", json=[shift, position])
    assert [result["status"] for result in answer.json()["results"]] == ["accepted", "accepted"]
    assert [record.key for record in await records_of(settings.kafka, PATROL)] == [UNIT.encode()]
    assert [record.key for record in await records_of(settings.kafka, POSITION)] == [b"d-0007"]


async def test_a_repeat_is_accepted_again(
    client: httpx.AsyncClient, settings: CheckinSettings
) -> None:
    event = an_event()
    answer = await client.post("/v1/events", json=[event, event])
    again = await client.post("/v1/events", json=event)
    assert [result["status"] for result in answer.json()["results"]] == ["accepted", "accepted"]
    assert again.json()["results"] == [{"id": event["id"], "status": "accepted"}]
    assert len(await records_of(settings.kafka, INCIDENT)) == 3


async def test_five_hundred_events_are_taken_and_each_gets_its_answer(
    client: httpx.AsyncClient, settings: CheckinSettings
) -> None:
    events = [an_event(CHECKED_IN, data={"method": "qr"}, deviceseq=n) for n in range(500)]
    answer = await client.post("/v1/events", json=events)
    assert answer.status_code == 202
    assert [result["id"] for result in answer.json()["results"]] == [e["id"] for e in events]
    assert len(await records_of(settings.kafka, PATROL)) == 500


async def test_order_per_key_is_kept_while_many_send_at_once(
    client: httpx.AsyncClient, settings: CheckinSettings
) -> None:
    async def walk(site: str) -> None:
        for number in range(0, 40, 2):
            pair = [
                an_event(CHECKED_IN, subject=site, deviceseq=n, data={"method": "qr"})
                for n in (number, number + 1)
            ]
            assert (await client.post("/v1/events", json=pair)).status_code == 202

    sites = [f"tps-{number}" for number in range(12)]
    await asyncio.gather(*map(walk, sites))
    seen: dict[str | None, list[int | None]] = defaultdict(list)
    for record in await records_of(settings.kafka, PATROL):
        event = decode_envelope(record.value)
        seen[event.subject].append(event.deviceseq)
        assert record.partition == partition_for(str(event.subject).encode(), PATROL.partitions)
    assert seen == {site: list(range(40)) for site in sites}


async def test_a_new_plan_applies_without_a_restart(
    client: httpx.AsyncClient, settings: CheckinSettings
) -> None:
    await publish_plan(settings.kafka, a_plan("v2", sites=("gudang-logistik", "gudang-baru")))

    async def knows_the_new_site() -> bool:
        await client.post("/v1/events", json=an_event(subject="gudang-baru"))
        records = await records_of(settings.kafka, INCIDENT)
        return decode_envelope(records[-1].value).unit == SOKO

    await eventually(knows_the_new_site)
    metrics = (await client.get("/metrics")).text
    assert 'ronda_ingest_plan_info{operation="contoh",version="v2"} 1.0' in metrics


async def test_what_stands_on_the_plan_topic_before_the_start_is_known_at_the_first_request(
    client: httpx.AsyncClient, settings: CheckinSettings
) -> None:
    await client.post("/v1/events", json=an_event())
    (record,) = await records_of(settings.kafka, INCIDENT)
    assert decode_envelope(record.value).flag_set == {"unsigned", "late"}


@pytest.mark.parametrize("role", ["guard", "officer", "operator", "supervisor", "commander"])
async def test_everybody_on_duty_may_send(service: str, token: Tokens, role: str) -> None:
    async with httpx.AsyncClient(base_url=service, trust_env=False) as client:
        answer = await client.post(
            "/v1/events",
            json=an_event(),
            headers={"Authorization": f"Bearer {token(role, 'd-0007')}"},
        )
    assert answer.status_code == 202


async def test_the_service_tells_its_health_and_documents_its_intake(
    client: httpx.AsyncClient,
) -> None:
    await client.post("/v1/events", json=[an_event(), an_event(data={})])
    assert (await client.get("/health/ready")).json()["ok"] is True
    assert (await client.get("/health/live")).json()["ok"] is True
    metrics = (await client.get("/metrics")).text
    assert 'ronda_ingest_events_total{result="accepted"} 1.0' in metrics
    assert 'ronda_ingest_rejected_events_total{reason="data"} 1.0' in metrics
    assert 'ronda_ingest_flagged_events_total{flag="unsigned"} 1.0' in metrics
    assert "ronda_ingest_kafka_up 1.0" in metrics
    document = (await client.get("/schema/openapi.json")).json()
    operation = document["paths"]["/v1/events"]["post"]
    assert {"202", "400", "401", "403", "405", "413", "415", "503"} <= set(operation["responses"])
    event = document["components"]["schemas"]["Incoming"]
    assert {"id", "type", "time", "data"} <= set(event["required"])


async def test_a_tracker_apps_position_is_on_the_topic_once_it_is_answered_and_is_the_same_again(
    client: httpx.AsyncClient, settings: CheckinSettings, token: Tokens
) -> None:
    fix = {"lat": "-6.9131", "lon": "112.0662", "timestamp": "1701267150", "mock": "true"}
    named = fix | {"id": token(device="t-07")}
    del client.headers["Authorization"]
    for _ in range(2):
        assert (await client.get("/osmand", params=named)).status_code == 200
    assert (await client.get("/osmand", params=fix)).status_code == 401
    records = await records_of(settings.kafka, POSITION)
    assert [record.key for record in records] == [b"t-07"] * 2
    first, again = [decode_envelope(record.value) for record in records]
    assert first.id == again.id
    assert (first.type, first.channel, first.device) == (RECORDED, "tracker", "t-07")
    assert first.flags is not None
    assert {"mock_location", "unsigned"} <= set(first.flags.split(","))
