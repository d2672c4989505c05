"""`python -m tests.integration.alerts.crowd`: many viewers of one stream, in their own process.

Reads `{"url", "token", "viewers", "frozen", "messages"}` from stdin; a frozen viewer connects and
never reads. After the end of its input it waits until each of the others has its messages.
Prints `ready` when all are connected. Ends when its input ends, with one line of JSON: messages of
alerts per reading viewer (fewest, most), and how late they came by the sender's clock, in ms.
"""

import asyncio
import json
import socket
import sys
import time
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from tests.waiting import NotYetError, eventually

ARRIVED_WITHIN_S = 30
SENT_AT = b'"source":"'


class Viewer(asyncio.Protocol):
    """Counts the alerts that it is told of."""

    def __init__(self, request: bytes, opened: asyncio.Event) -> None:
        self._request = request
        self._opened = opened
        self._rest = b""
        self.messages = 0
        self.late_ms: list[float] = []

    def connection_made(self, transport: Any) -> None:
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._opened.set()
        now = time.time()
        *whole, self._rest = (self._rest + data).split(b"\n\n")
        for message in whole:
            if b"event: alert" in message:
                self.messages += 1
                at = message.partition(SENT_AT)[2].partition(b'"')[0]
                self.late_ms.append((now - float(at)) * 1000)


async def main(order: dict[str, Any]) -> None:
    """Connects, waits for the end of stdin, reports."""
    where = urlsplit(order["url"])
    request = (
        f"GET /v1/stream HTTP/1.1\r\nHost: {where.netloc}\r\n"
        f"Authorization: Bearer {order['token']}\r\n\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    frozen = []
    for _ in range(order["frozen"]):
        asleep = socket.socket()
        asleep.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        asleep.connect((where.hostname, where.port))
        asleep.sendall(request)
        frozen.append(asleep)
    viewers = []
    for _ in range(order["viewers"]):
        opened = asyncio.Event()
        _, viewer = await loop.create_connection(
            partial(Viewer, request, opened), where.hostname, where.port
        )
        viewers.append(viewer)
        async with asyncio.timeout(30):
            await opened.wait()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    with suppress(NotYetError):
        await eventually(
            lambda: min(each.messages for each in viewers) >= order["messages"],
            within=ARRIVED_WITHIN_S,
        )
    late = sorted(ms for viewer in viewers for ms in viewer.late_ms)
    counts = [viewer.messages for viewer in viewers]
    report = {
        "fewest": min(counts),
        "most": max(counts),
        "late_p50_ms": late[len(late) // 2],
        "late_p99_ms": late[int(len(late) * 0.99)],
    }
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.stdin.readline())))
