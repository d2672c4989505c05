"""Many viewers of one instance, one of them frozen.

`RONDA_VIEWERS=1000 pytest tests/integration/alerts/test_crowd.py -s` is the full size.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.integration.alerts.board import Board
from tests.integration.alerts.test_stream import a_record
from tests.waiting import eventually

VIEWERS = int(os.environ.get("RONDA_VIEWERS", "100"))
A_SECOND = 20
SECONDS = 5


@asynccontextmanager
async def crowd(board: Board, viewers: int, messages: int) -> AsyncIterator[Any]:
    """The process of the viewers, all of them connected."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.alerts.crowd"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    order = {
        "url": board.url,
        "token": board.token(),
        "viewers": viewers,
        "frozen": 1,
        "messages": messages,
    }
    process.stdin.write(json.dumps(order).encode() + b"\n")
    try:
        async with asyncio.timeout(60):
            assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 20)


async def test_a_crowd_of_viewers_misses_nothing_though_one_of_them_is_frozen(
    board: Board,
) -> None:
    messages = A_SECOND * SECONDS
    async with crowd(board, VIEWERS, messages) as process:
        assert board.stream.viewers == VIEWERS + 1
        cpu, begin = time.process_time(), time.perf_counter()
        for number in range(messages):
            board.stream.feed([a_record(number, source=str(time.time()))])
            await asyncio.sleep(max(0.0, begin + (number + 1) / A_SECOND - time.perf_counter()))
        seconds = time.perf_counter() - begin
        used = time.process_time() - cpu
        process.stdin.close()
        report = json.loads(await process.stdout.readline())
    figures = {"viewers": VIEWERS, "cpu_share": round(used / seconds, 2), **report}
    sys.stdout.write(f"{figures}\n")
    assert (report["fewest"], report["most"]) == (messages, messages)


async def test_a_frozen_viewer_is_let_go(board: Board) -> None:
    messages = 5_000
    async with crowd(board, 1, messages) as process:
        for number in range(messages):
            board.stream.feed([a_record(number, source=str(time.time()))])
            await asyncio.sleep(0.001)
        await eventually(lambda: board.stream.viewers == 1, within=20)
        process.stdin.close()
        assert json.loads(await process.stdout.readline())["fewest"] == messages
