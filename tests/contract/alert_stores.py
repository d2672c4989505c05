"""The stores of alerts that every promise is asked of, and what tests put into them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.alerts.adapters.bell import Bell
from services.alerts.adapters.store import PostgresStore
from services.alerts.ports import Page, Store
from shared import database
from shared.events.alert import Alert
from tests.contract.alert_rows import NOW, an_alert
from tests.fake_store import FakeStore


@pytest.fixture
async def postgres(alerts_database: str) -> AsyncIterator[Store]:
    engine = database.engine(alerts_database, application="test")
    yield PostgresStore(engine, published=Bell(), scheduled=Bell(), paged=Bell())
    await engine.dispose()


@pytest.fixture
async def fake() -> Store:
    return FakeStore()


@pytest.fixture(params=["fake", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    chosen: Store = request.getfixturevalue(request.param)
    return chosen


async def keep(store: Store, *alerts: Alert) -> None:
    async with store.transaction() as transaction:
        for alert in alerts:
            await transaction.save_alert(alert)


def a_page(dedup: str = "page", **changes: Any) -> Page:
    values: dict[str, Any] = {
        "dedup": dedup,
        "alert": an_alert(),
        "cycle": 1,
        "level": 1,
        "post": "piket",
        "recipient": "Bripka Contoh",
        "channel": "log",
        "address": "-",
        "why": "raised",
        "due_at": NOW,
    }
    return Page(**(values | changes))


async def queue(store: Store, *pages: Page) -> None:
    async with store.transaction() as transaction:
        await transaction.save_alert(an_alert())
        for page in pages:
            await transaction.page(page)
