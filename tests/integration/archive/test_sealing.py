"""The one log on PostgreSQL, recomputed from the rows by a second, plain way."""

import asyncio
import itertools
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters import sealing as sealing_module
from services.archive.adapters.sealing import PostgresLedger, nodes_of
from services.archive.adapters.store import PostgresStore
from services.archive.adapters.transactions import transaction
from services.archive.domain import merkle, tree
from services.archive.ports import Sealed
from tests.integration.archive.second_ledger import recomputed
from tests.integration.archive.witnesses import count
from tests.unit.archive.builders import NIGHT, a_batch, an_event


@pytest.fixture
def ledger(engine: AsyncEngine) -> PostgresLedger:
    return PostgresLedger(engine)


TICKS = itertools.count()


def signed(size: int, root: bytes) -> Sealed:
    """A note of a moment of its own."""
    return Sealed(size, root, f"note {size}", NIGHT + timedelta(seconds=next(TICKS)), "test")


async def keep(engine: AsyncEngine, commits: int, *, first: int = 0) -> None:
    """So many commits of three partitions, two records each."""
    store = PostgresStore(engine, prefix="t.")
    for number in range(first, first + commits):
        batches = [
            a_batch(an_event(f"{partition}-{number}"), b"?", first=2 * number, partition=partition)
            for partition in range(3)
        ]
        await store.keep(batches, NIGHT + timedelta(microseconds=number))


async def test_every_committed_segment_is_in_the_log_once_and_the_root_is_theirs(
    engine: AsyncEngine, ledger: PostgresLedger, database_url: str
) -> None:
    empty = await ledger.seal(signed)
    assert empty is not None
    assert (empty.size, empty.root) == (0, merkle.EMPTY_ROOT)
    for step in range(3):
        await keep(engine, 2, first=2 * step)
        sealed = await ledger.seal(signed)
        assert sealed is not None
        assert (sealed.size, sealed.root) == await recomputed(database_url)
        assert sealed.size == 6 * (step + 1)
    assert [each.size for each in await ledger.checkpoints(limit=2)] == [18, 12]
    assert [each.size for each in await ledger.checkpoints(before=12, limit=9)] == [6, 0]


async def test_a_checkpoint_from_before_is_proved_to_be_a_beginning_of_the_newest(
    engine: AsyncEngine, ledger: PostgresLedger
) -> None:
    checkpoints = []
    for step in range(4):
        await keep(engine, 1, first=step)
        sealed = await ledger.seal(signed)
        assert sealed is not None
        checkpoints.append(sealed)
    newest = checkpoints[-1]
    async with transaction(engine) as connection:
        for older in checkpoints:
            spans = tree.consistency(older.size, newest.size)
            nodes = await nodes_of(connection.cursor(), tree.needed(spans))
            path = tree.hashes(spans, nodes)
            proved = (older.size, newest.size, path, older.root, newest.root)
            assert merkle.verify_consistency(*proved)


async def test_sealers_at_once_while_records_come_in_make_one_log(
    engine: AsyncEngine, ledger: PostgresLedger, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing_module, "SEGMENTS_AT_ONCE", 4)
    writing = asyncio.create_task(keep(engine, 8))
    while not writing.done():
        await asyncio.gather(*(ledger.seal(signed) for _ in range(3)))
    await writing
    last = await ledger.seal(signed)
    assert last is not None
    assert (last.size, last.root) == await recomputed(database_url)
    assert last.size == 24


class PowerCut(Exception):
    """In the middle of a transaction."""


async def test_a_sealer_that_dies_leaves_nothing_half_and_the_next_one_goes_on(
    engine: AsyncEngine, ledger: PostgresLedger, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(engine, 2)

    def cut(_: str) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(sealing_module, "crash_point", cut)
        with pytest.raises(PowerCut):
            await ledger.seal(signed)
    for table in ("log", "log_node", "checkpoint"):
        assert await count(database_url, table) == 0
    sealed = await ledger.seal(signed)
    assert sealed is not None
    assert (sealed.size, sealed.root) == await recomputed(database_url)


async def test_nothing_is_sealed_where_somebody_was_faster(
    engine: AsyncEngine, ledger: PostgresLedger
) -> None:
    first = await ledger.seal(signed)
    assert first is not None
    await keep(engine, 1)
    assert await ledger.seal(signed, unless_since=first.sealed_at - timedelta(seconds=1)) is None
    assert await ledger.seal(signed, unless_since=first.sealed_at) is not None
