"""The real proxy with the real Caddyfile: who gets which request, over TLS, with which headers."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.contract.deploy_compose import OURS
from tests.contract.deploy_proxy import CADDYFILE, PAGE_POLICY, Site, proxied
from tests.contract.deploy_tools import program

WRITTEN = CADDYFILE.read_text(encoding="utf-8")
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """One proxy for all tests of this file."""
    async with proxied(tmp_path_factory.mktemp("caddy")) as running:
        yield running


@pytest.mark.parametrize(
    ("method", "path", "service"),
    [
        ("POST", "/v1/events", "checkin"),
        ("GET", "/v1/events?type=ronda.incident.", "archive"),
        ("HEAD", "/v1/events", "archive"),
        ("GET", "/v1/events/0193/proof", "archive"),
        ("PUT", "/v1/media/abc", "checkin"),
        ("GET", "/v1/media/abc", "archive"),
        ("GET", "/v1/assignment", "checkin"),
        ("GET", "/v1/inbox?after=1", "checkin"),
        ("POST", "/v1/enrolments", "checkin"),
        ("POST", "/v1/tokens", "checkin"),
        ("POST", "/osmand?id=1", "checkin"),
        ("POST", "/owntracks", "checkin"),
        ("GET", "/app/", "checkin"),
        ("GET", "/app/assets/index.js", "checkin"),
        ("GET", "/v1/alerts", "alerts"),
        ("POST", "/v1/alerts/0193/acknowledge", "alerts"),
        ("GET", "/v1/alerts.cap", "alerts"),
        ("GET", "/v1/alerts.geojson", "alerts"),
        ("GET", "/v1/sites", "alerts"),
        ("GET", "/v1/map/basemap.pmtiles", "alerts"),
        ("GET", "/v1/visits", "alerts"),
        ("GET", "/v1/presence", "alerts"),
        ("GET", "/v1/units", "alerts"),
        ("POST", "/v1/units/R-21/nudge", "alerts"),
        ("GET", "/v1/performance", "alerts"),
        ("POST", "/v1/tasks/0193/assign", "alerts"),
        ("POST", "/v1/situation", "alerts"),
        ("POST", "/v1/reports", "alerts"),
        ("POST", "/v1/journal", "alerts"),
        ("POST", "/v1/handover", "alerts"),
        ("POST", "/v1/session", "alerts"),
        ("GET", "/board/", "alerts"),
        ("GET", "/board/assets/index.js", "alerts"),
        ("GET", "/v1/checkpoints", "archive"),
        ("GET", "/v1/stats", "archive"),
        ("GET", "/v1/reports/daily?date=2023-11-29", "archive"),
        ("POST", "/v1/exports", "archive"),
        ("GET", "/v1/board?at=2023-11-29T20:00:00Z", "archive"),
        ("GET", "/records/", "archive"),
    ],
)
async def test_a_request_reaches_the_service_whose_it_is(
    site: Site, method: str, path: str, service: str
) -> None:
    answer = await site.client.request(method, path)
    assert answer.status_code == 200
    assert answer.headers["by"] == service
    if method != "HEAD":
        assert answer.json()["path"] == path.partition("?")[0]


@pytest.mark.parametrize("service", OURS)
async def test_each_service_s_openapi_document_has_an_address(site: Site, service: str) -> None:
    answer = await site.client.get(f"/schema/{service}/openapi.json")
    assert answer.json()["by"] == service
    assert answer.json()["path"] == "/schema/openapi.json"


@pytest.mark.parametrize(
    "path", ["/metrics", "/health/ready", "/schema/openapi.json", "/v2/events"]
)
async def test_what_is_for_the_inside_is_not_at_the_door(site: Site, path: str) -> None:
    answer = await site.client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404


async def test_services_know_that_the_request_came_over_tls(site: Site) -> None:
    assert (await site.client.get("/v1/session")).json()["scheme"] == "https"


async def test_services_know_who_asks_and_believe_nothing_that_the_sender_says(site: Site) -> None:
    spoofed = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
    seen = (await site.client.get("/v1/session", headers=spoofed)).json()
    assert (seen["client"], seen["scheme"]) == ("127.0.0.1", "https")


async def test_plain_http_is_sent_to_tls(site: Site) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://localhost:{site.http_port}/board/")
    assert answer.status_code == 308
    assert answer.headers["location"].startswith("https://localhost")


async def test_the_front_door_leads_to_the_board(site: Site) -> None:
    answer = await site.client.get("/")
    assert answer.status_code == 302
    assert answer.headers["location"] == "/board/"


async def test_a_live_message_is_not_held_back(site: Site) -> None:
    headers = {"Accept-Encoding": "gzip, zstd"}
    async with asyncio.timeout(20):
        async with site.client.stream("GET", "/v1/stream", headers=headers) as stream:
            assert "content-encoding" not in stream.headers
            first = await anext(stream.aiter_raw())
            assert first == b"event: clock\n\n", "it came while the stream was still open"
            site.upstreams["alerts"].over.set()


async def test_answers_forbid_what_no_page_of_ours_does(site: Site) -> None:
    headers = (await site.client.get("/v1/alerts")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "geolocation=(self)" in headers["permissions-policy"]
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "server" not in headers


async def test_a_page_s_own_policy_is_kept(site: Site) -> None:
    headers = (await site.client.get("/board/")).headers
    assert headers.get_list("content-security-policy") == [PAGE_POLICY]


async def test_a_developer_s_browser_is_not_told_to_keep_to_tls(site: Site) -> None:
    assert "strict-transport-security" not in (await site.client.get("/board/")).headers


async def test_while_a_service_is_away_the_sender_is_told_to_try_again(site: Site) -> None:
    answer = await site.client.get("/grafana/")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 503


async def test_the_inside_has_health_and_metrics(site: Site) -> None:
    async with httpx.AsyncClient(base_url=site.inside) as client:
        assert (await client.get("/health")).status_code == 200
        assert "go_goroutines" in (await client.get("/metrics")).text


async def test_it_is_written_as_caddy_formats_it() -> None:
    formatting = await asyncio.create_subprocess_exec(
        *(str(program("caddy")), "fmt", str(CADDYFILE)), stdout=asyncio.subprocess.PIPE
    )
    formatted, _ = await asyncio.wait_for(formatting.communicate(), 20)
    assert formatted.decode() == WRITTEN
