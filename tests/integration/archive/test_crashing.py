"""A real process that dies by `kill -9` at the two worst lines, and at any other."""

import asyncio
import os
import random
import signal
import sys
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from services.archive.settings import ArchiveSettings
from shared.topics import PATROL, POSITION
from tests.integration.archive.test_consuming import events, holds
from tests.integration.archive.witnesses import complaints, count, send
from tests.waiting import eventually

WITHIN = 45.0


class Process:
    """`python -m services.archive` as `ronda up` starts it."""

    def __init__(self, settings: ArchiveSettings, log: Path) -> None:
        self._log = log
        self._environment = {
            **os.environ,
            "RONDA_KAFKA_BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
            "RONDA_TOPIC_PREFIX": settings.kafka.topic_prefix,
            "RONDA_DATABASE_URL": settings.database_url,
            "RONDA_AUTH_KEYS_FILE": str(settings.auth.keys_file),
            "RONDA_HTTP_PORT": "0",
        }

    async def start(self, **variables: str) -> asyncio.subprocess.Process:
        """A new one, with more variables in its environment."""
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "services.archive",
                env={**self._environment, **variables},
                stdout=log,
                stderr=log,
            )


@pytest.fixture
def process(settings: ArchiveSettings, tmp_path: Path) -> Process:
    return Process(settings, tmp_path / "archive.log")


async def ended(process: asyncio.subprocess.Process) -> int:
    async with asyncio.timeout(WITHIN):
        return await process.wait()


async def stop(process: asyncio.subprocess.Process) -> int:
    if process.returncode is None:
        process.terminate()
    return await ended(process)


@pytest.mark.faults
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("place", "committed"), [("archive.before_commit", False), ("archive.after_commit", True)]
)
async def test_a_kill_beside_the_commit_loses_and_doubles_nothing(
    settings: ArchiveSettings,
    sender: AIOKafkaProducer,
    process: Process,
    place: str,
    committed: bool,
) -> None:
    await send(sender, settings.kafka, PATROL, *events(40), b"?", None, partition=4)
    dying = await process.start(RONDA_CRASH_AT=place)
    assert await ended(dying) == -signal.SIGKILL
    assert (await count(settings.database_url, "record") > 0) == committed
    following = await process.start()
    try:
        await send(sender, settings.kafka, PATROL, *events(1), partition=4)
        await eventually(holds(settings, 43), within=WITHIN)
    finally:
        assert await stop(following) == 0
    assert await complaints(settings.kafka, settings.database_url) == {}


@pytest.mark.faults
@pytest.mark.timeout(180)
async def test_kills_at_any_line_while_records_stream_in_lose_and_double_nothing(
    settings: ArchiveSettings, sender: AIOKafkaProducer, process: Process
) -> None:
    chance = random.Random(20261123)
    total = 0
    for _ in range(3):
        current = await process.start()
        before = await count(settings.database_url, "record")
        for _ in range(30):
            for partition in range(6):
                await send(sender, settings.kafka, POSITION, *events(10), partition=partition)
                total += 10
        await eventually(holds(settings, before + chance.randrange(1, 1500)), within=WITHIN)
        current.send_signal(signal.SIGKILL)
        await ended(current)
    last = await process.start()
    try:
        await eventually(holds(settings, total), within=WITHIN)
    finally:
        await stop(last)
    assert await complaints(settings.kafka, settings.database_url) == {}
    assert await count(settings.database_url, "event") == total


async def test_a_missing_setting_is_one_sentence_and_exit_code_2() -> None:
    broken = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.archive",
        env={"PATH": os.environ["PATH"]},
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await broken.communicate()
    assert broken.returncode == 2
    assert complaint.decode().startswith("archive: RONDA_KAFKA_BOOTSTRAP_SERVERS is not set")
    assert complaint.count(b"\n") == 1
