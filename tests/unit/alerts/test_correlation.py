"""Several reports of one happening are one alert; two happenings are two."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.alerts.domain.correlation import match
from services.alerts.domain.report import report_of
from shared.events.alert import Alert
from shared.events.incident import IncidentReported
from shared.events.patrol import Fix
from tests.builders import (
    KPU,
    NIGHT,
    WAREHOUSE,
    a_backup_request,
    a_duress,
    a_plan,
    a_record,
    a_site,
    an_alert,
    an_id,
    an_incident,
)
from tests.unit.alerts.engine import Engine

PLAN = a_plan()
METRES_NORTH = 1 / 111_195


def matched(*alerts: Alert, **over: Any) -> Alert | None:
    return match(report_of(an_incident(**over), PLAN, NIGHT), alerts, PLAN)


def at(metres: float) -> dict[str, Any]:
    """A report of another site, so many metres north of the warehouse."""
    warehouse = PLAN.site_by_id["gudang-logistik"]
    fix = Fix(lat=warehouse.lat + metres * METRES_NORTH, lon=warehouse.lon)
    return {"subject": None, "report": {"position": fix}}


def test_the_same_place_time_and_family_is_the_same_happening() -> None:
    alert = an_alert()

    assert matched(alert, category="suspicious_object", actor="p-7") == alert


@pytest.mark.parametrize(("metres", "joins"), [(0, True), (290, True), (310, False)])
def test_neighbouring_sites_within_300_m_are_one_place(metres: float, joins: bool) -> None:
    assert (matched(an_alert(), **at(metres)) is not None) == joins


def test_the_site_is_enough_when_the_phone_says_it_is_elsewhere() -> None:
    far = Fix(lat=-7.5, lon=112.0)

    assert matched(an_alert(), report={"position": far}) is not None


@pytest.mark.parametrize(("minutes", "joins"), [(15, True), (16, False), (-15, True), (-16, False)])
def test_quarter_of_an_hour_is_one_time_on_the_devices_clocks(minutes: int, joins: bool) -> None:
    time = NIGHT + timedelta(minutes=minutes)
    received = NIGHT + timedelta(hours=3)

    assert (matched(an_alert(), time=time, receivedtime=received) is not None) == joins


def test_the_window_moves_with_the_newest_part_and_a_late_report_still_fits() -> None:
    first = an_alert()
    later = an_incident(time=NIGHT + timedelta(minutes=14))
    alert = msgspec.structs.replace(first, parts=[*first.parts, report_of(later, PLAN, NIGHT).part])

    assert matched(alert, time=NIGHT + timedelta(minutes=14, seconds=30)) is not None
    assert matched(alert, time=NIGHT - timedelta(minutes=10)) is not None


def test_a_phone_whose_clock_runs_ahead_speaks_of_the_time_of_its_receipt() -> None:
    assert matched(an_alert(), time=NIGHT + timedelta(days=400), receivedtime=NIGHT) is not None


def test_another_family_is_another_happening() -> None:
    assert matched(an_alert(), category="fire") is None


def test_another_site_far_away_is_another_happening() -> None:
    assert matched(an_alert(), subject=KPU) is None


@pytest.mark.parametrize("state", ["resolved", "closed"])
def test_what_is_settled_is_not_joined(state: str) -> None:
    assert matched(msgspec.structs.replace(an_alert(), state=state)) is None


def test_an_exercise_and_the_real_thing_never_meet() -> None:
    assert matched(an_alert(), purpose="exercise") is None
    assert matched(an_alert(purpose="exercise")) is None


@pytest.mark.parametrize("kind", ["duress", "visit_missed"])
def test_only_incidents_are_joined(kind: str) -> None:
    assert matched(msgspec.structs.replace(an_alert(), kind=kind)) is None


def test_duress_joins_nothing() -> None:
    assert match(report_of(a_duress(), PLAN, NIGHT), [an_alert()], PLAN) is None


def test_a_request_for_backup_joins_whatever_goes_on_there() -> None:
    fire = an_alert(category="fire")

    assert match(report_of(a_backup_request(), PLAN, NIGHT), [fire], PLAN) == fire


def test_of_several_the_newest_is_joined() -> None:
    older = msgspec.structs.replace(an_alert(), number=1)
    newer = msgspec.structs.replace(an_alert(time=NIGHT + timedelta(minutes=5)), number=2)

    assert matched(older, newer, time=NIGHT + timedelta(minutes=6)) == newer


async def test_what_moves_on_from_report_to_report_is_still_one_happening(engine: Engine) -> None:
    """Each is 250 m from the one before, and the last 500 m from the first."""
    for number in range(3):
        place = Fix(lat=-6.9131 - number * 250 / 111_195, lon=112.0662)
        await engine.reported(
            an_incident(id=an_id(number), subject=None, report={"position": place})
        )

    assert len(engine.store.alert().parts) == 3


async def test_neighbouring_sites_in_different_partitions_are_one_happening(
    engine: Engine,
) -> None:
    near = a_site("ppk", lat=-6.9131 + 200 / 111_195)
    engine.plans.plan = a_plan(sites=[a_site(), near])
    reports = [
        a_record(an_incident(id=an_id(site), subject=site, actor=f"p-{site}"), 0, partition)
        for partition, site in enumerate((WAREHOUSE, "ppk"))
    ]
    await asyncio.gather(
        engine.intake.on_records(reports[:1]), engine.another().intake.on_records(reports[1:])
    )

    alert = engine.store.alert()
    assert sorted(str(part.site) for part in alert.parts) == [WAREHOUSE, "ppk"]
    assert alert.severity == "tinggi", "two witnesses of one happening"


async def test_what_was_last_said_of_a_crowd_stands_however_late_it_comes(engine: Engine) -> None:
    def crowd(level: str, minutes: float, late_s: float = 2) -> IncidentReported:
        at = NIGHT + timedelta(minutes=minutes)
        return an_incident(
            report={"crowd_level": level},
            time=at,
            receivedtime=at + timedelta(seconds=late_s),
        )

    await engine.reported(crowd("kuning", 0), crowd("merah", 4))
    assert engine.store.alert().crowd_level == "merah"
    await engine.reported(crowd("hijau", 1, late_s=300))
    assert engine.store.alert().crowd_level == "merah", "said before, heard after"
    await engine.reported(crowd("hijau", 5))
    assert engine.store.alert().crowd_level == "hijau"
