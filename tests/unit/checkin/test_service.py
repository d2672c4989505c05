"""What the routes of phones answer, with fakes behind them."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from services.checkin.adapters import gate
from services.checkin.adapters.door import MAX_DOOR_BYTES
from services.checkin.adapters.gate import Gate
from services.checkin.adapters.phone import POLICY
from services.checkin.domain.allowance import Rate
from services.checkin.ports import Unavailable
from shared.auth import Issuer, generate_keys
from shared.policy import PUBLIC
from tests.unit.checkin.builders import NOW, UNIT
from tests.unit.checkin.service import Service
from tests.unit.shared import test_auth as forging

PHOTO = b"\xff\xd8\xff\xe0"
ASKED = [
    ("POST", "/v1/events"),
    ("GET", "/v1/assignment"),
    ("GET", "/v1/inbox"),
    ("PUT", f"/v1/media/{'0' * 64}"),
]


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, Path]:
    return generate_keys(tmp_path)


@pytest.fixture
def service(keys: dict[str, Path]) -> Service:
    return Service(keys)


def client_of(service: Service, token: str | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(service.app()),
        base_url="http://test",
        headers={"Authorization": f"Bearer {service.token() if token is None else token}"},
    )


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(service) as client:
        yield client


@pytest.mark.parametrize("forge", forging.FORGERIES, ids=lambda forge: forge.__name__.strip("_"))
async def test_none_of_twelve_forged_tokens_opens_anything(
    keys: dict[str, Path], forge: Callable[[dict[str, Path]], str]
) -> None:
    service = Service(keys, clock=lambda: forging.NOW)
    async with client_of(service) as client:
        headers = [(b"Authorization", f"Bearer {forge(keys)}".encode("latin-1"))]
        for method, path in ASKED:
            answer = await client.request(method, path, headers=headers, json=[])
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
            if forge is not forging._empty:
                assert forging.FORGERIES[forge] in answer.json()["detail"], (method, path)
    assert len(forging.FORGERIES) == 12
    assert service.publisher.records == []


def test_every_route_asks_who_it_is_but_for_the_door() -> None:
    open_to_all = {route for route, rule in POLICY.items() if rule == PUBLIC}
    assert {route for route in open_to_all if "/v1/" in route} == {
        "POST /v1/enrolments",
        "POST /v1/tokens",
    }


async def test_auditors_and_partners_have_no_business_here(service: Service) -> None:
    token = Issuer(service.keys["alerts"]).token(
        actor="x", name="x", role="auditor", unit=UNIT, now=NOW
    )
    async with client_of(service, token) as client:
        for method, path in ASKED:
            assert (await client.request(method, path, json=[])).status_code == 403, path


async def test_a_flooding_phone_is_told_to_wait_and_others_are_not(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "HOLD_S", 0.01)
    service.gate = Gate(events_per_s=1000, requests_per_s=0.1, now_s=lambda: 0.0)
    other = Service(service.keys)
    async with client_of(service) as flooding:
        answers = [await flooding.post("/v1/events", json=[]) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 429]
        assert answers[1].headers["retry-after"] == "10"
        assert (await flooding.get("/v1/assignment")).status_code == 429
        service.devices.registry.devices.update(other.devices.registry.devices)
        headers = {"Authorization": f"Bearer {other.token()}"}
        assert (await flooding.post("/v1/events", json=[], headers=headers)).status_code == 202


async def test_too_many_strangers_from_one_address_are_told_to_wait_and_counted(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "HOLD_S", 0.01)
    monkeypatch.setattr(gate, "STRANGERS", Rate(per_s=0.1, burst=2))
    service.gate = Gate(events_per_s=1000, requests_per_s=1000, now_s=lambda: 0.0)
    async with client_of(service, "none") as stranger:
        # What they say of themselves is nobody's word here: a proxy's is taken by the server.
        spoofed = [{"X-Forwarded-For": f"203.0.113.{number}"} for number in range(3)]
        answers = [
            await stranger.post(
                "/v1/tokens", json=service.phone.token_request(NOW), headers=headers
            )
            for headers in spoofed
        ]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert int(answers[2].headers["retry-after"]) >= 1
        figures = (await stranger.get("/metrics")).text
        assert "ronda_door_refusals_total 1.0" in figures


async def test_one_refused_event_alone_is_a_problem_with_its_code(
    service: Service, client: httpx.AsyncClient
) -> None:
    event = service.phone.event() | {"signature": "A" * 86}
    answer = await client.post("/v1/events", json=event)
    assert answer.status_code == 403
    assert answer.json()["extra"] == {"code": "bad_signature", "id": event["id"]}


async def test_while_kafka_is_away_phones_are_told_to_send_again(
    service: Service, client: httpx.AsyncClient
) -> None:
    service.publisher.away = Unavailable("Kafka does not answer", retry_after_s=5)
    answer = await client.put(
        f"/v1/media/{sha256(PHOTO).hexdigest()}",
        content=PHOTO,
        headers={"Content-Type": "image/jpeg"},
    )
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_a_token_is_good_for_a_quarter_of_an_hour(
    service: Service, client: httpx.AsyncClient
) -> None:
    now = NOW
    service.clock = lambda: now
    async with client_of(service, "none") as stranger:
        granted = (await stranger.post("/v1/tokens", json=service.phone.token_request(NOW))).json()
        headers = {"Authorization": f"Bearer {granted['token']}"}
        assert (await stranger.get("/v1/assignment", headers=headers)).status_code == 200
        now = NOW + timedelta(minutes=15, seconds=1)
        assert (await stranger.get("/v1/assignment", headers=headers)).status_code == 401


async def test_the_app_is_served_with_nothing_foreign_allowed(
    keys: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "app.webmanifest").write_text("{}")
    (tmp_path / "assets" / "a-1.js").write_text("")
    (tmp_path.parent / "secret").write_text("x")
    async with client_of(Service(keys, pages=tmp_path)) as client:
        page = await client.get("/app/")
        policy = page.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert page.headers["cache-control"] == "no-cache"
        script = await client.get("/app/assets/a-1.js")
        assert "immutable" in script.headers["cache-control"]
        assert script.headers["content-type"].startswith("text/javascript")
        manifest = await client.get("/app/app.webmanifest")
        assert manifest.headers["content-type"] == "application/manifest+json"
        assert (await client.get("/app")).headers["location"] == "/app/"
        assert (await client.get("/")).headers["location"] == "/app/"
        for path in ("/app/../secret", "/app/%2e%2e/secret", "/app/none.js"):
            assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[" * 200_000,
        b'{"code":"\\ud800"}',
        b"\xff\xfe",
        b'{"code":' + b"9" * 10_000 + b"}",
        b'{"device":"d-1","at":NaN}',
        b'{"at":1e400}',
        b"",
        b"null",
    ],
    ids=lambda body: repr(body[:12]),
)
@pytest.mark.parametrize("path", ["/v1/tokens", "/v1/enrolments", "/v1/events"])
async def test_no_body_is_our_fault(client: httpx.AsyncClient, path: str, body: bytes) -> None:
    answer = await client.post(path, content=body, headers={"Content-Type": "application/json"})
    if path == "/v1/events":
        assert answer.status_code in {202, 400}
    else:
        assert answer.status_code == (413 if len(body) > MAX_DOOR_BYTES else 400)


async def test_what_is_too_large_or_compressed_is_not_read(client: httpx.AsyncClient) -> None:
    json_type = {"Content-Type": "application/json"}
    most = {"/v1/tokens": MAX_DOOR_BYTES, "/v1/enrolments": MAX_DOOR_BYTES, "/v1/events": 1_048_576}
    for path, limit in most.items():
        large = await client.post(path, content=b" " * (limit + 1), headers=json_type)
        assert large.status_code == 413, path
    zipped = await client.post(
        "/v1/events", content=b"\x1f\x8b", headers=json_type | {"Content-Encoding": "gzip"}
    )
    assert zipped.status_code == 415
