"""The fake store locks, skips and rolls back like the real one, or other tests prove nothing."""

import asyncio

import msgspec
import pytest

from services.alerts.ports import TryAgain
from tests.builders import NIGHT, an_alert, an_id, an_incident
from tests.fake_store import FakeStore

ONE = an_alert()
TWO = an_alert(id=an_id("two"), category="fire")


@pytest.fixture
async def store() -> FakeStore:
    """A store with two alerts."""
    store = FakeStore()
    async with store.transaction() as transaction:
        await transaction.save_alert(ONE)
        await transaction.save_alert(TWO)
    return store


async def test_a_rollback_leaves_no_trace(store: FakeStore) -> None:
    async def fails() -> None:
        async with store.transaction() as transaction:
            await transaction.save_alert(msgspec.structs.replace(ONE, version=2))
            await transaction.admit([an_id("x")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()

    async with store.transaction() as transaction:
        assert await transaction.alert(ONE.id) == ONE
        assert await transaction.admit([an_id("x")]) == {an_id("x")}


async def test_a_second_writer_waits_and_reads_what_the_first_committed(store: FakeStore) -> None:
    async def one_more() -> None:
        async with store.transaction() as transaction:
            alert = await transaction.alert(ONE.id)
            assert alert is not None
            await asyncio.sleep(0)
            later = msgspec.structs.replace(alert, version=alert.version + 1)
            await transaction.save_alert(later)

    await asyncio.gather(*(one_more() for _ in range(5)))

    async with store.transaction() as transaction:
        alert = await transaction.alert(ONE.id)
        assert alert is not None
        assert alert.version == 6


async def test_due_rows_that_another_holds_are_skipped(store: FakeStore) -> None:
    late = NIGHT.replace(year=2030)
    async with store.transaction() as first, store.transaction() as second:
        (held,) = await first.due_alerts(late, 1)
        (other,) = await second.due_alerts(late, 10)
        assert {held.id, other.id} == {ONE.id, TWO.id}


async def test_two_that_wait_for_each_other_are_parted(store: FakeStore) -> None:
    async def both(first: str, second: str) -> None:
        async with store.transaction() as transaction:
            await transaction.alert(first)
            await asyncio.sleep(0)
            await transaction.alert(second)

    results = await asyncio.gather(
        both(ONE.id, TWO.id), both(TWO.id, ONE.id), return_exceptions=True
    )

    assert sorted(str(type(result).__name__) for result in results) == ["NoneType", "TryAgain"]
    assert issubclass(TryAgain, Exception)


async def test_one_id_is_admitted_once_by_two_at_a_time(store: FakeStore) -> None:
    async def admitted() -> int:
        async with store.transaction() as transaction:
            return len(await transaction.admit([an_incident().id]))

    assert sorted(await asyncio.gather(admitted(), admitted())) == [0, 1]
