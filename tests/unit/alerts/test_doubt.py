"""What a person is asked to look at again: the site and the figures, and nobody's name."""

from typing import Any

import msgspec
import pytest

from services.alerts.domain.doubt import flagged
from shared.events.patrol import CheckIn, Fix, VisitCheckedIn
from shared.events.registry import EVENTS
from tests.builders import GUARD, NIGHT, POLRES, WAREHOUSE, a_plan, an_event, an_id
from tests.unit.alerts.engine import Engine

FAR = Fix(lat=-6.95, lon=112.0662)


def a_check_in(*flags: str, position: Fix | None = None, **over: Any) -> VisitCheckedIn:
    data = CheckIn(method="qr", crew="R-21", position=position)
    fields: dict[str, Any] = {"id": an_id("check-in", *flags, over), "flags": ",".join(flags)}
    return an_event(VisitCheckedIn, data, **fields | over)


def test_a_check_in_far_away_says_how_far() -> None:
    doubt = flagged(a_check_in("outside_geofence", position=FAR), a_plan(), NIGHT)
    assert doubt is not None
    assert (doubt.kind, doubt.site, doubt.unit) == ("flagged", WAREHOUSE, POLRES)
    [reason] = doubt.reasons
    assert reason.code == "outside_geofence"
    assert reason.id == "Posisi di luar batas lokasi: 4,1 km dari titiknya"


@pytest.mark.parametrize(
    "flags", [("late",), ("unsigned", "no_position"), ("low_accuracy",), ("a_flag_of_the_future",)]
)
def test_what_says_nothing_against_a_place_or_a_code_is_no_doubt(flags: tuple[str, ...]) -> None:
    assert flagged(a_check_in(*flags), a_plan(), NIGHT) is None


def test_a_doubt_names_nobody() -> None:
    doubt = flagged(a_check_in("bad_code", "mock_location"), None, NIGHT)
    assert doubt is not None
    assert [reason.code for reason in doubt.reasons] == ["mock_location", "bad_code"]
    assert GUARD not in msgspec.json.encode(doubt).decode()


async def test_a_flagged_check_in_is_kept_for_people_and_told_on_no_topic(engine: Engine) -> None:
    first = await engine.reported(a_check_in("bad_code"), a_check_in("late"))
    await engine.intake.on_records(first)
    [doubt] = engine.store.rows.doubts.values()
    assert (doubt.kind, doubt.site) == ("flagged", WAREHOUSE)
    told = {str(EVENTS[event.type]) for event in engine.store.events() if event.type in EVENTS}
    assert not any("Presence" in each for each in told)


async def test_an_exercise_asks_nobody_to_look_again(engine: Engine) -> None:
    await engine.reported(a_check_in("bad_code", purpose="exercise"))
    assert engine.store.rows.doubts == {}
