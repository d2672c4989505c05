"""The migrations make what the statements are built on."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import NullPool

from services.archive import migrations
from services.archive.adapters.store import PostgresStore
from services.archive.adapters.tables import SCHEMA, metadata
from shared import database
from shared.database import driver_url
from tests.unit.archive.builders import NIGHT, a_batch, an_event, an_id


def _ours(name: str | None, kind: str, parents: object) -> bool:
    if kind == "schema":
        return name == SCHEMA
    return kind != "table" or not (name or "").startswith("record_")


async def test_a_migrated_schema_is_what_the_tables_say(database_url: str) -> None:
    engine = create_engine(driver_url(database_url), poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": _ours,
                "version_table_schema": SCHEMA,
                "compare_server_default": True,
            },
        )
        assert compare_metadata(context, metadata) == []


async def test_what_was_archived_before_is_told_of_as_if_it_came_today(
    empty_database_url: str,
) -> None:
    """The schema as it was before anything told of what goes together, filled by today's store."""
    await migrations.upgrade(empty_database_url)
    made = database.engine(empty_database_url, application="test")
    report = {"category": "x", "media": ["ab" * 32]}
    alert = {
        "id": an_id("alert"),
        "restricted": {"roles": ["commander"], "hidden_from": []},
        "parts": [{"event": an_id("report")}],
    }
    refused = {"incident": an_id("report")}
    await PostgresStore(made, prefix="").keep(
        [
            a_batch(an_event("report", type="ronda.incident.reported.v1", data=report), b"?", None),
            a_batch(an_event("raised", type="ronda.alert.raised.v1", data=alert), partition=1),
            a_batch(an_event("b", type="ronda.backup.requested.v1", data=refused), aside=True,
                    topic="ronda.quarantine"),
        ],
        NIGHT,
    )  # fmt: skip
    told = [await _rows(made, table) for table in ("withheld", "belonging", "part")]
    assert [len(rows) for rows in told] == [3, 2, 1]
    async with made.begin() as connection:
        await connection.execute(text("TRUNCATE archive.withheld, archive.belonging"))
        await connection.execute(text("DROP TABLE archive.part"))
        await connection.execute(text("DROP INDEX archive.belonging_to"))
        for table in ("event", "duplicate", "conflict", "aside"):
            await connection.execute(text(f"DROP INDEX archive.{table}_actor"))
        await connection.execute(text("UPDATE archive.alembic_version SET version_num = '0005'"))
    await migrations.upgrade(empty_database_url)
    assert [await _rows(made, table) for table in ("withheld", "belonging", "part")] == told
    await made.dispose()


async def _rows(engine: AsyncEngine, table: str) -> list[str]:
    async with engine.begin() as connection:
        found = await connection.execute(select(metadata.tables[f"{SCHEMA}.{table}"]))
        return sorted(map(str, found))


async def test_migrating_an_empty_database_twice_is_harmless(empty_database_url: str) -> None:
    await migrations.upgrade(empty_database_url)
    await migrations.upgrade(empty_database_url)
