"""An archive made of an export verifies, answers and goes on like the one it was made of."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg.sql import SQL
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from ronda.stack.postgres import create_database, drop_database
from services.archive.adapters.evidence.erasing import Act, PostgresErasure
from services.archive.adapters.evidence.holding import PostgresHolds
from services.archive.adapters.evidence.ledger import PostgresSnapshot
from services.archive.adapters.evidence.restoring import NotEmpty, NotWhole, restore
from services.archive.adapters.evidence.telling import ErasureTeller
from services.archive.adapters.months import make_months
from services.archive.adapters.reading import PostgresReader
from services.archive.adapters.store import PostgresStore
from services.archive.adapters.transactions import transaction
from services.archive.domain.classify import classify
from services.archive.domain.hold import Scope
from services.archive.domain.kept import Batch
from services.archive.domain.retention import terms
from services.archive.domain.search import Search, Status
from services.archive.handlers.exporting import Selection
from services.archive.ports import Found, Page
from shared import database
from tests.integration.archive.sealed import ALL, PREFIX, SealedArchive, superuser, verdict
from tests.unit.archive.builders import NIGHT, UNIT, a_batch, a_record, an_event, an_id
from tests.unit.archive.fakes import MemoryAccessLog

NOW = NIGHT + timedelta(days=120)


@pytest.fixture
async def other_url(
    database_url: str, postgres_url: str, migrated_template: str
) -> AsyncIterator[str]:
    name = f"{make_url(database_url).database}_b"
    await create_database(postgres_url, name, template=migrated_template)
    yield f"{postgres_url.rsplit('/', 1)[0]}/{name}"
    await drop_database(postgres_url, name)


@pytest.fixture
async def other(other_url: str) -> AsyncIterator[AsyncEngine]:
    made = database.engine(other_url, application="test")
    yield made
    await made.dispose()


@pytest.fixture
async def archive(engine: AsyncEngine) -> SealedArchive:
    made = SealedArchive(engine)
    await made.fill(15)
    await made.seal()
    await made.fill(15)
    await made.seal()
    await made.store.keep([a_batch(b"?", topic="ronda.position", partition=5)], NIGHT)
    await PostgresErasure(engine).due(terms("tracks=90d")[0], NOW)
    await made.fill(2)
    return made


async def everything(archive: SealedArchive, url: str, file: Path) -> Path:
    async with superuser(url) as user:
        return await archive.export_all(PostgresSnapshot(user), "rebuild", file)


async def answers(engine: AsyncEngine) -> list[Page]:
    reader = PostgresReader(engine, prefix=PREFIX)
    statuses: tuple[Status, ...] = ("duplicate", "conflict", "aside", "undecodable")
    searches = [
        Search(limit=1000), Search(limit=7), Search(site="gudang"), Search(actor="p-1", limit=500),
        Search(type="ronda.position.", limit=500), Search(alert=an_id("alert1")),
        *(Search(status=status, limit=500) for status in statuses),
    ]  # fmt: skip
    return [await reader.page(search, ALL) for search in searches]


async def test_it_verifies_answers_and_goes_on_the_same(
    archive: SealedArchive,
    engine: AsyncEngine,
    other: AsyncEngine,
    database_url: str,
    other_url: str,
    tmp_path: Path,
) -> None:
    file = await everything(archive, database_url, tmp_path / "all.zip")
    done = await restore(file, other, NOW)
    async with superuser(database_url) as one, superuser(other_url) as two:
        before = await verdict(one, elsewhere=archive.notes, keys=[archive.key])
        after = await verdict(two, elsewhere=archive.notes, keys=[archive.key])
    assert after == before
    assert after.findings == []
    assert (done.records, done.segments, done.sealed) == (
        before.records, before.segments, before.sealed,
    )  # fmt: skip
    assert await answers(other) == await answers(engine)
    log = MemoryAccessLog()
    assert (
        await ErasureTeller(other, log, unit=None).tell()
        == await ErasureTeller(engine, log, unit=None).tell()
    )
    following = a_batch(an_event("new"), an_event("e1"), first=9000, joins_at=0)
    for each in (engine, other):
        (outcome,) = await PostgresStore(each, prefix=PREFIX).keep([following], NOW)
        assert (outcome.verdict, outcome.head > 0, outcome.events) == ("kept", True, 1)
    async with superuser(other_url) as two:
        assert (await verdict(two, elsewhere=archive.notes)).findings == []


async def test_a_month_that_was_dropped_and_its_holds_are_as_before(
    engine: AsyncEngine, other: AsyncEngine, database_url: str, other_url: str, tmp_path: Path
) -> None:
    await make_months(engine, NIGHT)
    archive = SealedArchive(engine)
    await archive.fill(15)
    await archive.seal()
    next_month = a_record(an_event("next"), 500, at=NIGHT + timedelta(days=30))
    await archive.store.keep([Batch("ronda.alert", 3, 500, [classify(next_month)])], NOW)
    await PostgresErasure(engine).event(an_id("e3"), Act("a reason", "law", "request", "me"), NOW)
    holds, why = PostgresHolds(engine), ("a good reason", "law", "me")
    await holds.retire(NIGHT, *why, NOW)
    await holds.place(Scope(site="gudang", since=NIGHT), *why, NOW)
    await holds.lift(await holds.place(Scope(alert=an_id("alert1")), *why, NOW), "me", NOW)
    file = await everything(archive, database_url, tmp_path / "all.zip")
    await restore(file, other, NOW)
    async with superuser(database_url) as one, superuser(other_url) as two:
        before, after = await verdict(one), await verdict(two)
    assert after == before
    assert after.findings == []
    found = await answers(other)
    assert found == await answers(engine)
    assert len(found[0].found) > 10
    reader = PostgresReader(other, prefix=PREFIX)
    assert await reader.totals() == await PostgresReader(engine, prefix=PREFIX).totals()
    assert await PostgresHolds(other).all() == await holds.all() != []


async def test_it_fills_nothing_but_an_empty_database_and_takes_nothing_but_a_whole_export(
    archive: SealedArchive,
    engine: AsyncEngine,
    other: AsyncEngine,
    database_url: str,
    tmp_path: Path,
) -> None:
    part = await archive.export(Selection(site="kpu"), "a part of it", tmp_path / "part.zip")
    with pytest.raises(NotWhole, match="only an export of everything"):
        await restore(part, other, NOW)
    file = await everything(archive, database_url, tmp_path / "all.zip")
    with pytest.raises(NotEmpty):
        await restore(file, engine, NOW)
    async with superuser(database_url) as user:
        await user.execute("UPDATE archive.record SET key = 'x'")
        await archive.export_all(PostgresSnapshot(user), "damaged", file)
    with pytest.raises(NotWhole, match="ronda"):
        await restore(file, other, NOW)
    found: list[Found] = list((await answers(other))[0].found)
    assert found == []


async def test_what_not_everybody_may_know_is_kept_from_them_as_before(
    engine: AsyncEngine, other: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    archive = SealedArchive(engine)
    report = an_event(
        "report",
        type="ronda.incident.reported.v1",
        hiddenfrom=UNIT,
        data={"category": "x", "media": ["ab" * 32]},
    )
    accuses = {"roles": ["commander"], "hidden_from": [UNIT]}
    alert = {"id": an_id("alert"), "restricted": accuses, "parts": [{"event": an_id("report")}]}
    raised = an_event("raised", type="ronda.alert.raised.v1", data=alert)
    await archive.store.keep(
        [a_batch(report, topic="ronda.incident"), a_batch(raised, topic="ronda.alert")], NIGHT
    )
    await archive.seal()
    await restore(await everything(archive, database_url, tmp_path / "all.zip"), other, NOW)
    tables = ("archive.withheld ORDER BY about, roles", "archive.belonging ORDER BY event")
    async with transaction(engine) as one, transaction(other) as two:
        for table in tables:
            question = SQL("SELECT * FROM {}").format(SQL(table))
            before = await (await one.execute(question)).fetchall()
            assert await (await two.execute(question)).fetchall() == before != []
