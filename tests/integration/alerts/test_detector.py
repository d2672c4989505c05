"""The same day of patrols on PostgreSQL: a quick one by default, the whole one by the variable
RONDA_DETECTOR_SITES=400."""

import os
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.store import PostgresStore
from services.alerts.adapters.tables import outbox, visit
from shared.events.envelope import Event
from shared.events.registry import decode
from tests.detector import Day, judged, lived

SITES = int(os.environ.get("RONDA_DETECTOR_SITES", "30"))
STEP = timedelta(minutes=5 if "RONDA_DETECTOR_SITES" in os.environ else 15)


@pytest.mark.timeout(600)
async def test_the_detector_tells_the_truth_on_the_real_store(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    day = Day(SITES, seed=3)

    await lived(day, store, STEP)

    async with engine.connect() as connection:
        states = dict((await connection.execute(select(visit.c.id, visit.c.state))).all())
        values = (await connection.execute(select(outbox.c.value).order_by(outbox.c.id))).scalars()
        events = [event for value in values if isinstance(event := decode(value), Event)]
    outcome = judged(day, events, states)
    print(outcome)  # noqa: T201 - the figures of the long run
    assert outcome.recall == 1.0
    assert (outcome.false_misses, outcome.missed_twice) == ([], [])
    assert (outcome.unheard, outcome.wrongly_silent) == ([], [])
