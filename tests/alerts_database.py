"""A database with the schema of alerts for each test, copied from one that was migrated once."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest

from ronda.stack.postgres import create_database, drop_database
from services.alerts import migrations


@pytest.fixture(scope="session")
def alerts_template(postgres_url: str) -> str:
    """The name of a migrated database that nobody uses; dropped with its server."""
    name = f"alerts{uuid.uuid4().hex[:12]}"

    async def make() -> None:
        await create_database(postgres_url, name)
        await migrations.upgrade(sibling(postgres_url, name))

    asyncio.run(make())
    return name


@pytest.fixture
async def alerts_database(postgres_url: str, alerts_template: str) -> AsyncIterator[str]:
    """A database of this test's own, with the schema of alerts."""
    name = f"t{uuid.uuid4().hex[:12]}"
    await create_database(postgres_url, name, template=alerts_template)
    yield sibling(postgres_url, name)
    await drop_database(postgres_url, name)


def sibling(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return f"{url.rsplit('/', 1)[0]}/{name}"
