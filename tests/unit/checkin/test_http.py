"""The intake's HTTP face with fakes behind it: every refusal says what to mend."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from prometheus_client import CollectorRegistry

from services.checkin.adapters.body import MAX_BODY_BYTES, BodyReader
from services.checkin.adapters.gate import Gate
from services.checkin.adapters.http import beside
from services.checkin.adapters.intake import IntakeApplication
from services.checkin.handlers.intake import Intake
from services.checkin.handlers.judging import Judge
from services.checkin.metrics import Metrics
from services.checkin.ports import Unavailable
from shared.auth import Issuer, Verifier, generate_keys
from shared.checkpoint_codes import CodeBook
from shared.events.registry import decode_envelope
from shared.health import Health
from shared.http import application
from shared.problem import ProblemError
from tests.unit.checkin.builders import NOW, UNIT, a_plan, an_event
from tests.unit.checkin.fakes import FakeDevices, FakePlans, FakePublisher

GOOD = msgspec.json.encode(an_event())
TokenMaker = Callable[..., str]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return generate_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def token(keys: dict[str, Path]) -> TokenMaker:
    issuer = Issuer(keys["checkin"])

    def make(role: str = "officer", age: timedelta = timedelta(0)) -> str:
        now = datetime.now(UTC) - age
        return issuer.token(actor="p-1021", name="Sari", role=role, unit=UNIT, now=now)

    return make


@pytest.fixture
def publisher() -> FakePublisher:
    return FakePublisher()


@pytest.fixture
async def client(
    keys: dict[str, Path], token: TokenMaker, publisher: FakePublisher
) -> AsyncIterator[httpx.AsyncClient]:
    registry = CollectorRegistry()
    metrics, verifier = Metrics(registry), Verifier(keys["keys"])

    def clock() -> datetime:
        return datetime.now(UTC)

    intake = IntakeApplication(
        Intake(
            plans=FakePlans(a_plan()),
            judge=Judge(FakeDevices()),
            codes=CodeBook({}),
            publisher=publisher,
            metrics=metrics,
            clock=lambda: NOW,
        ),
        verifier=verifier,
        gate=Gate(events_per_s=50, requests_per_s=10),
        bodies=BodyReader(),
        metrics=metrics,
        clock=clock,
    )
    pages = application(
        [],
        title="t",
        version="1",
        verifier=verifier,
        clock=clock,
        health=Health(),
        registry=registry,
    )
    transport = httpx.ASGITransport(beside(intake, pages))
    headers = {"Authorization": f"Bearer {token()}", "Content-Type": "application/json"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://checkin", headers=headers
    ) as client:
        yield client


def problem(answer: httpx.Response, status: int) -> str:
    """The detail of an answer that must be a problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert answer.status_code == body["status"] == status
    assert body["title"]
    detail: str = body["detail"]
    return detail


async def test_a_good_event_is_taken(client: httpx.AsyncClient, publisher: FakePublisher) -> None:
    answer = await client.post("/v1/events", content=GOOD, headers={"Ronda-Sent-At": "nonsense"})
    assert answer.status_code == 202
    assert answer.headers["content-type"] == "application/json"
    (record,) = publisher.records
    assert answer.json() == {
        "results": [{"id": decode_envelope(record.value).id, "status": "accepted"}]
    }


@pytest.mark.parametrize(
    ("body", "mend"),
    [
        (b"", "not one JSON value"),
        (b"nonsense", "not one JSON value"),
        (b"[1,", "not a JSON array"),
        (b"17", "object"),
        (GOOD + b"\n" + GOOD, "not one JSON value"),
        (msgspec.json.encode(an_event(id=None)), "`id`"),
        (msgspec.json.encode(an_event(deviceseq="1")), "$.deviceseq"),
        (msgspec.json.encode(an_event(type="ronda.alert.closed.v1")), "ronda.alert.closed.v1"),
        (msgspec.json.encode(an_event(data={"category": ""})), "$.data.category"),
        (msgspec.json.encode(an_event(data={"x": "y" * 300_000, "category": "z"})), "bytes"),
    ],
)
async def test_one_bad_event_is_a_problem_that_names_what_to_mend(
    client: httpx.AsyncClient, publisher: FakePublisher, body: bytes, mend: str
) -> None:
    assert mend in problem(await client.post("/v1/events", content=body), 400)
    assert not publisher.records


async def test_the_problem_of_one_event_carries_its_id(client: httpx.AsyncClient) -> None:
    event = an_event(data={})
    answer = await client.post("/v1/events", json=event)
    problem(answer, 400)
    assert answer.json()["extra"] == {"id": event["id"], "code": "data"}


@pytest.mark.parametrize(
    ("authorization", "mend"),
    [
        ("", "ronda token"),
        ("Basic Zm9vOmJhcg==", "Bearer"),
        ("Bearer", "Bearer"),
        ("Bearer nonsense", "not valid"),
        ("Bearer \xff\xfe", "not valid"),
    ],
)
async def test_nobody_sends_without_a_token(
    client: httpx.AsyncClient, authorization: str, mend: str
) -> None:
    headers = {"Authorization": authorization.encode("latin-1")}
    answer = await client.post("/v1/events", content=GOOD, headers=headers)  # type: ignore[arg-type]
    assert mend in problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_token_that_has_expired_is_told_so(
    client: httpx.AsyncClient, token: TokenMaker
) -> None:
    old = token(age=timedelta(hours=1))
    headers = {"Authorization": f"Bearer {old}"}
    assert "expired" in problem(await client.post("/v1/events", content=GOOD, headers=headers), 401)


@pytest.mark.parametrize("role", ["auditor", "partner", "admin"])
async def test_who_only_reads_may_not_send(
    client: httpx.AsyncClient, token: TokenMaker, role: str
) -> None:
    headers = {"Authorization": f"Bearer {token(role)}"}
    detail = problem(await client.post("/v1/events", content=GOOD, headers=headers), 403)
    assert role in detail
    assert "officer" in detail


@pytest.mark.parametrize(
    ("headers", "mend"),
    [
        ({"Content-Type": "text/plain"}, "application/x-ndjson"),
        ({"Content-Type": ""}, "application/json"),
        ({"Content-Encoding": "gzip"}, "Content-Encoding"),
    ],
)
async def test_what_is_not_read_here_is_told_what_is(
    client: httpx.AsyncClient, headers: dict[str, str], mend: str
) -> None:
    assert mend in problem(await client.post("/v1/events", content=GOOD, headers=headers), 415)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_events_are_sent_with_post(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/v1/events")
    assert "POST" in problem(answer, 405)
    assert answer.headers["allow"] == "POST"


async def test_a_body_of_a_mebibyte_is_read_and_one_byte_more_is_not(
    client: httpx.AsyncClient, publisher: FakePublisher
) -> None:
    async def chunks(body: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    body = b"[" + GOOD + b" " * (MAX_BODY_BYTES - len(GOOD) - 2) + b"]"
    assert len(body) == MAX_BODY_BYTES
    assert (await client.post("/v1/events", content=body)).status_code == 202
    assert (await client.post("/v1/events", content=chunks(body))).status_code == 202
    for larger in (body + b" ", chunks(body + b" ")):
        answer = await client.post("/v1/events", content=larger)
        assert str(MAX_BODY_BYTES) in problem(answer, 413)
    assert len(publisher.records) == 2


async def test_a_batch_of_501_is_told_the_limit(
    client: httpx.AsyncClient, publisher: FakePublisher
) -> None:
    body = b"[" + b",".join([b"{}"] * 501) + b"]"
    assert "at most 500" in problem(await client.post("/v1/events", content=body), 413)
    assert not publisher.records


async def test_while_kafka_is_away_the_phone_is_told_to_come_again(
    client: httpx.AsyncClient, publisher: FakePublisher
) -> None:
    publisher.away = Unavailable("Kafka does not answer", retry_after_s=5)
    answer = await client.post("/v1/events", content=GOOD)
    assert "send it again" in problem(answer, 503)
    assert answer.headers["retry-after"] == "5"


async def test_a_fault_of_ours_is_a_problem_without_its_cause(
    client: httpx.AsyncClient, publisher: FakePublisher
) -> None:
    publisher.away = RuntimeError("the secret cause")  # type: ignore[assignment]
    detail = problem(await client.post("/v1/events", content=GOOD), 500)
    assert "secret" not in detail


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async def stalls() -> Any:
        await asyncio.Event().wait()

    bodies = BodyReader(timeout_s=0.01)
    with pytest.raises(ProblemError, match="send it again") as refusal:
        await bodies.read({}, stalls)
    assert refusal.value.problem.status == 408


@pytest.mark.parametrize("length", ["-1", "12x", ""])
async def test_a_length_that_is_no_number_is_refused(
    client: httpx.AsyncClient, length: str
) -> None:
    answer = await client.post("/v1/events", content=GOOD, headers={"Content-Length": length})
    assert "Content-Length" in problem(answer, 400)


async def test_all_bodies_together_are_bounded(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.checkin.adapters.body.ALL_BODIES_BYTES", len(GOOD))
    for _ in range(3):
        assert (await client.post("/v1/events", content=GOOD)).status_code == 202
    answer = await client.post("/v1/events", content=GOOD + b" ")
    assert "read" in problem(answer, 503)
    assert answer.headers["retry-after"] == "1"


async def test_a_sender_who_leaves_gets_no_answer_and_nothing_is_taken(
    keys: dict[str, Path], token: TokenMaker, publisher: FakePublisher
) -> None:
    metrics = Metrics(CollectorRegistry())
    app = IntakeApplication(
        Intake(
            plans=FakePlans(None),
            judge=Judge(FakeDevices()),
            codes=CodeBook({}),
            publisher=publisher,
            metrics=metrics,
            clock=lambda: NOW,
        ),
        verifier=Verifier(keys["keys"]),
        gate=Gate(events_per_s=50, requests_per_s=10),
        bodies=BodyReader(),
        metrics=metrics,
        clock=lambda: datetime.now(UTC),
    )
    sent: list[Any] = []
    messages: Iterator[dict[str, Any]] = iter(
        [
            {"type": "http.request", "body": GOOD, "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [
        (b"authorization", f"Bearer {token()}".encode()),
        (b"content-type", b"application/json"),
    ]
    await app({"type": "http", "method": "POST", "headers": headers}, receive, send)
    assert sent == []
    assert publisher.records == []


async def test_everything_else_is_answered_by_the_other_application(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/health/live")).status_code == 200
    assert (await client.get("/v1/nothing")).status_code == 404
    document = (await client.get("/schema/openapi.json")).json()
    operation = document["paths"]["/v1/events"]["post"]
    assert operation["requestBody"]["content"]["application/x-ndjson"]
    schemas = document["components"]["schemas"]
    assert schemas["Incoming"]["properties"]["time"]["format"] == "date-time"
    assert "unit" not in schemas["Incoming"]["properties"]
    for name in ("Incoming", "Results", "Result", "Problem"):
        assert schemas[name]["type"] == "object"
