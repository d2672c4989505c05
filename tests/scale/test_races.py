"""People take alerts at the very moment at which they climb: whoever comes second sees the first.

Small in the suite, in waves; in full by `RONDA_RACES=10000 pytest -s tests/scale/test_races.py`.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.bell import Bell
from services.alerts.adapters.store import PostgresStore
from services.alerts.handlers import CommandBody, Commands, Demands, Intake
from services.alerts.metrics import Metrics
from services.alerts.ports import Incoming
from shared import database
from shared.clock import system_clock
from shared.events.alert import Alert
from shared.events.registry import encode
from tests.builders import NIGHT, WAREHOUSE, a_principal, an_id, an_incident
from tests.fakes import FakePlanBook, ManualClock
from tests.scale.rows import Told, instances, keep, told, waiting_alerts
from tests.simulation.world import NEXT_DOOR, the_plan

RACES = int(os.environ.get("RONDA_RACES", "200"))
HAPPENINGS = max(20, RACES // 20)
WAVE = 100
LEAD = timedelta(milliseconds=250)
SPREAD_S = 0.12


@pytest.mark.timeout(1800)
async def test_who_takes_an_alert_as_it_climbs_ends_the_climb(
    alerts_database: str, engine: AsyncEngine, store: PostgresStore
) -> None:
    plans = FakePlanBook(the_plan())
    metrics = Metrics(CollectorRegistry())
    commands = Commands(store=store, plans=plans, clock=system_clock, metrics=metrics)
    async with instances(alerts_database, 2, "0.02"):
        for start in range(0, RACES, WAVE):
            due_at = datetime.now(UTC) + LEAD
            wave = waiting_alerts(WAVE, due_at, timedelta(0), after=start)
            await keep(store, wave)
            await asyncio.gather(*(taken(commands, alert) for alert in wave))
    histories: dict[str, list[Told]] = defaultdict(list)
    for event in await told(engine):
        histories[event.alert.id].append(event)
    assert len(histories) == RACES
    climbed = sum(is_a_race_well_run(events) for events in histories.values())
    print(f"\n{RACES} races, {climbed} climbed first, 0 violations")


async def taken(commands: Commands, alert: Alert) -> None:
    """Somebody takes it in the few thousandths of a second in which it climbs."""
    assert alert.next_due_at is not None
    pause = (alert.next_due_at - datetime.now(UTC)).total_seconds()
    await asyncio.sleep(max(0.0, pause + alert.number % WAVE * SPREAD_S / WAVE))
    body = CommandBody(version=1, key="take")
    answer = await commands.run("acknowledge", alert.id, body, a_principal())
    assert answer.status == 200


def is_a_race_well_run(events: Sequence[Told]) -> bool:
    """Whether it climbed first; raises AssertionError where the two did not see each other."""
    kinds = [event.type.split(".")[2] for event in events]
    assert [event.alert.version for event in events] == list(range(2, 2 + len(events)))
    taken_at = kinds.index("acknowledged")
    assert kinds[:taken_at] in ([], ["escalated"]), kinds
    assert events[taken_at].alert.next_due_kind == "ack_expiry"
    # Where the whole takes longer than an acknowledgement holds, it expires as it should.
    assert kinds[taken_at + 1 : taken_at + 2] in ([], ["ack_expired"]), kinds
    return taken_at == 1


@pytest.mark.timeout(400)
async def test_neighbours_in_different_partitions_raise_one_alert_for_one_happening(
    alerts_database: str, engine: AsyncEngine, store: PostgresStore
) -> None:
    other_engine = database.engine(alerts_database, application="another instance")
    other = PostgresStore(other_engine, published=Bell(), scheduled=Bell(), paged=Bell())
    clock, plans = ManualClock(NIGHT), FakePlanBook(the_plan())
    intakes = [
        Intake(
            store=each,
            plans=plans,
            demands=Demands(store=each, plans=plans, expand=lambda *_: ()),
            clock=clock,
            metrics=Metrics(CollectorRegistry()),
        )
        for each in (store, other)
    ]
    for number in range(HAPPENINGS):
        now = clock.advance(3600)
        await asyncio.gather(
            *(
                intake.on_records([a_record(number, site, partition, now)])
                for partition, (intake, site) in enumerate(
                    zip(intakes, (WAREHOUSE, NEXT_DOOR), strict=True)
                )
            )
        )
    await other_engine.dispose()
    parts: dict[str, int] = {event.alert.id: len(event.alert.parts) for event in await told(engine)}
    assert list(parts.values()) == [2] * HAPPENINGS


def a_record(number: int, site: str, partition: int, now: datetime) -> Incoming:
    """What one of two witnesses says."""
    event = an_incident(
        id=an_id(number, site), subject=site, actor=site, time=now, receivedtime=now
    )
    return Incoming("ronda.incident", partition, number, encode(event))
