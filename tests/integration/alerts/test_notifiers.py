"""What every notifier does, and what is the webhook's own."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from structlog.testing import capture_logs

from services.alerts.adapters.notifiers import webhook
from services.alerts.adapters.notifiers.log import LogNotifier
from services.alerts.adapters.notifiers.webhook import WebhookNotifier
from services.alerts.ports import Notifier, Page, Receipt
from shared.events.alert import Alert
from shared.plan.model import Channel
from tests.builders import a_plan
from tests.contract.alert_rows import NOW, an_alert
from tests.fakes import FakePlanBook
from tests.integration.alerts.sink import Sink

SECRET = "rahasia"


class PageAsSent(msgspec.Struct):
    """What a receiver of webhooks may count on."""

    dedup: str
    alert: Alert
    cycle: int
    level: int
    post: str
    recipient: str
    address: str
    why: str


def a_page(**changes: Any) -> Page:
    values: dict[str, Any] = {
        "dedup": "alert:1:2:kabag-ops:posko",
        "alert": an_alert(),
        "cycle": 1,
        "level": 2,
        "post": "kabag-ops",
        "recipient": "Kompol Contoh",
        "channel": "posko",
        "address": "081200000000",
        "why": "nobody took it",
        "due_at": NOW,
    }
    return Page(**(values | changes))


def book_of(*channels: Channel) -> FakePlanBook:
    return FakePlanBook(a_plan(channels=list(channels)))


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with webhook.client() as http:
        yield http


def a_webhook(http: httpx.AsyncClient, url: str | None, **channel: Any) -> WebhookNotifier:
    book = book_of(Channel(id="posko", kind="webhook", url=url, **channel))
    return WebhookNotifier(http, book, secrets={"POSKO_LAMA": SECRET}, clock=lambda: NOW)


@pytest.fixture(params=["log", "webhook"])
def notifier(request: pytest.FixtureRequest, http: httpx.AsyncClient, sink: Sink) -> Notifier:
    return LogNotifier() if request.param == "log" else a_webhook(http, sink.url)


async def test_a_page_that_was_taken_has_no_error(notifier: Notifier) -> None:
    assert await notifier.send(a_page()) == Receipt()


async def test_a_page_may_be_sent_again(notifier: Notifier) -> None:
    assert [await notifier.send(a_page(attempt=each)) for each in range(2)] == [Receipt()] * 2


async def test_the_receiver_gets_the_whole_alert_and_whom_it_is_for(
    http: httpx.AsyncClient, sink: Sink
) -> None:
    page = a_page()
    await a_webhook(http, f"{sink.url}/ronda").send(page)
    [got] = sink.got
    assert (got.path, got.headers["content-type"]) == ("/ronda", "application/json")
    sent = msgspec.json.decode(got.body, type=PageAsSent)
    assert sent.alert == page.alert
    assert (sent.recipient, sent.address) == (page.recipient, page.address)


async def test_every_try_carries_the_same_dedup(http: httpx.AsyncClient, sink: Sink) -> None:
    notifier = a_webhook(http, sink.url)
    for attempt in range(2):
        await notifier.send(a_page(attempt=attempt))
    assert [got.headers["ronda-dedup"] for got in sink.got] == [a_page().dedup] * 2


async def test_a_channel_with_a_secret_signs_body_and_time(
    http: httpx.AsyncClient, sink: Sink
) -> None:
    await a_webhook(http, sink.url, secret_name="posko-lama").send(a_page())
    [got] = sink.got
    seconds = int(NOW.timestamp())
    expected = hmac.new(SECRET.encode(), f"{seconds}.".encode() + got.body, hashlib.sha256)
    assert got.headers["ronda-signature"] == f"t={seconds},v1={expected.hexdigest()}"


async def test_a_page_is_not_sent_unsigned_when_its_secret_is_missing(
    http: httpx.AsyncClient, sink: Sink
) -> None:
    receipt = await a_webhook(http, sink.url, secret_name="another").send(a_page())
    assert receipt.error is not None
    assert "another" in receipt.error
    assert sink.got == []


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
async def test_a_refusal_is_a_receipt_that_names_the_status(
    http: httpx.AsyncClient, sink: Sink, status: int
) -> None:
    sink.status = status
    receipt = await a_webhook(http, sink.url).send(a_page())
    assert receipt.error is not None
    assert str(status) in receipt.error


async def test_a_redirect_is_not_followed(http: httpx.AsyncClient, sink: Sink) -> None:
    sink.status, sink.location = 307, f"{sink.url}/elsewhere"
    receipt = await a_webhook(http, sink.url).send(a_page())
    assert receipt.error is not None
    assert [got.path for got in sink.got] == ["/"]


async def test_a_receiver_that_says_nothing_is_given_up(
    http: httpx.AsyncClient, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "TIMEOUT_S", 0.1)
    sink.silent = True
    receipt = await a_webhook(http, sink.url).send(a_page())
    assert receipt.error is not None
    assert "no answer" in receipt.error


async def test_an_unreachable_receiver_is_a_receipt(http: httpx.AsyncClient) -> None:
    receipt = await a_webhook(http, "http://127.0.0.1:1/").send(a_page())
    assert receipt.error is not None


@pytest.mark.parametrize("url", [None, "not a url", "ftp://posko.example/", "http://[", "http://"])
async def test_a_channel_without_a_usable_url_is_a_receipt(
    http: httpx.AsyncClient, url: str | None
) -> None:
    receipt = await a_webhook(http, url).send(a_page())
    assert receipt.error is not None


async def test_a_channel_that_left_the_plan_is_a_receipt(http: httpx.AsyncClient) -> None:
    book = book_of()
    notifier = WebhookNotifier(http, book, secrets={}, clock=lambda: NOW + timedelta(hours=1))
    assert (await notifier.send(a_page())).error is not None
    book.plan = None
    assert (await notifier.send(a_page())).error is not None


async def test_the_log_says_which_post_and_names_no_person() -> None:
    with capture_logs() as lines:
        await LogNotifier().send(a_page())
    [line] = lines
    assert line["post"] == "kabag-ops"
    assert "Kompol Contoh" not in str(line)
    assert "081200000000" not in str(line)
