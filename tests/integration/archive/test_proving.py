"""Proofs out of real PostgreSQL, checked with nothing but the tree's own rules."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.evidence.proving import PostgresProofs
from services.archive.adapters.reading import PostgresReader
from services.archive.domain import merkle, note
from services.archive.domain.proof import holds
from services.archive.domain.search import Place, Rights, Search
from tests.integration.archive.sealed import PREFIX, SealedArchive
from tests.unit.archive.builders import UNIT

ALL = Rights(within=UNIT, sees_unitless=True, tracks=True)


async def places(engine: AsyncEngine) -> list[Place]:
    page = await PostgresReader(engine, prefix=PREFIX).page(Search(limit=1000), ALL)
    return [found.place for found in page.found]


async def test_every_record_is_proved_against_every_checkpoint_that_holds_it(
    archive: SealedArchive, engine: AsyncEngine
) -> None:
    proofs, wanted = PostgresProofs(engine), await places(engine)
    first, last = (note.read(text) for text in archive.notes)
    later = await proofs.proven(wanted, last.size)
    assert [each.record.offset for each in later] == [place.offset for place in wanted]
    assert all(holds(each, last.root) for each in later)
    assert not any(holds(each, first.root) for each in later)
    earlier = await proofs.proven(wanted, first.size)
    proved = [holds(each, first.root) for each in earlier]
    assert proved == [(each.sealed.position or 0) < first.size for each in earlier]
    assert 0 < sum(proved) < len(proved)


async def test_what_is_proved_is_this_record_and_no_other(
    archive: SealedArchive, engine: AsyncEngine
) -> None:
    last = note.read(archive.notes[-1])
    (one,) = await PostgresProofs(engine).proven((await places(engine))[5:6], last.size)
    assert holds(one, last.root)
    for change in ({"value": b"{}"}, {"key": None}, {"offset": 9}, {"salt": bytes(16)}):
        assert not holds(one._replace(record=one.record._replace(**change)), last.root)
    assert not holds(one._replace(number=one.number + 1), last.root)


async def test_the_log_of_an_earlier_checkpoint_begins_the_later_one(
    archive: SealedArchive, engine: AsyncEngine
) -> None:
    first, last = (note.read(text) for text in archive.notes)
    proofs = PostgresProofs(engine)
    path = await proofs.consistency(first.size, last.size)
    roots = first.root, last.root
    assert merkle.verify_consistency(first.size, last.size, path, *roots)
    assert not merkle.verify_consistency(first.size, last.size, path, *roots[::-1])
    for sizes in ((5, 10**9), (6, 5)):
        with pytest.raises(merkle.ProofError):
            await proofs.consistency(*sizes)
