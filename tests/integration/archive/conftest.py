"""A running archive on topics and a database of the test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.settings import ArchiveSettings
from shared import database
from shared.auth import Issuer, generate_keys
from shared.bus import producer
from shared.clock import system_clock
from shared.settings import AuthSettings, HttpSettings, KafkaSettings
from tests.integration.archive.sealed import SealedArchive
from tests.unit.archive.builders import UNIT


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, Path]:
    return generate_keys(tmp_path / "keys")


@pytest.fixture
def settings(topics: KafkaSettings, database_url: str, keys: dict[str, Path]) -> ArchiveSettings:
    return ArchiveSettings(
        kafka=topics,
        http=HttpSettings(),
        auth=AuthSettings(keys_file=keys["keys"]),
        database_url=database_url,
        unit=UNIT,
    )


@pytest.fixture
async def sender(topics: KafkaSettings) -> AsyncIterator[AIOKafkaProducer]:
    client = producer(topics, client_id="test", linger_ms=2)
    await client.start()
    yield client
    await client.stop()


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = database.engine(database_url, application="test")
    yield made
    await made.dispose()


@pytest.fixture
async def archive(engine: AsyncEngine) -> SealedArchive:
    """Two checkpoints, twelve events before each."""
    made = SealedArchive(engine)
    await made.fill(12)
    await made.seal()
    await made.fill(12)
    await made.seal()
    return made


@pytest.fixture
def token(keys: dict[str, Path]) -> "Tokens":
    return Tokens(Issuer(keys["alerts"]))


class Tokens:
    """Hands out tokens by role and unit."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer

    def __call__(self, role: str = "auditor", unit: str = UNIT) -> dict[str, str]:
        """The header that shows who is asking."""
        signed = self._issuer.token(
            actor=f"{role}-1", name=role.title(), role=role, unit=unit, now=system_clock()
        )
        return {"Authorization": f"Bearer {signed}"}
