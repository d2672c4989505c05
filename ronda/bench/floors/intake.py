"""`python -m ronda.bench.floors.intake`: HTTP to Kafka by group commit on bare ASGI.

202 only after the broker's acknowledgement, like checkin. No tokens, no stamping, no limits, no
metrics: of an event only the id and the key are looked at.
"""

import asyncio
import gc
import os
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import uvicorn
import uvloop
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from msgspec import Struct

from shared import bus
from shared.events.envelope import KAFKA_HEADERS
from shared.settings import Environment
from shared.topics import POSITION, partition_for

_HEADERS = list(KAFKA_HEADERS)
_PARTITIONS = POSITION.partitions

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class _Event(Struct):
    id: str
    subject: str


_decode = msgspec.json.Decoder(_Event).decode
_encode = msgspec.json.Encoder().encode


class GroupCommit:
    """One flush at a time; what arrives meanwhile is the next one. A failed one ends the floor."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic
        self._open: dict[int, list[BatchBuilder]] = {}
        self._flushed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wake = asyncio.Event()

    def add(self, key: bytes, value: bytes) -> "asyncio.Future[None]":
        """What is resolved when Kafka has the record."""
        builders = self._open.setdefault(partition_for(key, _PARTITIONS), [])
        if not builders or not self._append(builders[-1], key, value):
            builders.append(self._producer.create_batch())
            self._append(builders[-1], key, value)
        self._wake.set()
        return self._flushed

    async def run(self) -> None:
        """Flushes for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            groups, flushed = self._open, self._flushed
            self._open = {}
            self._flushed = asyncio.get_running_loop().create_future()
            deliveries = [
                await self._producer.send_batch(builder, self._topic, partition=partition)
                for partition, builders in groups.items()
                for builder in builders
            ]
            await asyncio.gather(*deliveries)
            flushed.set_result(None)

    @staticmethod
    def _append(builder: BatchBuilder, key: bytes, value: bytes) -> bool:
        metadata = builder.append(timestamp=None, key=key, value=value, headers=_HEADERS)
        return metadata is not None


class Floor:
    """The ASGI application; everything that is not a POST is answered 200, so that it is ready."""

    def __init__(self, commit: GroupCommit) -> None:
        self._commit = commit

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await _answer(send, 200, b"{}")
            return
        body = await _body(receive)
        is_batch = (b"content-type", b"application/x-ndjson") in scope["headers"]
        ids, flushed = [], None
        for line in body.split(b"\n") if is_batch else (body,):
            event = _decode(line)
            ids.append(event.id)
            flushed = self._commit.add(event.subject.encode(), line)
        if flushed is not None:
            await asyncio.shield(flushed)
        results = [{"id": each, "status": "accepted"} for each in ids]
        await _answer(send, 202, _encode({"results": results}))


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def run(environment: Environment) -> None:
    """Serves until a signal, or until Kafka refuses a flush."""
    http = environment.http(0)
    producer = bus.producer(environment.kafka(), client_id="floor")
    await producer.start()
    try:
        commit = GroupCommit(producer, environment.text("RONDA_BENCH_TOPIC"))
        config = uvicorn.Config(
            Floor(commit),
            host=http.host,
            port=http.port,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
        )
        server = uvicorn.Server(config)
        flushing = asyncio.create_task(commit.run())
        flushing.add_done_callback(lambda _: setattr(server, "should_exit", True))
        await server.serve()
        flushing.cancel()
    finally:
        await producer.stop()


if __name__ == "__main__":
    gc.disable()
    uvloop.run(run(Environment(os.environ)))
