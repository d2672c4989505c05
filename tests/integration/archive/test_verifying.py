"""`verify` over real PostgreSQL: what is whole passes, and what was touched is named."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.evidence.ledger import PostgresSnapshot, snapshot
from services.archive.handlers.verifying import verify
from shared import database
from tests.integration.archive.sealed import SealedArchive


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = database.engine(database_url, application="test")
    yield made
    await made.dispose()


@pytest.fixture
async def archive(engine: AsyncEngine) -> SealedArchive:
    made = SealedArchive(engine)
    await made.fill(20)
    await made.seal()
    await made.fill(20)
    await made.seal()
    await made.fill(3)
    return made


async def test_what_nobody_touched_is_whole(archive: SealedArchive, database_url: str) -> None:
    async with snapshot(database_url, application="test") as connection:
        found = await verify(
            PostgresSnapshot(connection), elsewhere=archive.notes, keys=[archive.key]
        )
    assert found.findings == []
    assert found.sealed + found.unsealed == found.segments
    assert (found.checkpoints, found.elsewhere, found.signatures) == (2, 2, True)
    assert found.unsealed > 0
