"""`python -m ronda.bench.floors.notifier`: each alert's record is posted to a webhook as it is.

One keep-alive connection, no retry, no record of what was sent.
"""

import asyncio
import gc
import os
from urllib.parse import urlsplit

import uvloop
from aiokafka import AIOKafkaConsumer

from shared import bus
from shared.settings import Environment
from shared.topics import ALERT

_ANSWER_S = 5.0


async def run(environment: Environment) -> None:
    """Posts until a signal."""
    kafka = environment.kafka()
    hook = urlsplit(environment.text("RONDA_BENCH_WEBHOOK"))
    consumer = AIOKafkaConsumer(
        ALERT.physical(kafka.topic_prefix),
        group_id=f"{kafka.topic_prefix}floor-notifier",
        auto_offset_reset="earliest",
        **bus.client_arguments(kafka),
    )
    reader, writer = await asyncio.open_connection(hook.hostname, hook.port)
    head = f"POST {hook.path} HTTP/1.1\r\nHost: {hook.netloc}\r\nContent-Type: application/json\r\n"
    async with consumer:
        while True:
            parts = await consumer.getmany(timeout_ms=1000)
            for body in [record.value or b"" for part in parts.values() for record in part]:
                writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                async with asyncio.timeout(_ANSWER_S):
                    await reader.readuntil(b"\r\n\r\n")


if __name__ == "__main__":
    gc.disable()
    uvloop.run(run(Environment(os.environ)))
