"""Whom pages reached, as the board shows it, and what providers say of them later."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from services.alerts.adapters.delivery_reading import DeliveryReadings
from services.alerts.adapters.notifiers.webhook import signature
from services.alerts.ports import Page, Progress
from shared.plan.model import Channel
from tests.builders import POLRES, a_plan
from tests.contract.alert_rows import NOW, an_alert
from tests.integration.alerts.board import Board, is_problem

SECRET = "rahasia-gerbang"
MINUTE = timedelta(minutes=1)


def a_page(name: str = "one", **over: Any) -> Page:
    fields: dict[str, Any] = {
        "dedup": name,
        "alert": an_alert(unit=POLRES),
        "cycle": 1,
        "level": 1,
        "post": "operator",
        "recipient": "Operator Posko",
        "channel": "sms",
        "address": "+6281200000000",
        "why": "raised",
        "due_at": NOW,
        "call": "call",
    }
    return Page(**fields | over)


@pytest.fixture
async def board(board: Board) -> Board:
    """With an SMS gateway whose secret is known, and one alert."""
    channels = [
        Channel(id="log", kind="log"),
        Channel(id="sms", kind="sms", url="http://sms.invalid/", secret_name="gerbang"),
        Channel(id="sms-x", kind="sms", url="http://sms.invalid/", secret_name="gerbang",
                auth_header="X-Key"),
        Channel(id="open", kind="sms", url="http://sms.invalid/"),
    ]  # fmt: skip
    board.plans.plan = a_plan(channels=channels)
    return board


async def keep(board: Board, *pages: tuple[Page, Progress]) -> None:
    async with board.store.transaction() as transaction:
        await transaction.save_alert(an_alert(unit=POLRES))
        for page, _ in pages:
            await transaction.page(page)
    async with board.store.transaction() as transaction:
        for page, progress in pages:
            await transaction.settle_page(page.dedup, 0, progress)


SENT = Progress(1, accepted_at=NOW, ref="m-1")
RETRYING = Progress(1, NOW + MINUTE, error="503")
GIVEN_UP = Progress(10, error="503")


async def standings(client: httpx.AsyncClient, state: str) -> dict[str, str]:
    items = (await client.get("/v1/notifications", params={"state": state})).json()["items"]
    return {item["channel"]: item["standing"] for item in items}


async def test_a_call_that_reached_nobody_is_listed_until_one_way_succeeds(
    board: Board, siti: httpx.AsyncClient
) -> None:
    await keep(board, (a_page("a"), RETRYING), (a_page("b", channel="email"), GIVEN_UP))
    assert await standings(siti, "undelivered") == {"sms": "retrying", "email": "failed"}
    assert await DeliveryReadings(board.store._engine).undelivered() == 1
    async with board.store.transaction() as transaction:
        await transaction.settle_page("a", 1, SENT)
    assert await standings(siti, "undelivered") == {}
    assert await standings(siti, "all") == {"sms": "sent", "email": "failed"}


async def test_a_call_with_a_way_that_is_not_tried_yet_is_not_undelivered(
    board: Board, siti: httpx.AsyncClient
) -> None:
    await keep(board, (a_page("a"), RETRYING))
    async with board.store.transaction() as transaction:
        await transaction.page(a_page("b", channel="email"))
    assert await standings(siti, "undelivered") == {}
    assert await standings(siti, "all") == {"sms": "retrying", "email": "waiting"}


async def test_the_list_names_no_address(board: Board, siti: httpx.AsyncClient) -> None:
    await keep(board, (a_page(), RETRYING))
    answer = await siti.get("/v1/notifications")
    assert "Operator Posko" in answer.text
    assert "+62812" not in answer.text


def bearer(secret: str = SECRET) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


async def say(board: Board, body: Any, headers: dict[str, str], channel: str = "sms") -> int:
    async with board.client() as gateway:
        path = f"/v1/receipts/{channel}"
        return (await gateway.post(path, json=body, headers=headers)).status_code


DELIVERED = {"ref": "m-1", "status": "DELIVRD"}


async def test_a_receipt_with_the_channels_secret_is_believed(
    board: Board, siti: httpx.AsyncClient
) -> None:
    await keep(board, (a_page(), SENT))
    assert await say(board, DELIVERED, bearer()) == 204
    assert await say(board, DELIVERED, bearer()) == 204
    assert await standings(siti, "all") == {"sms": "delivered"}


async def test_a_receipt_of_failure_shows_the_call_as_undelivered(
    board: Board, siti: httpx.AsyncClient
) -> None:
    await keep(board, (a_page(), SENT))
    bad = {"ref": "m-1", "status": "UNDELIV", "detail": "no such number"}
    assert await say(board, bad, bearer()) == 204
    [item] = (await siti.get("/v1/notifications")).json()["items"]
    assert (item["standing"], item["error"]) == ("failed", "UNDELIV: no such number")


async def test_a_status_in_between_changes_nothing(board: Board, siti: httpx.AsyncClient) -> None:
    await keep(board, (a_page(), SENT))
    assert await say(board, {"ref": "m-1", "status": "queued"}, bearer()) == 204
    assert await standings(siti, "all") == {"sms": "sent"}


async def test_a_form_and_a_signature_do_as_well(board: Board) -> None:
    await keep(board, (a_page(), SENT))
    body = b"ref=m-1&status=delivered"
    now = datetime.now(UTC)
    async with board.client() as gateway:
        for at, status in ((now - timedelta(minutes=6), 401), (now, 204)):
            answer = await gateway.post(
                "/v1/receipts/sms",
                content=body,
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Ronda-Signature": signature(SECRET, body, at),
                },
            )
            assert answer.status_code == status


async def test_a_channel_may_carry_its_secret_elsewhere(board: Board) -> None:
    await keep(board, (a_page(channel="sms-x"), SENT))
    assert await say(board, DELIVERED, {"X-Key": SECRET}, "sms-x") == 204
    assert await say(board, DELIVERED, bearer(), "sms-x") == 401


STRANGERS: tuple[tuple[dict[str, str], str], ...] = (
    ({}, "sms"),
    (bearer("another"), "sms"),
    ({"Authorization": f"Basic {SECRET}"}, "sms"),
    ({"Ronda-Signature": "t=1,v1=00"}, "sms"),
    ({"Ronda-Signature": "nonsense"}, "sms"),
    (bearer(), "nothing"),
    (bearer(), "log"),
    (bearer(), "open"),
)


async def test_whoever_does_not_know_the_secret_says_nothing_here(
    board: Board, siti: httpx.AsyncClient
) -> None:
    await keep(board, (a_page(), SENT))
    for headers, channel in STRANGERS:
        assert await say(board, DELIVERED, headers, channel) == 401, (headers, channel)
    assert await standings(siti, "all") == {"sms": "sent"}


async def test_a_receipt_that_is_none_is_a_problem_that_says_so(board: Board) -> None:
    async with board.client() as gateway:
        for body in (b"", b"{", b"[]", b'{"ref":1}', b'{"ref":"","status":"delivered"}'):
            answer = await gateway.post("/v1/receipts/sms", content=body, headers=bearer())
            assert is_problem(answer, 400), body
        content = msgspec.json.encode({"ref": "m-9", "status": "delivered"})
        answer = await gateway.post("/v1/receipts/sms", content=content, headers=bearer())
        assert is_problem(answer, 404)
