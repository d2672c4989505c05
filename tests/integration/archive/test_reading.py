"""Searches on real PostgreSQL: pages stay what they are while others write; each has an index."""

from datetime import timedelta

import pytest
from psycopg.sql import SQL
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.reading import PostgresReader, page_query
from services.archive.adapters.store import PostgresStore
from services.archive.adapters.transactions import transaction
from services.archive.domain.search import Place, Rights, Search
from tests.integration.archive.sealed import ALL, PREFIX, SealedArchive
from tests.unit.archive.builders import NIGHT, UNIT, a_batch, an_event, an_id

OPERATOR = Rights(UNIT, sees_unitless=False, tracks=True, role="operator", is_top=True)


async def test_pages_hold_each_record_once_while_others_are_written_between_them(
    engine: AsyncEngine,
) -> None:
    archive = SealedArchive(engine)
    await archive.fill(10)
    reader = PostgresReader(engine, prefix=PREFIX)
    before = [found.place for found in (await reader.page(Search(limit=1000), ALL)).found]
    seen: list[Place] = []
    after, more, number = None, True, 0
    while more:
        page = await reader.page(Search(limit=7, after=after), ALL)
        seen += [found.place for found in page.found]
        after, more = page.found[-1].place, page.more
        if number < 5:
            late = a_batch(
                an_event(f"late{number}"), first=number, topic="ronda.alert", partition=5
            )
            await PostgresStore(engine, prefix=PREFIX).keep([late], NIGHT)
        number += 1
    assert len(seen) == len(set(seen))
    assert [place for place in seen if place in set(before)] == before


@pytest.mark.parametrize(
    ("search", "index"),
    [
        (Search(site="gudang", since=NIGHT, until=NIGHT + timedelta(days=1)), "event_site"),
        (Search(alert=an_id("a")), "event_alert"),
        (Search(since=NIGHT, until=NIGHT + timedelta(days=1)), "event_appended"),
        (Search(id=an_id("a")), "event_pkey"),
        (Search(actor="p-1"), "event_actor"),
    ],
)
@pytest.mark.parametrize("rights", [ALL, OPERATOR], ids=["everything", "what an operator may know"])
async def test_a_search_has_an_index_that_answers_it_in_its_order(
    engine: AsyncEngine, search: Search, index: str, rights: Rights
) -> None:
    query, values = page_query(search, rights)
    async with transaction(engine) as connection:
        # Or a table of a few rows would be read as a whole, whatever indexes there are.
        await connection.execute("SET LOCAL enable_seqscan = off")
        found = await connection.execute(SQL("EXPLAIN ") + query, values)
        plan = "\n".join([row[0] for row in await found.fetchall()])
    assert f"using {index} " in plan
    if rights.role is not None:
        # Who may know is looked up row by row, whatever the size of the archive.
        assert "withheld_pkey" in plan
        assert "belonging_pkey" in plan
