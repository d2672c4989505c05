"""The live stream over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx

from tests.builders import POLRES
from tests.integration.alerts.board import Board
from tests.integration.alerts.sse_reading import Messages
from tests.integration.alerts.test_stream import a_record
from tests.waiting import eventually


@asynccontextmanager
async def watching(
    board: Board, token: str | None = None, last_event_id: str | None = None
) -> AsyncIterator[tuple[httpx.Response, Messages]]:
    headers = {"Last-Event-ID": last_event_id} if last_event_id is not None else {}
    async with (
        board.client(token or board.token()) as client,
        client.stream("GET", "/v1/stream", headers=headers) as answer,
    ):
        yield answer, Messages(answer)


async def test_a_viewer_is_told_at_once_and_nothing_on_the_way_holds_it_back(board: Board) -> None:
    async with watching(board) as (answer, messages):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        assert (await messages.next()).event == "clock"
        record = a_record(0)
        board.stream.feed([record])
        message = await messages.next()
        assert (message.event, message.id) == ("alert", "0:1")
        assert message.data.encode() == record.value


async def test_a_viewer_sees_only_its_unit(board: Board) -> None:
    async with watching(board, board.token(unit="polda-jatim/polres-lamongan")) as (_, messages):
        await messages.next()
        board.stream.feed([a_record(0), a_record(1, unit="polda-jatim/polres-lamongan")])
        assert (await messages.next()).id == "0:2"


async def test_who_comes_back_goes_on_where_it_was(board: Board) -> None:
    board.stream.feed([a_record(0), a_record(1), a_record(2)])
    async with watching(board, last_event_id="0:1") as (_, messages):
        ids = [(await messages.next()).id for _ in range(3)]
    assert ids == ["0:2", "0:3", "0:3"]


async def test_who_comes_back_too_late_is_told_to_load_anew(board: Board) -> None:
    board.stream.feed([a_record(0)])
    async with watching(board, last_event_id="5:5") as (_, messages):
        assert (await messages.next()).event == "reset"


async def test_a_stream_ends_when_its_token_does(board: Board) -> None:
    async with watching(board, board.token(ttl=timedelta(seconds=2))) as (_, messages):
        async with asyncio.timeout(10):
            while await messages.more():
                pass
    await eventually(lambda: board.stream.viewers == 0)


async def test_a_viewer_that_goes_away_is_forgotten(board: Board) -> None:
    async with watching(board) as (_, messages):
        await messages.next()
        assert board.stream.viewers == 1
    await eventually(lambda: board.stream.viewers == 0)


async def test_stopping_ends_the_streams(board: Board) -> None:
    async with watching(board) as (_, messages):
        await messages.next()
        board.stream.close()
        async with asyncio.timeout(10):
            while await messages.more():
                pass


async def test_many_viewers_get_the_same_bytes(board: Board) -> None:
    record = a_record(0, unit=POLRES)

    async def watch() -> str:
        async with watching(board) as (_, messages):
            await messages.next()
            return (await messages.next()).data

    viewers = [asyncio.create_task(watch()) for _ in range(20)]
    await eventually(lambda: board.stream.viewers == 20)
    board.stream.feed([record])
    assert {data.encode() for data in await asyncio.gather(*viewers)} == {record.value}
