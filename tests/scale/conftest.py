"""What the tests of scale share."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.bell import Bell
from services.alerts.adapters.store import PostgresStore
from shared import database
from tests.alerts_database import alerts_database, alerts_template

__all__ = ["alerts_database", "alerts_template"]


@pytest.fixture
async def engine(alerts_database: str) -> AsyncIterator[AsyncEngine]:
    """Connections to the test's database."""
    engine = database.engine(alerts_database, pool_size=12, application="test")
    yield engine
    await engine.dispose()


@pytest.fixture
def store(engine: AsyncEngine) -> PostgresStore:
    """The real store."""
    return PostgresStore(engine, published=Bell(), scheduled=Bell(), paged=Bell())
