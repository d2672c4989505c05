"""The archive's own role in the embedded PostgreSQL."""

from datetime import timedelta

import psycopg
import pytest

from ronda.stack.writer import ROLE, writer_url
from services.archive.adapters.evidence.erasing import Act, PostgresErasure
from services.archive.adapters.store import PostgresStore
from shared import database
from tests.integration.archive.sealed import PREFIX
from tests.unit.archive.builders import NIGHT, a_batch, an_event, an_id

REFUSED = (
    "UPDATE archive.event SET site = NULL",
    "DELETE FROM archive.record",
    "TRUNCATE archive.record",
    "INSERT INTO archive.retention (class, erased_up_to) VALUES ('tracks', now())",
    "DROP TABLE archive.record_default",
    "SELECT 1 FROM alerts.alert",
    "CREATE TABLE archive.mine (id int)",
    "SET ROLE ronda",
)


async def test_the_archive_s_role_stores_and_reads_and_can_do_nothing_else(
    database_url: str,
) -> None:
    await writer_url(database_url)
    url = await writer_url(database_url)
    assert f"//{ROLE}:" in url
    engines = [database.engine(each, application="test") for each in (url, database_url)]
    mine, owners = (PostgresStore(engine, prefix=PREFIX) for engine in engines)
    try:
        await mine.keep([a_batch(an_event("a"))], NIGHT)
        await owners.keep([a_batch(an_event("b"), first=1)], NIGHT)
        act = Act("long enough a reason", "putusan 7", "request", "kabag-ops")
        later = NIGHT + timedelta(days=1)
        assert await PostgresErasure(engines[1]).event(an_id("a"), act, later) == 1
        (again,) = await mine.keep([a_batch(an_event("a"), first=2)], later)
        assert again.duplicates == 1
    finally:
        for engine in engines:
            await engine.dispose()
    for statement in REFUSED:
        async with await psycopg.AsyncConnection.connect(url) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(statement)
            await connection.rollback()
