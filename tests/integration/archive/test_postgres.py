"""The store on PostgreSQL: what only a real database can show."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters import store as store_module
from services.archive.adapters.months import make_months
from services.archive.adapters.reading import PAGE_BYTES, PostgresReader
from services.archive.adapters.store import PostgresStore
from services.archive.domain.kept import Batch
from services.archive.domain.knowing import Rule, Told
from services.archive.domain.search import Rights, Search
from services.archive.ports import Unavailable, Unstorable
from shared import database
from tests.integration.archive.witnesses import count, query
from tests.unit.archive.builders import NIGHT, UNIT, a_batch, an_event, an_id
from tests.waiting import eventually

TABLES = ("record", "event", "duplicate", "conflict", "aside", "undecodable", "segment")
ALL = Rights(within=UNIT, sees_unitless=True, tracks=True)


@pytest.fixture
def store(engine: AsyncEngine) -> PostgresStore:
    return PostgresStore(engine, prefix="")


async def counts(url: str) -> dict[str, int]:
    return {table: await count(url, table) for table in TABLES}


async def test_what_an_index_has_no_room_for_is_refused_for_good_and_not_tried_again(
    store: PostgresStore, database_url: str
) -> None:
    batch = a_batch(an_event("long"))
    names = tuple(
        "".join(map(chr, range(start, start + 100))) for start in range(0x4E00, 0x5E00, 99)
    )
    told = Told((Rule(bytes(16), names, ()),))
    with pytest.raises(Unstorable):
        await store.keep([batch._replace(records=[batch.records[0]._replace(told=told)])], NIGHT)
    assert await count(database_url, "record") == 0


class PowerCut(Exception):
    """Something between the last statement and the commit."""


async def test_a_transaction_that_is_rolled_back_after_all_its_copies_leaves_nothing(
    store: PostgresStore, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = [
        a_batch(an_event("a"), an_event("a"), an_event("a", subject="x"), b"?"),
        a_batch(an_event("q"), topic="ronda.quarantine", aside=True),
    ]

    def cut(_: str) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(store_module, "crash_point", cut)
        with pytest.raises(PowerCut):
            await store.keep(batches, NIGHT)
    assert await counts(database_url) == dict.fromkeys(TABLES, 0)
    outcomes = await store.keep(batches, NIGHT)
    assert [outcome.records for outcome in outcomes] == [4, 1]
    assert await counts(database_url) == {
        "record": 5, "event": 1, "duplicate": 1, "conflict": 1, "aside": 1, "undecodable": 1,
        "segment": 2,
    }  # fmt: skip


async def test_a_backend_that_dies_in_the_middle_is_a_try_again_and_leaves_nothing(
    store: PostgresStore, database_url: str
) -> None:
    await store.keep([a_batch(an_event("a"))], NIGHT)
    holder = await psycopg.AsyncConnection.connect(database_url)
    async with holder:
        await holder.execute("LOCK TABLE archive.record IN EXCLUSIVE MODE")
        keeping = asyncio.create_task(store.keep([a_batch(an_event("b"), first=1)], NIGHT))
        waiting = await eventually(lambda: _waiting(database_url))
        await query(database_url, "SELECT pg_terminate_backend(%s)", waiting[0].pid)
        with pytest.raises(Unavailable):
            await keeping
        await holder.rollback()
    assert await count(database_url, "event") == 1
    (outcome,) = await store.keep([a_batch(an_event("b"), first=1)], NIGHT)
    assert (outcome.head, outcome.records) == (1, 1)


async def _waiting(url: str) -> list[Any]:
    return await query(
        url,
        "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname ="
        " current_database() AND application_name = %s",
        "test",
    )


async def test_writers_of_the_same_records_at_once_store_each_record_once(
    engine: AsyncEngine, database_url: str
) -> None:
    def batches(reverse: bool) -> Sequence[Batch]:
        made = [
            a_batch(
                *(an_event(f"{partition}-{number}") for number in range(20)),
                *(an_event(f"shared-{number}") for number in range(20)),
                partition=partition,
            )
            for partition in range(4)
        ]
        return made[::-1] if reverse else made

    stores = [PostgresStore(engine, prefix="") for _ in range(6)]
    kept = await asyncio.gather(
        *(each.keep(batches(number % 2 == 0), NIGHT) for number, each in enumerate(stores))
    )
    assert sum(outcome.records for outcomes in kept for outcome in outcomes) == 160
    assert sum(outcome.repeated for outcomes in kept for outcome in outcomes) == 5 * 160
    stored = await counts(database_url)
    assert (stored["record"], stored["event"], stored["duplicate"]) == (160, 100, 60)


async def test_writers_of_other_partitions_with_the_same_ids_do_not_deadlock(
    engine: AsyncEngine, database_url: str
) -> None:
    names = [f"n{number}" for number in range(4000)]
    stores = [PostgresStore(engine, prefix="") for _ in range(4)]
    await asyncio.gather(
        *(
            each.keep(
                [a_batch(*map(an_event, names if odd else names[::-1]), partition=partition)], NIGHT
            )
            for partition, each in enumerate(stores)
            for odd in [partition % 2]
        )
    )
    stored = await counts(database_url)
    assert (stored["record"], stored["event"], stored["duplicate"]) == (16_000, 4000, 12_000)


async def test_a_writer_with_the_service_s_rights_alone_can_do_all_of_it(
    engine: AsyncEngine, database_url: str
) -> None:
    url = make_url(database_url)
    role = f"writer_{url.database}"
    grants = (
        f"CREATE ROLE {role} LOGIN PASSWORD '{role}'",
        f"GRANT USAGE ON SCHEMA archive TO {role}",
        f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA archive TO {role}",
        f"GRANT TEMP ON DATABASE {url.database} TO {role}",
    )
    async with engine.begin() as connection:
        for grant in grants:
            await connection.exec_driver_sql(grant)
    as_writer = url.set(username=role, password=role).render_as_string(hide_password=False)
    narrow = database.engine(as_writer, application="narrow")
    try:
        store = PostgresStore(narrow, prefix="")
        repeats = a_batch(an_event("a"), an_event("a"), an_event("a", subject="x"), b"?")
        (outcome,) = await store.keep([repeats], NIGHT)
        assert (outcome.records, outcome.events) == (4, 1)
        found = await PostgresReader(narrow, prefix="").page(Search(id=an_id("a")), ALL)
        assert len(found.found) == 3
        for forbidden in ("DELETE FROM archive.record", "UPDATE archive.event SET site = 'x'"):
            with pytest.raises(Exception, match="permission denied"):
                async with narrow.begin() as connection:
                    await connection.exec_driver_sql(forbidden)
    finally:
        await narrow.dispose()
        async with engine.begin() as connection:
            await connection.exec_driver_sql(f"DROP OWNED BY {role}")
            await connection.exec_driver_sql(f"DROP ROLE {role}")


async def test_a_month_s_partition_takes_over_what_the_default_one_had(
    store: PostgresStore, engine: AsyncEngine, database_url: str
) -> None:
    next_year = NIGHT + timedelta(days=365)
    batch = a_batch(an_event("now"), an_event("wild"))
    wild = batch.records[1]._replace(appended_at=next_year)
    await store.keep([batch._replace(records=[batch.records[0], wild])], NIGHT)
    made = await make_months(engine, NIGHT)
    assert made == [
        f"archive.record_{month}"
        for month in ("2026_11", "2026_12", "2027_01", "2027_02", "2027_11")
    ]
    assert await count(database_url, "record_2026_11") == 1
    assert await count(database_url, "record_2027_11") == 1
    assert await count(database_url, "record_default") == 0
    assert await make_months(engine, NIGHT) == []
    reader = PostgresReader(engine, prefix="")
    assert [found.value for found in (await reader.page(Search(), ALL)).found] == [
        an_event("now"),
        an_event("wild"),
    ]
    await store.keep([a_batch(an_event("later"), first=2)], NIGHT)
    assert await count(database_url, "record_2026_11") == 2


@pytest.mark.parametrize("keeper_is_off_by", [timedelta(days=-20_000), timedelta(days=9_000)])
async def test_months_survive_clocks_that_jump(
    store: PostgresStore, engine: AsyncEngine, database_url: str, keeper_is_off_by: timedelta
) -> None:
    """The keeper's, the broker's, and both back again."""
    await make_months(engine, NIGHT + keeper_is_off_by)
    batch = a_batch(*(an_event(name) for name in "abcd"))
    jumps = [timedelta(0), timedelta(days=26_000), timedelta(days=-10_000), timedelta(0)]
    records = [
        record._replace(appended_at=NIGHT + jump)
        for record, jump in zip(batch.records, jumps, strict=True)
    ]
    (outcome,) = await store.keep([batch._replace(records=records)], NIGHT)
    assert outcome.events == 4
    await make_months(engine, NIGHT + keeper_is_off_by)
    assert await count(database_url, "record_default") == 0
    await make_months(engine, NIGHT)
    assert await count(database_url, "record_2026_11") == 2
    later = batch.records[0]._replace(offset=4, appended_at=NIGHT + timedelta(days=40))
    await store.keep([batch._replace(joins_at=4, records=[later])], NIGHT)
    assert await count(database_url, "record_2027_01") == 1
    assert await count(database_url, "record") == 5


async def test_records_that_meet_the_making_of_a_month_come_through_at_the_next_try(
    store: PostgresStore, engine: AsyncEngine, database_url: str
) -> None:
    async def stream() -> None:
        for number in range(40):
            with suppress(Unavailable):
                await store.keep([a_batch(an_event(str(number)), first=number)], NIGHT)
            # The consumer's next try; where the first one went well it changes nothing.
            await store.keep([a_batch(an_event(str(number)), first=number)], NIGHT)

    streaming = asyncio.create_task(stream())
    for month in range(1, 12, 3):
        await make_months(engine, datetime(2026, month, 5, tzinfo=UTC))
    await streaming
    assert await count(database_url, "record") == 40
    assert await make_months(engine, NIGHT) == ["archive.record_2027_02"]


async def test_a_page_of_large_records_ends_early_and_goes_on(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    large = [an_event(f"{n}", data={"x": "y" * (PAGE_BYTES // 16)}) for n in range(40)]
    await store.keep([a_batch(*large)], NIGHT)
    reader = PostgresReader(engine, prefix="")
    seen, after, pages, more = [], None, 0, True
    while more:
        page = await reader.page(Search(limit=1000, after=after), ALL)
        seen += [found.id for found in page.found]
        after, more, pages = page.found[-1].place, page.more, pages + 1
    assert seen == [an_id(str(number)) for number in range(40)]
    assert pages == 3


async def test_an_event_whose_bytes_are_gone_is_still_listed(
    store: PostgresStore, engine: AsyncEngine, database_url: str
) -> None:
    await make_months(engine, NIGHT)
    await store.keep([a_batch(an_event("a"))], NIGHT)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE archive.record_2026_11")
    (found,) = (await PostgresReader(engine, prefix="").page(Search(), ALL)).found
    assert (found.id, found.value) == (an_id("a"), None)
