"""What a superuser changes is detected, each single time; what nobody changed never is.

`RONDA_MUTATIONS=1000` runs a thousand instead of the few of every day:
`RONDA_MUTATIONS=1000 python -m pytest tests/integration/archive/test_mutations.py`
"""

import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.evidence import verifier
from services.archive.adapters.evidence.ledger import PostgresSnapshot
from services.archive.adapters.evidence.proving import PostgresProofs
from services.archive.domain import merkle, note
from shared import database
from tests.integration.archive.mutations import KINDS, mutate
from tests.integration.archive.sealed import SealedArchive, superuser, verdict

MUTATIONS = int(os.environ.get("RONDA_MUTATIONS", "48"))


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = database.engine(database_url, application="test")
    yield made
    await made.dispose()


@pytest.fixture
async def archive(engine: AsyncEngine) -> SealedArchive:
    made = SealedArchive(engine)
    await made.fill(9)
    await made.seal()
    await made.fill(9)
    await made.seal()
    await made.fill(3)
    return made


@pytest.mark.timeout(60 + 3 * MUTATIONS)
async def test_every_mutation_is_detected_by_both_checks_and_nothing_else_is(
    archive: SealedArchive, database_url: str, tmp_path: Path
) -> None:
    chance = random.Random(53)
    seen: Counter[str] = Counter()
    file = tmp_path / "whole.zip"
    for number in range(MUTATIONS):
        kind = list(KINDS)[number % len(KINDS)]
        async with superuser(database_url) as user:
            done = await mutate(user, kind, chance)
            found = await verdict(user, elsewhere=archive.notes, keys=[archive.key])
            assert found.findings, f"{number} was not seen: {done}"
            await archive.export_all(PostgresSnapshot(user), "mutation", file)
            assert by_the_file(archive, file, alone=done.hashed), f"{number}: {done}"
            seen[kind] += 1
        if number % len(KINDS) == 0:
            async with superuser(database_url) as user:
                whole = await verdict(user, elsewhere=archive.notes, keys=[archive.key])
                assert whole.findings == [], "a false alarm"
    assert seen.total() == MUTATIONS


def by_the_file(archive: SealedArchive, file: Path, *, alone: bool) -> bool:
    """Whether the travelling program finds it; `alone` without what the archive found itself."""
    found = verifier.check(file, elsewhere=archive.notes, keys=[str(archive.key)])
    told = len(found.manifest["findings"]) if alone else 0
    return len(found.findings) > told


async def test_what_nobody_touched_is_whole_for_both_and_follows_every_earlier_checkpoint(
    archive: SealedArchive, database_url: str, tmp_path: Path
) -> None:
    first = note.read(archive.notes[0])
    for _ in range(5):
        await archive.fill(4)
        last = note.read(await archive.seal())
        async with superuser(database_url) as user:
            found = await verdict(user, elsewhere=archive.notes, keys=[archive.key])
            file = await archive.export_all(PostgresSnapshot(user), "whole", tmp_path / "w.zip")
        assert found.findings == []
        assert not by_the_file(archive, file, alone=False)
        path = await PostgresProofs(archive.engine).consistency(first.size, last.size)
        sizes, roots = (first.size, last.size), (first.root, last.root)
        assert merkle.verify_consistency(*sizes, path, *roots)
