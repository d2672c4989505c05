"""Ten thousand timers within one second, three instances: each fires once, none early, none late.

Small in the suite; in full by `RONDA_TIMERS=10000 pytest -s tests/scale/test_timers.py`, which also
holds the figures against their target.
"""

import os
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.store import PostgresStore
from tests.scale.rows import instances, keep, told, undecided, waiting_alerts
from tests.waiting import eventually

TIMERS = int(os.environ.get("RONDA_TIMERS", "300"))
INSTANCES = 3
TARGET_P99_S = 1.0
FULL = 10_000


@pytest.mark.timeout(300)
async def test_timers_that_are_due_in_one_second_fire_once_each_and_none_early(
    alerts_database: str, engine: AsyncEngine, store: PostgresStore
) -> None:
    async with instances(alerts_database, INSTANCES):
        first_due = datetime.now(UTC) + timedelta(seconds=1 + TIMERS / 250)
        alerts = waiting_alerts(TIMERS, first_due, timedelta(seconds=1) / TIMERS)
        due = {alert.id: alert.next_due_at for alert in alerts}
        await keep(store, alerts)
        in_time = datetime.now(UTC) < first_due

        async def all_decided() -> bool:
            return await undecided(engine) == 0

        await eventually(all_decided, within=240, every=0.2)
    events = await told(engine)
    fired = Counter(event.alert.id for event in events)
    assert fired == dict.fromkeys(due, 1)
    lateness = sorted(
        (each.written_at - _due(due, each.alert.id)).total_seconds() for each in events
    )
    assert lateness[0] >= 0
    assert all(each.time >= _due(due, each.alert.id) for each in events)
    figures = {share: lateness[int(share * (len(lateness) - 1))] for share in (0.5, 0.99, 1.0)}
    print(f"\n{TIMERS} timers, {INSTANCES} instances, lateness in s: {figures}")
    if TIMERS >= FULL:
        assert in_time, "it was due before everything was there"
        assert figures[0.99] <= TARGET_P99_S


def _due(due: dict[str, datetime | None], alert_id: str) -> datetime:
    at = due[alert_id]
    assert at is not None
    return at
