"""`verify` over real PostgreSQL: what is whole passes, and what was touched is named."""

import random
import shutil
import sys

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.evidence.ledger import PostgresSnapshot, snapshot
from services.archive.adapters.evidence.walkers import walkers
from services.archive.handlers.verifying import Verdict, verify
from services.archive.ports import Unavailable
from tests.integration.archive.mutations import mutate
from tests.integration.archive.sealed import SealedArchive, superuser


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


async def found_by(
    processes: int, archive: SealedArchive, url: str, *, steps: list[tuple[int, int]] | None = None
) -> Verdict:
    told = [] if steps is None else steps
    async with snapshot(url, application="test") as connection:
        return await verify(
            PostgresSnapshot(connection),
            walkers=walkers(url, processes, worth=1),
            elsewhere=archive.notes,
            keys=[archive.key],
            progress=lambda done, total: told.append((done, total)),
        )


async def test_however_many_walk_they_find_the_same(
    archive: SealedArchive, database_url: str
) -> None:
    steps: list[tuple[int, int]] = []
    whole = await found_by(2, archive, database_url, steps=steps)
    assert whole.findings == []
    assert whole == await found_by(1, archive, database_url)
    assert steps == sorted(steps)
    assert steps[-1] == (2 * whole.records, 2 * whole.records)
    chance = random.Random(7)
    async with superuser(database_url) as user:
        for kind in ("edit", "delete", "insert", "insert", "swap", "edit"):
            await mutate(user, kind, chance)
        await user.commit()
    alone = await found_by(1, archive, database_url)
    assert len(alone.findings) > 1
    assert alone == await found_by(3, archive, database_url)


async def test_nobody_takes_a_walk_that_broke_off_for_a_verdict(
    archive: SealedArchive, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        await found_by_strangers(archive, f"{database_url}-gone", database_url)
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(Unavailable, match="fell silent"):
        await found_by_strangers(archive, database_url, database_url)


async def found_by_strangers(archive: SealedArchive, theirs: str, ours: str) -> None:
    async with snapshot(ours, application="test") as connection:
        await verify(PostgresSnapshot(connection), walkers=walkers(theirs, 2, worth=1))
