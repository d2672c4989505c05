"""Alembic's door: `shared.database.upgrade` gives the connection and the schema."""

from alembic import context

from services.alerts.adapters.tables import metadata

_schema = context.config.attributes["schema"]
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table_schema=_schema,
    include_schemas=True,
)
with context.begin_transaction():
    context.run_migrations()
