"""A record's status is not sealed: it has to follow from what was received, and in which order."""

from typing import Any

import pytest
from psycopg import AsyncConnection
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.domain.index import REFUSED
from tests.integration.archive.mutating import accusations
from tests.integration.archive.sealed import SealedArchive, superuser, verdict
from tests.unit.archive.builders import NIGHT, a_batch, an_event

Superuser = AsyncConnection[Any]
PLACE = SQL('topic, partition, "offset"')
COLUMNS = (
    SQL("id, type, site, unit, actor, device, time, received_at, alert, hash, appended_at, ")
    + PLACE
)


@pytest.fixture
async def archive(engine: AsyncEngine) -> SealedArchive:
    """A report with a repeat and a contradiction behind it, another one that contradicts it from
    another partition after a checkpoint, and a forged report in quarantine."""
    made = SealedArchive(engine)
    first, other = an_event("report"), an_event("report", data={"n": "otherwise"})
    await made.store.keep([a_batch(first, first, other, topic="ronda.incident")], NIGHT)
    await made.seal()
    later = a_batch(other, topic="ronda.incident", partition=1)
    forged = a_batch(an_event("forged"), topic="ronda.quarantine", aside=True)
    await made.store.keep([later, forged], NIGHT)
    await made.seal()
    return made


async def becomes(user: Superuser, before: str, after: str) -> None:
    """Whoever may do anything gives all records of one status another, with all that follows."""
    values = COLUMNS
    if after == "undecodable":
        values = SQL('topic, partition, "offset", appended_at, {}').format(Literal(REFUSED))
    names = PLACE + SQL(", appended_at, reason") if after == "undecodable" else COLUMNS
    event_id = SQL(", event_id = NULL" if after == "undecodable" else "")
    for statement in (
        "UPDATE archive.record SET status = {after}::archive.status{event_id} WHERE ({place}) IN"
        " (SELECT {place} FROM archive.{before})",
        "WITH gone AS (DELETE FROM archive.{before} RETURNING *)"
        " INSERT INTO archive.{into} ({names}) SELECT {values} FROM gone",
    ):
        await user.execute(
            SQL(statement).format(
                after=Literal(after), into=Identifier(after), before=Identifier(before),
                place=PLACE, names=names, values=values, event_id=event_id,
            )
        )  # fmt: skip
    await count_anew(user)


async def takes_the_place(user: Superuser, table: str, partition: int) -> None:
    """A repeat becomes the event, and the event the repeat."""
    for statement in (
        "CREATE TEMP TABLE one ON COMMIT DROP AS SELECT * FROM archive.event",
        "CREATE TEMP TABLE two ON COMMIT DROP AS"
        " SELECT * FROM archive.{table} WHERE partition = {partition}",
        "DELETE FROM archive.event",
        "DELETE FROM archive.{table} WHERE partition = {partition}",
        "INSERT INTO archive.event ({columns}) SELECT {columns} FROM two",
        "INSERT INTO archive.{table} ({columns}) SELECT {columns} FROM one",
        "UPDATE archive.record SET status = 'event' WHERE ({place}) IN (SELECT {place} FROM two)",
        "UPDATE archive.record SET status = {status}::archive.status"
        " WHERE ({place}) IN (SELECT {place} FROM one)",
    ):
        await user.execute(
            SQL(statement).format(
                table=Identifier(table), status=Literal(table), partition=Literal(partition),
                columns=COLUMNS, place=PLACE,
            )
        )  # fmt: skip
    await count_anew(user)


async def count_anew(user: Superuser) -> None:
    for counter, status in (
        ("events", "event"), ("duplicates", "duplicate"), ("conflicts", "conflict"),
        ("aside", "aside"), ("undecodable", "undecodable"),
    ):  # fmt: skip
        await user.execute(
            SQL(
                "UPDATE archive.segment SET {} = (SELECT count(*) FROM archive.record WHERE"
                " (record.topic, record.partition) = (segment.topic, segment.partition) AND"
                ' status = {} AND "offset" >= first_offset AND "offset" < next_offset)'
            ).format(Identifier(counter), Literal(status))
        )


async def test_every_record_s_status_follows_from_what_was_received(
    archive: SealedArchive, database_url: str
) -> None:
    async with superuser(database_url) as user:
        assert (await verdict(user)).findings == []
    for before, after in (
        ("event", "undecodable"), ("event", "aside"), ("event", "duplicate"), ("event", "conflict"),
        ("aside", "event"), ("aside", "undecodable"), ("aside", "duplicate"),
        ("duplicate", "conflict"), ("conflict", "duplicate"), ("duplicate", "aside"),
        ("conflict", "undecodable"),
    ):  # fmt: skip
        async with superuser(database_url) as user:
            await becomes(user, before, after)
            assert (await verdict(user)).findings, f"{before} became {after}"


async def test_a_hidden_report_is_named_with_what_it_is_not(
    archive: SealedArchive, database_url: str
) -> None:
    async with superuser(database_url) as user:
        await becomes(user, "event", "undecodable")
        found = {(each.where, each.what) for each in (await verdict(user)).findings}
    what = "is kept as 'undecodable', which what was received is not"
    assert ("t.ronda.incident/0/0", what) in found


@pytest.mark.parametrize(
    ("table", "partition"), [("duplicate", 0), ("conflict", 0), ("conflict", 1)]
)
async def test_a_repeat_does_not_take_the_place_of_the_event_before_it(
    archive: SealedArchive, database_url: str, table: str, partition: int
) -> None:
    async with superuser(database_url) as user:
        await takes_the_place(user, table, partition)
        found = {(each.where, each.what) for each in (await verdict(user)).findings}
    what = f"is kept as a {table}, and no event before it is as that says"
    assert ("t.ronda.incident/0/0", what) in found


async def test_who_may_know_follows_from_the_records_too(
    archive: SealedArchive, database_url: str
) -> None:
    await archive.store.keep([a_batch(*accusations(), topic="ronda.incident", partition=4)], NIGHT)
    async with superuser(database_url) as user:
        assert (await verdict(user)).findings == []
    for statement, what in (
        ("DELETE FROM archive.withheld WHERE hidden_from <> '{}'", "is not kept"),
        ("UPDATE archive.withheld SET roles = '{officer}' WHERE roles <> '{}'", "is not kept"),
        ('DELETE FROM archive.belonging WHERE "to" IN (SELECT id FROM archive.event)', "not kept"),
        (
            "INSERT INTO archive.withheld SELECT id, '{auditor}', '{}' FROM archive.event LIMIT 1",
            "what no record keeps from them",
        ),
    ):
        async with superuser(database_url) as user:
            assert (await user.execute(statement.encode())).rowcount > 0, statement
            found = (await verdict(user)).findings
        assert any(what in each.what for each in found), statement
