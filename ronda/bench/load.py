"""`python -m ronda.bench.load`: sends events from keep-alive connections, as fast as the answers
come, and prints what it saw as one JSON line.

A process of its own, so that what it costs is not counted as the server's. Its order comes in
`RONDA_BENCH_ORDER`, the token in `RONDA_BENCH_TOKEN`.
"""

import asyncio
import itertools
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Literal, cast

import msgspec
import uvloop
from msgspec import Struct

from ronda.bench import traffic
from ronda.bench.answers import Answers
from ronda.bench.figures import percentile
from shared.clock import system_clock

_SINGLE_POOL = 2_000
_BATCH_POOL = 20
_GRACE_S = 30.0
_kinds = {"position": traffic.position, "visit": traffic.visit}


class Order(Struct, frozen=True, kw_only=True):
    """What to send. With `events`, exactly that many, each of them once; without, events out of a
    pool that is sent round and round for `seconds`."""

    port: int
    kind: Literal["position", "visit"]
    batch: bool
    connections: int
    seconds: float
    events: int | None = None


class Seen(Struct, frozen=True, kw_only=True):
    """What came of it: events answered 202, in `seconds`, and milliseconds per request."""

    events: int
    refused: int
    seconds: float
    p50_ms: float
    p99_ms: float


@dataclass(slots=True)
class _Load:
    requests: Iterator[bytes]
    until: float
    latencies: list[float] = field(default_factory=list)
    refused: int = 0
    running: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def next(self) -> bytes | None:
        return next(self.requests, None) if perf_counter() < self.until else None

    def ended(self) -> None:
        self.running -= 1
        if not self.running:
            self.over.set()


class _Connection(asyncio.Protocol):
    def __init__(self, load: _Load) -> None:
        self._load = load
        self._answers = Answers()
        self._transport: asyncio.Transport | None = None
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send(self._transport)

    def data_received(self, data: bytes) -> None:
        status = self._answers.feed(data)
        if status is None or self._transport is None:
            return
        self._load.latencies.append(perf_counter() - self._sent_at)
        self._load.refused += status != 202
        self._send(self._transport)

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None:
            self._load.refused += 1
        self._load.ended()

    def _send(self, transport: asyncio.Transport) -> None:
        request = self._load.next()
        if request is None:
            transport.close()
            return
        self._sent_at = perf_counter()
        transport.write(request)


def requests(order: Order, token: str) -> Iterator[bytes]:
    """The requests of an order; made before the clock runs, so that it shows nothing of it."""
    make, now = _kinds[order.kind], system_clock()
    size = traffic.BATCH if order.batch else 1
    pool = _BATCH_POOL if order.batch else _SINGLE_POOL
    wanted = pool * size if order.events is None else order.events
    made = []
    for first in range(0, wanted, size):
        events = [make(number, now) for number in range(first, min(first + size, wanted))]
        made.append(
            traffic.batch(token, events) if order.batch else traffic.single(token, events[0])
        )
    return itertools.cycle(made) if order.events is None else iter(made)


async def send(order: Order, waiting: Iterator[bytes]) -> Seen:
    """Carries out an order with these requests. Raises TimeoutError when the server stops
    answering."""
    started = perf_counter()
    load = _Load(waiting, until=started + order.seconds, running=order.connections)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(order.seconds + _GRACE_S):
        for _ in range(order.connections):
            await loop.create_connection(lambda: _Connection(load), "127.0.0.1", order.port)
        await load.over.wait()
    return _seen(order, load, perf_counter() - started)


def _seen(order: Order, load: _Load, seconds: float) -> Seen:
    answered = len(load.latencies)
    events = answered * (traffic.BATCH if order.batch else 1)
    return Seen(
        events=min(events, order.events or events),
        refused=load.refused,
        seconds=seconds,
        p50_ms=percentile(load.latencies, 0.5) * 1000,
        p99_ms=percentile(load.latencies, 0.99) * 1000,
    )


def main() -> None:
    """Sends, and prints what was seen."""
    order = msgspec.json.decode(os.environ["RONDA_BENCH_ORDER"], type=Order)
    seen = uvloop.run(send(order, requests(order, os.environ["RONDA_BENCH_TOKEN"])))
    sys.stdout.buffer.write(msgspec.json.encode(seen) + b"\n")


if __name__ == "__main__":
    main()
