"""The migrations make what the statements are built on."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from services.archive import migrations
from services.archive.adapters.tables import SCHEMA, metadata
from shared.database import driver_url


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


async def test_migrating_an_empty_database_twice_is_harmless(empty_database_url: str) -> None:
    await migrations.upgrade(empty_database_url)
    await migrations.upgrade(empty_database_url)
