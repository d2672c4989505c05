"""What is refused, over real HTTP: every answer says what to mend, and nothing bad gets through."""

from typing import Any

import httpx
import msgspec
import pytest

from services.checkin.settings import CheckinSettings
from shared.events.registry import decode_envelope
from shared.topics import INCIDENT, MAX_EVENT_BYTES
from tests.integration.checkin.conftest import Tokens, records_of
from tests.unit.checkin.builders import an_event

LINES = {"Content-Type": "application/x-ndjson"}


async def test_every_bad_input_is_a_problem_that_says_what_to_mend(
    client: httpx.AsyncClient, token: Tokens, settings: CheckinSettings
) -> None:
    good = msgspec.json.encode(an_event())
    mebibyte = b"[" + good + b" " * (1_048_576 - len(good) - 2) + b"]"
    attempts: dict[str, tuple[dict[str, Any], int, str]] = {
        "not JSON": ({"content": b"suspicious!"}, 400, "JSON"),
        "wrong type": ({"json": an_event(deviceseq="7")}, 400, "$.deviceseq"),
        "missing field": ({"json": an_event(time=None)}, 400, "`time`"),
        "1 MiB + 1 byte": ({"content": mebibyte + b" "}, 413, "1048576"),
        "batch of 501": ({"json": [{}] * 501}, 413, "500"),
        "lines of 501": ({"content": b"{}\n" * 501, "headers": LINES}, 413, "500"),
        "bad token": ({"json": {}, "headers": {"Authorization": "Bearer x"}}, 401, "token"),
        "no token": ({"json": {}, "headers": {"Authorization": ""}}, 401, "ronda token"),
        "wrong role": (
            {"json": {}, "headers": {"Authorization": f"Bearer {token('auditor')}"}},
            403,
            "auditor",
        ),
        "compressed": ({"json": {}, "headers": {"Content-Encoding": "gzip"}}, 415, "Encoding"),
        "form": ({"data": {"a": "b"}}, 415, "application/json"),
    }
    for what, (request, status, mend) in attempts.items():
        headers = {"Content-Type": "application/json"} if "content" in request else {}
        headers |= request.pop("headers", {})
        answer = await client.post("/v1/events", headers=headers, **request)
        assert answer.status_code == status, what
        assert answer.headers["content-type"] == "application/problem+json", what
        assert mend in answer.json()["detail"], what
    assert (await client.get("/v1/events")).status_code == 405
    assert await records_of(settings.kafka, INCIDENT) == []
    # The whole mebibyte is fine, and so is the connection after all of that.
    whole = await client.post(
        "/v1/events", content=mebibyte, headers={"Content-Type": "application/json"}
    )
    assert whole.status_code == 202


async def test_an_oversized_event_is_rejected_and_the_producer_stays_well(
    client: httpx.AsyncClient, settings: CheckinSettings
) -> None:
    def of(size: int) -> dict[str, object]:
        return an_event("ronda.incident.reported.v2", data={"x": "x" * size})

    fits, before, after = of(MAX_EVENT_BYTES - 1_000), an_event(), an_event()
    answer = await client.post("/v1/events", json=[before, of(MAX_EVENT_BYTES), fits])
    statuses = [result["status"] for result in answer.json()["results"]]
    assert statuses == ["accepted", "rejected", "accepted"]
    assert str(MAX_EVENT_BYTES) in answer.json()["results"][1]["reason"]
    assert (await client.post("/v1/events", json=after)).status_code == 202
    ids = [
        decode_envelope(record.value).id for record in await records_of(settings.kafka, INCIDENT)
    ]
    assert ids == [before["id"], fits["id"], after["id"]]
    assert "ronda_ingest_kafka_failures_total 0.0" in (await client.get("/metrics")).text


@pytest.mark.parametrize("path", ["/v1/events/", "/v1/event", "/v2"])
async def test_another_path_is_a_problem_too(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, json={})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
