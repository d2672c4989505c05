"""Migrations of schema `archive`."""

from services.archive.adapters.months import make_months
from services.archive.adapters.tables import SCHEMA
from shared import database
from shared.clock import system_clock


async def upgrade(database_url: str) -> None:
    """Brings the schema to its newest version; safe to repeat and to run from two places."""
    await database.upgrade(database_url, __name__, SCHEMA)


async def make_coming_months(database_url: str) -> None:
    """Makes the partitions of the coming months, for a service that may not make tables itself."""
    owner = database.engine(database_url, pool_size=1, application="ronda-archive-months")
    try:
        await make_months(owner, system_clock())
    finally:
        await owner.dispose()
