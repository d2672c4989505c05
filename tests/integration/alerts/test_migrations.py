"""The migrations make what the code expects."""

import asyncio

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.pool import NullPool

from services.alerts import migrations
from services.alerts.adapters.tables import SCHEMA, metadata


def differences(connection: Connection) -> list[object]:
    def ours(name: str | None, kind: str, _: object) -> bool:
        return kind != "schema" or name == SCHEMA

    context = MigrationContext.configure(
        connection,
        opts={
            "include_schemas": True,
            "include_name": ours,
            "version_table_schema": SCHEMA,
            "compare_server_default": True,
        },
    )
    return list(compare_metadata(context, metadata))


async def test_a_migrated_schema_is_what_the_statements_are_built_on(alerts_database: str) -> None:
    url = make_url(alerts_database).set(drivername="postgresql+psycopg")
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        assert differences(connection) == []


async def test_migrating_again_and_from_two_places_changes_nothing(alerts_database: str) -> None:
    await asyncio.gather(*[migrations.upgrade(alerts_database) for _ in range(2)])
