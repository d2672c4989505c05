"""Backup: who is near and free, who is asked next, and how fast they should be there."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import msgspec
import pytest

from services.alerts.domain.backup import (
    BACKUP_TYPES,
    LADDER,
    asked_for,
    next_rung,
    recommended,
    target_s,
)
from services.alerts.domain.duty import Duty, busy_crews
from shared.events.alert import Dispatch
from shared.events.patrol import (
    DispatchAccepted,
    DispatchArrived,
    DispatchDeclined,
    DispatchEnRoute,
    Fix,
)
from shared.plan.model import Shift
from tests.builders import (
    NIGHT,
    POLRES,
    POLSEK,
    a_backup_request,
    a_crew_answer,
    a_plan,
    a_principal,
    a_shift_start,
    a_site,
    an_alert,
    an_incident,
)
from tests.unit.alerts.engine import Engine, problem, shown

SITI = a_principal("Ipda Siti")
KM = 1 / 111.2  # degrees of latitude


def crew(name: str, km: float | None, *, age_min: float = 1, unit: str = POLSEK) -> Duty:
    """A crew so many kilometres south of the warehouse."""
    duty = Duty(name, unit, NIGHT - timedelta(hours=2), ("p-1", "p-2"))
    if km is None:
        return duty
    at = NIGHT - timedelta(minutes=age_min)
    return replace(duty, lat=-6.9131 - km * KM, lon=112.0662, position_at=at)


def names(*duties: Duty, **busy: str) -> list[str]:
    return [each.crew for each in recommended(an_alert(), duties, busy, NIGHT)]


def test_the_nearest_comes_first() -> None:
    assert names(crew("jauh", 8), crew("dekat", 1), crew("tengah", 3)) == [
        "dekat",
        "tengah",
        "jauh",
    ]


def test_free_comes_before_busy_and_known_before_guessed() -> None:
    duties = [crew("sibuk", 0.1), crew("lama", 1, age_min=30), crew("baru", 9), crew("gelap", None)]
    assert names(*duties, sibuk="alert-1") == ["baru", "lama", "gelap", "sibuk"]


def test_of_crews_about_equally_near_the_sites_own_unit_comes_first() -> None:
    duties = [crew("lain", 1.1), crew("sendiri", 1.3, unit=POLRES)]
    assert names(*duties) == ["sendiri", "lain"]


def test_a_recommendation_says_distance_age_target_and_why() -> None:
    duty = crew("R-21", 6, age_min=20, unit=POLRES)
    (only,) = recommended(an_alert(), [duty], {"R-21": "other"}, NIGHT)
    assert only.distance_m == pytest.approx(6000, rel=0.01)
    assert (only.position_age_s, only.target_s, only.members) == (1200, 900, 2)
    codes = [reason.code for reason in only.reasons]
    assert codes == ["distance", "stale_position", "own_unit", "busy"]

    (unknown,) = recommended(an_alert(), [crew("R-22", None)], {}, NIGHT)
    assert (unknown.distance_m, unknown.position_age_s, unknown.target_s) == (None, None, None)
    assert [reason.code for reason in unknown.reasons] == ["no_position"]


@pytest.mark.parametrize(
    ("metres", "minutes"), [(0, 10), (5000, 10), (5001, 15), (10_000, 15), (10_001, 25)]
)
def test_the_farther_the_more_time_there_is(metres: float, minutes: int) -> None:
    assert target_s(metres) == minutes * 60


async def test_a_dispatched_crew_is_held_to_the_target_of_its_distance(engine: Engine) -> None:
    far = Fix(lat=-6.9131 - 7 * KM, lon=112.0662)
    await engine.reported(a_shift_start())
    async with engine.store.transaction() as transaction:
        await transaction.move("R-21", far, engine.clock.now)
    await engine.reported(an_incident())
    shown(await engine.command("dispatch", SITI, crew="R-21", backup_type="unit_terdekat"))

    alert = engine.store.alert()
    row = alert.dispatches[0]
    due = engine.clock.now + timedelta(minutes=15)
    assert (row.target_at, alert.next_due_at, row.backup_type) == (due, due, "unit_terdekat")
    assert row.distance_m == pytest.approx(7000, rel=0.01)


async def test_the_target_runs_from_the_report_and_the_hold_from_the_order(engine: Engine) -> None:
    await engine.reported(a_shift_start(), an_incident())
    async with engine.store.transaction() as transaction:
        await transaction.move("R-21", Fix(lat=-6.9131, lon=112.0662), engine.clock.now)
    received_at = engine.clock.now
    shown(await engine.command("acknowledge", SITI))
    engine.clock.advance(12 * 60)
    shown(await engine.command("dispatch", SITI, crew="R-21"))

    alert = engine.store.alert()
    assert alert.dispatches[0].target_at == received_at + timedelta(minutes=10), "it is late"
    assert alert.next_due_at == engine.clock.now + timedelta(minutes=10), "and has its time"


async def sent_by_a_polsek(crew_sent: str, *, by_unit: str = POLSEK) -> Dispatch:
    """The row of a crew that an operator sends to an alert of Polsek Soko. Of Polsek Lain R-07 is
    near and on duty, and R-08 in the plan."""
    lain = f"{POLRES}/polsek-lain"
    shift = Shift(
        id="lain", crew="R-08", unit=lain, members=[], starts=time(0), ends=time(0), sites=[]
    )
    engine = Engine(a_plan(sites=[a_site(unit=POLSEK)], shifts=[shift]))
    async with engine.store.transaction() as transaction:
        await transaction.save_duty(crew("R-07", 1, unit=lain))
    await engine.reported(an_incident())
    by = a_principal("Ipda Siti", unit=by_unit)
    row = shown(await engine.command("dispatch", by, crew=crew_sent)).dispatches[0]
    by_voice = [entry.note for entry in engine.store.alert().timeline if entry.what == "by_voice"]
    assert by_voice == ([crew_sent] if row.by_voice else []), "the story says so"
    return row


@pytest.mark.parametrize("foreign", ["R-07", "R-08"])
async def test_another_units_crew_is_answered_like_one_that_nobody_knows(foreign: str) -> None:
    row, unknown = await sent_by_a_polsek(foreign), await sent_by_a_polsek("R-99")
    assert msgspec.structs.replace(row, crew="R-99") == unknown
    assert (row.by_voice, row.distance_m, row.target_at) == (True, None, None)


@pytest.mark.parametrize("helping", ["R-07", "R-08"])
async def test_the_unit_above_sends_the_crews_of_all_below_it(helping: str) -> None:
    row = await sent_by_a_polsek(helping, by_unit=POLRES)
    assert not row.by_voice
    assert (row.distance_m is not None) == (helping == "R-07")


async def test_a_crew_that_was_told_by_voice_is_not_known_to_be_busy(engine: Engine) -> None:
    await engine.reported(an_incident())
    shown(await engine.command("dispatch", SITI, crew="R-99"))
    assert busy_crews(engine.store.alerts()) == {}


async def test_a_crew_whose_place_nobody_knows_has_the_time_of_the_policy(engine: Engine) -> None:
    await engine.reported(an_incident())
    shown(await engine.command("dispatch", SITI, crew="R-99"))
    alert = engine.store.alert()
    assert alert.dispatches[0].target_at is None
    assert alert.next_due_at == engine.clock.now + timedelta(seconds=900)


async def test_the_way_of_a_crew_is_told_by_its_phone_with_the_phones_times(
    engine: Engine,
) -> None:
    await engine.reported(a_shift_start(), an_incident())
    shown(await engine.command("dispatch", SITI, crew="R-21"))
    alert = engine.store.alert()
    times = [engine.clock.now + timedelta(seconds=at) for at in (5, 9, 200)]
    kinds: list[Any] = [DispatchAccepted, DispatchEnRoute, DispatchArrived]
    for kind, at in zip(kinds, times, strict=True):
        await engine.reported(a_crew_answer(kind, alert.id, time=at, receivedtime=at))

    row = engine.store.alert().dispatches[0]
    assert [row.accepted_at, row.en_route_at, row.arrived_at] == times
    assert engine.store.alert().state == "arrived"


async def test_who_declines_leaves_the_others_recommended(engine: Engine) -> None:
    await engine.reported(a_shift_start(), an_incident())
    shown(await engine.command("dispatch", SITI, crew="R-21"))
    alert = engine.store.alert()
    assert busy_crews([alert]) == {"R-21": alert.id}
    at = engine.clock.now
    await engine.reported(a_crew_answer(DispatchDeclined, alert.id, time=at, receivedtime=at))
    assert busy_crews([engine.store.alert()]) == {}
    duties = [crew("R-21", 1), crew("R-07", 4)]
    left = recommended(engine.store.alert(), duties, {}, NIGHT)
    assert [each.crew for each in left] == ["R-07"]


async def test_the_ladder_is_climbed_from_what_was_asked(engine: Engine) -> None:
    await engine.reported(an_incident())
    alert = engine.store.alert()
    first = next_rung(alert)
    assert first is not None
    assert first.code == "unit_terdekat"

    request = a_backup_request(alert.parts[0].event)
    asked = msgspec.structs.replace(request.data, backup_type="samapta_dalmas_awal")
    await engine.reported(msgspec.structs.replace(request, data=asked))
    alert = engine.store.alert()
    assert asked_for(alert) == {"samapta_dalmas_awal"}
    above = next_rung(alert)
    assert above is not None
    assert above.code == "dalmas_lanjut"

    shown(await engine.command("dispatch", SITI, crew="Pleton Brimob", backup_type="brimob_phh"))
    assert next_rung(engine.store.alert()) is None


async def test_only_kinds_of_backup_that_exist_are_sent(engine: Engine) -> None:
    await engine.reported(an_incident())
    answer = await engine.command("dispatch", SITI, crew="R-21", backup_type="kavaleri")
    assert problem(answer)["extra"]["code"] == "lacking_backup_type"
    assert {rung.code for rung in LADDER} < BACKUP_TYPES
