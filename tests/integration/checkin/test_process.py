"""`python -m services.checkin` as an orchestrator meets it."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx

from ronda.stack.ports import free_port
from shared.settings import KafkaSettings
from tests.waiting import eventually


async def test_the_program_serves_until_sigterm_and_ends_with_0(
    topics: KafkaSettings, keys: dict[str, Path]
) -> None:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.checkin",
        env={
            **os.environ,
            "RONDA_KAFKA_BOOTSTRAP_SERVERS": topics.bootstrap_servers,
            "RONDA_TOPIC_PREFIX": topics.topic_prefix,
            "RONDA_AUTH_KEYS_FILE": str(keys["keys"]),
            "RONDA_AUTH_SIGNING_KEY_FILE": str(keys["checkin"]),
            "RONDA_HTTP_PORT": str(port),
        },
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with httpx.AsyncClient(trust_env=False) as client:

            async def is_ready() -> bool:
                answer = await client.get(f"http://127.0.0.1:{port}/health/ready")
                return answer.is_success

            await eventually(is_ready, within=40)
        process.send_signal(signal.SIGTERM)
        output, _ = await asyncio.wait_for(process.communicate(), 20)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    assert all(line.startswith(b"{") for line in output.splitlines())
