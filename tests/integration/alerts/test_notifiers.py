"""What every notifier does, and what is the webhook's own."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx
import msgspec
import pytest
from structlog.testing import capture_logs

from services.alerts.adapters.notifiers import posting
from services.alerts.adapters.notifiers.chat import AppriseNotifier
from services.alerts.adapters.notifiers.log import LogNotifier
from services.alerts.adapters.notifiers.mail import EmailNotifier, MailServer
from services.alerts.adapters.notifiers.reach import Reach
from services.alerts.adapters.notifiers.sms import SmsNotifier
from services.alerts.adapters.notifiers.webhook import WebhookNotifier
from services.alerts.ports import Notifier, Page
from shared.events.alert import Alert
from shared.plan.model import Channel
from tests.builders import a_plan
from tests.contract.alert_rows import NOW, an_alert
from tests.fakes import FakePlanBook
from tests.integration.alerts.mailbox import Mailbox, a_mailbox
from tests.integration.alerts.sink import Sink

SECRET = "rahasia"

# One of apprise's modules still asks for what the next Python has no more.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


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
    async with posting.client(Reach(["loopback"])) as http:
        yield http


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with a_mailbox() as mailbox:
        yield mailbox


def a_webhook(http: httpx.AsyncClient, url: str | None, **channel: Any) -> WebhookNotifier:
    book = book_of(Channel(id="posko", kind="webhook", url=url, **channel))
    return WebhookNotifier(http, book, secrets={"POSKO_LAMA": SECRET}, clock=lambda: NOW)


def an_sms(http: httpx.AsyncClient, url: str | None, **channel: Any) -> SmsNotifier:
    book = book_of(Channel(id="posko", kind="sms", url=url, **channel))
    return SmsNotifier(http, book, secrets={"GERBANG": SECRET})


def a_mailer(mailbox: Mailbox) -> EmailNotifier:
    server = MailServer("127.0.0.1", "ronda@contoh.example", mailbox.port, "none")
    return EmailNotifier(server, book_of(), clock=lambda: NOW)


def a_chat(sink: Sink, **urls: str) -> AppriseNotifier:
    book = book_of(Channel(id="posko", kind="apprise", secret_name="obrolan"))
    return AppriseNotifier({"OBROLAN": sink.url.replace("http://", "json://")} | urls, book)


@pytest.fixture(params=["log", "webhook", "sms", "email", "apprise"])
def notifier(
    request: pytest.FixtureRequest, http: httpx.AsyncClient, sink: Sink, mailbox: Mailbox
) -> Notifier:
    made: dict[str, Notifier] = {
        "log": LogNotifier(),
        "webhook": a_webhook(http, sink.url),
        "sms": an_sms(http, sink.url),
        "email": a_mailer(mailbox),
        "apprise": a_chat(sink),
    }
    return made[request.param]


async def test_a_page_that_was_taken_has_no_error(notifier: Notifier) -> None:
    assert (await notifier.send(a_page())).error is None


async def test_a_page_may_be_sent_again_under_the_same_name(notifier: Notifier) -> None:
    receipts = [await notifier.send(a_page(attempt=each)) for each in range(2)]
    assert receipts[0] == receipts[1]
    assert receipts[0].error is None


async def test_a_refusal_is_a_receipt_and_no_exception(
    notifier: Notifier, sink: Sink, mailbox: Mailbox
) -> None:
    sink.status, mailbox.refuses = 500, True
    receipt = await notifier.send(a_page())
    assert (receipt.error is None) == isinstance(notifier, LogNotifier)


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
    monkeypatch.setattr(posting, "TIMEOUT_S", 0.1)
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


# SMS


async def test_a_gateway_gets_whom_what_and_the_name_for_its_receipt(
    http: httpx.AsyncClient, sink: Sink
) -> None:
    page = a_page(alert=an_alert(site_name='Gudang "Utama" {to}'))
    receipt = await an_sms(http, sink.url, secret_name="gerbang").send(page)
    [got] = sink.got
    sent = msgspec.json.decode(got.body)
    assert (sent["to"], sent["ref"]) == (page.address, page.ref)
    assert 'Gudang "Utama" {to}' in sent["text"]
    assert page.recipient not in sent["text"]
    assert len(sent["text"]) <= 300
    assert got.headers["authorization"] == f"Bearer {SECRET}"
    assert got.headers["ronda-dedup"] == page.dedup
    assert receipt.ref == page.ref


async def test_a_gateway_may_want_a_form_and_its_secret_elsewhere(
    http: httpx.AsyncClient, sink: Sink
) -> None:
    gateway = an_sms(
        http,
        sink.url,
        content_type="application/x-www-form-urlencoded",
        body="phone={to}&message={text}&id={ref}&sender=RONDA",
        secret_name="gerbang",
        auth_header="X-Api-Key",
    )
    page = a_page(address="+62 812&to=666")
    await gateway.send(page)
    [got] = sink.got
    form = dict(parse_qsl(got.body.decode(), strict_parsing=True))
    assert (form["phone"], form["id"], form["sender"]) == ("+62 812&to=666", page.ref, "RONDA")
    assert form["message"].startswith("RONDA ")
    assert (got.headers["x-api-key"], "authorization" in got.headers) == (SECRET, False)


async def test_a_json_body_of_ones_own_cannot_be_broken_by_a_word(
    http: httpx.AsyncClient, sink: Sink
) -> None:
    gateway = an_sms(http, sink.url, body='{"messages":[{"to":"{to}","content":"{text}"}]}')
    await gateway.send(a_page(address='08","to":"666'))
    [message] = msgspec.json.decode(sink.got[0].body)["messages"]
    assert message["to"] == '08","to":"666'


@pytest.mark.parametrize(
    ("says", "ref"),
    [
        (b'{"messages":[{"id":"m-77"}]}', "m-77"),
        (b'{"messages":[{"id":77}]}', "77"),
        (b'{"messages":[]}', None),
        (b'{"messages":{"0":{"id":null}}}', None),
        (b"OK 77", None),
        (b"", None),
    ],
)
async def test_the_gateways_own_name_of_a_message_is_kept_where_it_gives_one(
    http: httpx.AsyncClient, sink: Sink, says: bytes, ref: str | None
) -> None:
    sink.status, sink.says = 200, says
    receipt = await an_sms(http, sink.url, ref_field="messages.0.id").send(a_page())
    assert (receipt.error, receipt.ref) == (None, ref or a_page().ref)


async def test_an_endless_answer_is_cut_off(http: httpx.AsyncClient, sink: Sink) -> None:
    sink.status, sink.says = 200, b"x" * 5_000_000
    receipt, said = await posting.post(http, sink.url, b"", {})
    assert receipt.error is None
    assert len(said) < 300_000


# E-mail


async def test_a_letter_names_the_alert_and_carries_one_id(mailbox: Mailbox) -> None:
    page = a_page(address="posko@contoh.example")
    for attempt in range(2):
        await a_mailer(mailbox).send(replace(page, attempt=attempt))
    first, second = mailbox.letters
    assert first["To"] == "posko@contoh.example"
    assert f"#{page.alert.number}" in first["Subject"]
    assert first["Message-ID"] == second["Message-ID"] == f"<{page.ref}@contoh.example>"


@pytest.mark.parametrize("address", ["a@b.example\nBcc: c@d.example", "\r\n", "keine-adresse"])
async def test_an_address_cannot_bring_headers_of_its_own(mailbox: Mailbox, address: str) -> None:
    receipt = await a_mailer(mailbox).send(a_page(address=address))
    assert receipt.error is not None or mailbox.letters[0]["Bcc"] is None


async def test_a_mail_server_that_is_not_there_is_a_receipt(mailbox: Mailbox) -> None:
    nowhere = EmailNotifier(
        MailServer("127.0.0.1", "ronda@contoh.example", 1, "none"), book_of(), clock=lambda: NOW
    )
    assert (await nowhere.send(a_page())).error is not None
    unset = EmailNotifier(None, book_of(), clock=lambda: NOW)
    assert (await unset.send(a_page())).error == "RONDA_SMTP_HOST is not set"


# Apprise


async def test_a_chat_gets_title_and_text(sink: Sink) -> None:
    receipt = await a_chat(sink).send(a_page())
    assert receipt.error is None
    sent = msgspec.json.decode(sink.got[0].body)
    assert sent["title"].startswith("[Ronda]")


@pytest.mark.parametrize("url", ["", "nothing://at all"])
async def test_a_chat_without_a_usable_url_is_a_receipt(sink: Sink, url: str) -> None:
    assert (await a_chat(sink, OBROLAN=url).send(a_page())).error is not None
    assert (await AppriseNotifier({}, book_of()).send(a_page())).error is not None
