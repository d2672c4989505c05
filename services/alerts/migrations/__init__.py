"""Migrations of schema `alerts`."""

from services.alerts.adapters.tables import SCHEMA
from shared import database


async def upgrade(database_url: str) -> None:
    """Brings the schema to its newest version; safe to repeat and to run from two places."""
    await database.upgrade(database_url, __name__, SCHEMA)
