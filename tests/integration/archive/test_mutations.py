"""What a superuser changes is detected, each single time; what nobody changed never is.

A thousand instead of the few of every day: `python -m tests.integration.archive.mutating`, or here
with `RONDA_MUTATIONS=1000`.
"""

import os
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.evidence.ledger import PostgresSnapshot
from services.archive.adapters.evidence.proving import PostgresProofs
from services.archive.domain import merkle, note
from tests.integration.archive.mutating import LATER, fill, is_seen_by_the_file, run
from tests.integration.archive.sealed import SealedArchive, superuser, verdict

MUTATIONS = int(os.environ.get("RONDA_MUTATIONS", "48"))


@pytest.fixture
async def archive(engine: AsyncEngine) -> SealedArchive:
    made = SealedArchive(engine)
    await fill(made)
    return made


@pytest.mark.timeout(60 + 3 * MUTATIONS)
async def test_every_mutation_is_detected_by_both_checks_and_nothing_else_is(
    archive: SealedArchive, database_url: str, tmp_path: Path
) -> None:
    tally = await run(archive, database_url, tmp_path, mutations=MUTATIONS)
    assert tally.unseen == []
    assert tally.false_alarms == 0
    assert tally.made.total() == MUTATIONS


async def test_what_nobody_touched_is_whole_for_both_and_follows_every_earlier_checkpoint(
    archive: SealedArchive, database_url: str, tmp_path: Path
) -> None:
    first = note.read(archive.notes[0])
    for _ in range(5):
        await archive.fill(4)
        await archive.tell(LATER)
        last = note.read(await archive.seal())
        async with superuser(database_url) as user:
            found = await verdict(user, elsewhere=archive.notes, keys=[archive.key])
            file = await archive.export_all(PostgresSnapshot(user), "whole", tmp_path / "w.zip")
        assert found.findings == []
        assert not is_seen_by_the_file(archive, file, alone=False)
        path = await PostgresProofs(archive.engine).consistency(first.size, last.size)
        sizes, roots = (first.size, last.size), (first.root, last.root)
        assert merkle.verify_consistency(*sizes, path, *roots)
