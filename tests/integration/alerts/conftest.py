"""What the tests of alerts share."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.bell import Bell
from services.alerts.adapters.store import PostgresStore
from shared import database
from shared.settings import KafkaSettings
from tests.alerts_database import alerts_database, alerts_template
from tests.integration.alerts.board import Board, a_board
from tests.integration.alerts.sink import Sink, a_sink
from tests.integration.alerts.world import World, a_world

__all__ = ["alerts_database", "alerts_template"]


@pytest.fixture
async def engine(alerts_database: str) -> AsyncIterator[AsyncEngine]:
    """Connections to the test's database."""
    engine = database.engine(alerts_database, application="test")
    yield engine
    await engine.dispose()


@pytest.fixture
def store(engine: AsyncEngine) -> PostgresStore:
    """The real store."""
    return PostgresStore(engine, published=Bell(), scheduled=Bell(), paged=Bell())


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    """A receiver of webhooks."""
    async with a_sink() as sink:
        yield sink


@pytest.fixture
async def world(
    topics: KafkaSettings, alerts_database: str, sink: Sink, tmp_path: Path
) -> AsyncIterator[World]:
    """Everything around the service, which the test starts."""
    async with a_world(topics, alerts_database, sink, tmp_path) as world:
        yield world


@pytest.fixture
async def board(engine: AsyncEngine, store: PostgresStore, tmp_path: Path) -> AsyncIterator[Board]:
    """The HTTP face alone."""
    async with a_board(engine, store, tmp_path) as board:
        yield board


@pytest.fixture
async def siti(board: Board) -> AsyncIterator[httpx.AsyncClient]:
    """An operator of the Polres."""
    async with board.client(board.token()) as client:
        yield client


@pytest.fixture
async def nobody(board: Board) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who is not signed in."""
    async with board.client() as client:
        yield client
