"""What somebody may put into an event, and PostgreSQL does not take, stops nobody else."""

from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from services.alerts.adapters.store import PostgresStore
from services.alerts.handlers import Demands, Intake
from services.alerts.metrics import Metrics
from shared.events.envelope import Event
from shared.events.patrol import CheckIn, Fix, VisitCheckedIn
from tests.builders import NIGHT, a_plan, a_record, a_shift_start, an_event, an_id, an_incident
from tests.fakes import FakePlanBook, ManualClock


def an_intake(store: PostgresStore) -> Intake:
    plans = FakePlanBook(a_plan(), published_at=NIGHT)
    demands = Demands(store=store, plans=plans, expand=lambda *_: [])
    metrics = Metrics(CollectorRegistry())
    return Intake(
        store=store, plans=plans, demands=demands, clock=ManualClock(NIGHT), metrics=metrics
    )


def a_scan(crew: str = "R-21", *, fixed_at: datetime | None = None, **over: object) -> Event:
    fix = Fix(lat=-6.9, lon=112.0, accuracy_m=5.0, fixed_at=fixed_at)
    return an_event(VisitCheckedIn, CheckIn(method="qr", crew=crew, position=fix), **over)


@pytest.mark.parametrize(
    "poison",
    [
        [a_scan("R\x00")],
        [a_scan(device="d\x00")],
        [a_scan(id=an_id(f"subject {n}"), subject="\x00", deviceseq=n) for n in range(12)],
        [a_scan(actor="\x00", unit="\x00"), an_incident("fire\x00", report={"text": "\x00"})],
        [a_shift_start(actor="\x00"), a_scan(fixed_at=datetime.min.replace(tzinfo=UTC))],
    ],
)
async def test_the_report_behind_it_still_raises_its_alert(
    store: PostgresStore, poison: list[Event]
) -> None:
    events = [*poison, an_incident("intrusion", subject="kpu"), a_shift_start()]
    records = [a_record(event, offset) for offset, event in enumerate(events)]
    await an_intake(store).on_records(records)

    async with store.transaction() as transaction:
        categories = {alert.category for alert in await transaction.open_alerts()}
        assert "intrusion" in categories
        assert "R-21" in {duty.crew for duty in await transaction.duties()}
        positions = await transaction.positions()
    assert sum(positions.values()) == sum(
        1 + max(record.offset for record in records if record.topic == topic)
        for topic in {record.topic for record in records}
    )
