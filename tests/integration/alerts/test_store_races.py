"""Two replicas at one database: what one of them does, the other waits for, skips or sees."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters import alert_rows
from services.alerts.adapters.bell import Bell
from services.alerts.adapters.store import PostgresStore
from services.alerts.ports import Page, Transaction, TryAgain
from shared import database
from tests.contract.alert_rows import NOW, a_visit, an_alert, id_of
from tests.waiting import eventually

SOON = NOW + timedelta(minutes=1)


async def waiting_for_locks(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        count = await connection.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        )
        return bool(count.scalar_one())


async def save(store: PostgresStore, *names: str) -> None:
    async with store.transaction() as transaction:
        for name in names:
            await transaction.save_alert(an_alert(name, next_due_at=NOW))


async def take(store: PostgresStore, who: str) -> str:
    """Takes the alert unless it is taken; says who has it."""
    async with store.transaction() as transaction:
        alert = await transaction.alert(an_alert().id)
        assert alert is not None
        if alert.outcome is None:
            alert = replace(alert, outcome=who, version=alert.version + 1)
            await transaction.save_alert(alert)
        return str(alert.outcome)


async def test_the_second_of_two_who_take_an_alert_sees_the_first(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await save(store, "alert")
    async with store.transaction() as first:
        alert = await first.alert(an_alert().id)
        assert alert is not None
        second = asyncio.create_task(take(store, "second"))
        await eventually(lambda: waiting_for_locks(engine))
        await first.save_alert(replace(alert, outcome="first", version=alert.version + 1))
    assert await second == "first"


async def test_many_who_take_an_alert_at_once_have_one_winner(store: PostgresStore) -> None:
    await save(store, "alert")
    answers = await asyncio.gather(*[take(store, f"operator-{number}") for number in range(10)])
    assert len(set(answers)) == 1


async def test_more_open_alerts_than_are_remembered_are_all_there(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_rows, "KNOWN", 2)
    names = [f"alert-{number}" for number in range(5)]
    await save(store, *names)
    for _ in range(2):
        async with store.transaction() as transaction:
            found = {alert.id for alert in await transaction.open_alerts()}
        assert found == {id_of(name) for name in names}


async def test_triage_is_serial(store: PostgresStore, engine: AsyncEngine) -> None:
    order: list[str] = []

    async def other() -> None:
        async with store.transaction() as transaction:
            await transaction.lock_operation()
            order.append("second")

    async with store.transaction() as transaction:
        await transaction.lock_operation()
        waiting = asyncio.create_task(other())
        await eventually(lambda: waiting_for_locks(engine))
        order.append("first")
    await waiting
    assert order == ["first", "second"]


async def test_an_event_that_two_replicas_admit_is_admitted_by_one(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async def admit() -> set[str]:
        async with store.transaction() as transaction:
            return await transaction.admit([id_of("report")])

    async with store.transaction() as transaction:
        assert await transaction.admit([id_of("report")]) == {id_of("report")}
        other = asyncio.create_task(admit())
        await eventually(lambda: waiting_for_locks(engine))
    assert await other == set()


async def test_what_one_ticker_has_the_other_skips(store: PostgresStore) -> None:
    await save(store, "one", "two")
    async with store.transaction() as transaction:
        await transaction.add_visits([a_visit("morning"), a_visit("evening")])

    async def claim(transaction: Transaction, limit: int) -> set[str]:
        alerts = await transaction.due_alerts(NOW, limit)
        visits = await transaction.due_visits(NOW + timedelta(hours=1), limit)
        return {alert.id for alert in alerts} | {each.visit.id for each in visits}

    async with store.transaction() as first, store.transaction() as second:
        mine = await claim(first, 1)
        others = await claim(second, 10)
    assert len(mine) == len(others) == 2
    assert not mine & others


def a_page_of(number: int) -> Page:
    return Page(
        dedup=str(number),
        alert=an_alert(),
        cycle=1,
        level=1,
        post="piket",
        recipient="Bripka Contoh",
        channel="log",
        address="-",
        why="raised",
        due_at=NOW,
    )


async def test_two_couriers_never_have_the_same_page(store: PostgresStore) -> None:
    alert = an_alert()
    async with store.transaction() as transaction:
        await transaction.save_alert(alert)
        for number in range(40):
            await transaction.page(a_page_of(number))
    rounds = await asyncio.gather(*[store.claim_pages(NOW, SOON, 5) for _ in range(10)])
    claimed = [page.dedup for pages in rounds for page in pages]
    assert len(claimed) == len(set(claimed))
    rest = await store.claim_pages(NOW, SOON, 100)
    assert len(claimed) + len(rest) == 40


async def test_a_deadlock_is_broken_and_says_try_again(store: PostgresStore) -> None:
    await save(store, "one", "two")

    async def lock(first: str, then: str, ready: asyncio.Event, go: asyncio.Event) -> None:
        async with store.transaction() as transaction:
            await transaction.alert(id_of(first))
            ready.set()
            await go.wait()
            await transaction.alert(id_of(then))

    here, there = asyncio.Event(), asyncio.Event()
    outcomes = await asyncio.gather(
        lock("one", "two", here, there), lock("two", "one", there, here), return_exceptions=True
    )
    assert [type(each) for each in outcomes if each is not None] == [TryAgain]


async def test_a_lost_connection_says_try_again_and_the_next_try_works(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async def cut_off() -> None:
        async with store.transaction() as transaction:
            await transaction.save_alert(an_alert())
            async with engine.connect() as other:
                await other.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
            await transaction.next_number()

    with pytest.raises(TryAgain):
        await cut_off()
    async with store.transaction() as transaction:
        assert await transaction.alert(an_alert().id) is None


async def test_an_unreachable_database_says_try_again() -> None:
    engine = database.engine("postgresql://ronda@127.0.0.1:1/ronda", application="test")
    nowhere = PostgresStore(engine, published=Bell(), scheduled=Bell(), paged=Bell())
    with pytest.raises(TryAgain):
        await nowhere.next_due()


async def test_bells_ring_after_a_commit_and_not_after_a_failure(engine: AsyncEngine) -> None:
    published, scheduled, paged = Bell(), Bell(), Bell()
    store = PostgresStore(engine, published=published, scheduled=scheduled, paged=paged)

    async def fail() -> None:
        async with store.transaction() as transaction:
            await transaction.save_alert(an_alert())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert not scheduled.rung
    async with store.transaction() as transaction:
        await transaction.save_alert(an_alert())
    assert (published.rung, scheduled.rung, paged.rung) == (False, True, False)


async def test_what_was_never_committed_is_not_remembered_of_an_open_alert(
    store: PostgresStore,
) -> None:
    alert = an_alert()
    async with store.transaction() as transaction:
        await transaction.save_alert(alert)

    async def fail() -> None:
        async with store.transaction() as transaction:
            await transaction.save_alert(replace(alert, version=alert.version + 1))
            assert [each.version for each in await transaction.open_alerts()] == [alert.version + 1]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    for _ in range(2):
        async with store.transaction() as transaction:
            assert await transaction.open_alerts() == [alert]
    async with store.transaction() as transaction:
        await transaction.save_alert(replace(alert, version=alert.version + 1))
    async with store.transaction() as transaction:
        assert [each.version for each in await transaction.open_alerts()] == [alert.version + 1]


async def test_a_pooled_connection_that_the_server_has_closed_is_replaced(
    alerts_database: str,
) -> None:
    engine = database.engine(alerts_database, application="closed", pool_size=1)
    other = database.engine(alerts_database, application="other")
    store = PostgresStore(engine, published=Bell(), scheduled=Bell(), paged=Bell())
    await store.next_due()
    async with other.begin() as connection:
        closing = text(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'closed'"
        )
        assert (await connection.execute(closing)).scalar_one()
    await store.next_due()
    await engine.dispose()
    await other.dispose()
