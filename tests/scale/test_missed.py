"""All visits of a district are missed in one minute: one alert each, and who climbs does not wait.

Small in the suite; as many polling places as Tuban has by `RONDA_MISSED=3690 pytest -s
tests/scale/test_missed.py`, which prints what it took.
"""

import asyncio
import os
from collections import Counter
from datetime import datetime, time, timedelta
from time import perf_counter

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.store import PostgresStore
from services.alerts.adapters.tables import alert, visit
from shared.plan.expand import expand
from shared.plan.model import Situation, VisitRule
from tests.builders import a_plan, a_site
from tests.detector import DAY, Service
from tests.fakes import FakePatrolEnds, ManualClock
from tests.scale.rows import keep, waiting_alerts

SITES = int(os.environ.get("RONDA_MISSED", "150"))
LOOK_S = 0.02
OTHERS = 1_000_000
"""Numbers of alerts beside those of the visits: one is due at each tick."""


async def test_visits_that_are_missed_at_once_are_an_alert_each_and_hold_up_nothing(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    plan = a_plan(
        sites=[a_site(f"tps-{n:04d}", lat=-6.9 + n / 500) for n in range(SITES)],
        visit_rules=[VisitRule(id="ronda", at=[time(2)], grace_s=900)],
    )
    owed = expand(plan, Situation(), DAY)
    clock = ManualClock(min(each.opens_at for each in owed))
    service = Service(store, plan, clock, FakePatrolEnds())
    for _ in range(3):  # owed, due, at risk
        await _until_nothing_is_left(service, clock.now)
        clock.now += timedelta(minutes=5)
    clock.now = max(each.grace_until for each in owed) + timedelta(minutes=10)
    begun = perf_counter()
    missing = asyncio.create_task(_until_nothing_is_left(service, clock.now))
    held_up: list[float] = []
    meanwhile = 0
    while not missing.done():
        await keep(store, waiting_alerts(1, clock.now, timedelta(), after=OTHERS + len(held_up)))
        looked = perf_counter()
        await service.clockwork.on_tick(clock.now)
        held_up.append(perf_counter() - looked)
        meanwhile += not missing.done()
        await asyncio.sleep(LOOK_S)
    await missing
    took = perf_counter() - begun
    async with engine.connect() as connection:
        states = await connection.scalars(select(visit.c.state))
        kinds = await connection.scalars(select(alert.c.kind))
        assert Counter(states) == {"missed": SITES}
        assert Counter(kinds)["visit_missed"] == SITES
        others = await connection.scalars(select(alert.c.version).where(alert.c.number > OTHERS))
        assert set(others) == {2}
    assert meanwhile > 0, "nothing could climb before all visits were missed"
    print(f"\n{SITES} visits missed at once: {took:.1f} s, a tick meanwhile {max(held_up):.2f} s")


async def _until_nothing_is_left(service: Service, now: datetime) -> None:
    coming: datetime | None = now
    while coming is not None and coming <= now:
        coming = await service.visits.on_tick(now)
