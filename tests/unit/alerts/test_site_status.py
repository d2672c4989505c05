"""How a site stands: never safe unless somebody said so, and not for long."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from services.alerts.domain.site_status import Sign, Standing, Status, standing
from shared.events.alert import Alert
from tests.builders import NIGHT, an_alert

HOUR = timedelta(hours=1)
FRESH = Sign(seen_at=NIGHT, situation="aman", situation_at=NIGHT)


def stands(sign: Sign | None, *alerts: Alert, minutes: int = 1) -> Standing:
    return standing(sign, alerts, HOUR, NIGHT + timedelta(minutes=minutes))


def an_open(**over: Any) -> Alert:
    return replace(an_alert(), **over)


@pytest.mark.parametrize("said", ["aman", "waspada", "gangguan"])
def test_a_site_stands_as_the_last_patrol_said(said: Status) -> None:
    sign = Sign(seen_at=NIGHT, situation=said, situation_at=NIGHT - HOUR)
    assert stands(sign) == Standing(said, NIGHT - HOUR)


def test_a_site_that_nobody_was_at_is_unknown_since_ever() -> None:
    assert stands(None) == Standing("unknown", None)


def test_a_silent_site_is_unknown_and_never_safe() -> None:
    assert stands(FRESH, minutes=59).status == "aman"
    assert stands(FRESH, minutes=60) == Standing("unknown", NIGHT + HOUR)


def test_a_sign_of_life_alone_says_nothing_of_safety() -> None:
    sign = Sign(seen_at=NIGHT, situation=None, situation_at=None)
    assert stands(sign) == Standing("unknown", NIGHT)


def test_a_word_of_the_future_is_not_taken_for_safety() -> None:
    sign = Sign(seen_at=NIGHT, situation="luar biasa", situation_at=NIGHT)
    assert stands(sign).status == "unknown"


@pytest.mark.parametrize(
    ("severity", "kind", "status"),
    [
        ("rendah", "incident", "waspada"),
        ("sedang", "incident", "waspada"),
        ("tinggi", "incident", "gangguan"),
        ("kritis", "incident", "gangguan"),
        ("sedang", "duress", "gangguan"),
    ],
)
def test_what_goes_on_outranks_what_was_said(severity: str, kind: str, status: Status) -> None:
    alert = an_open(severity=severity, kind=kind)
    assert stands(FRESH, alert) == Standing(status, alert.raised_at)


def test_what_goes_on_outranks_silence() -> None:
    assert stands(None, an_open(severity="tinggi")).status == "gangguan"


def test_a_visit_that_was_missed_is_no_happening_at_the_site() -> None:
    assert stands(FRESH, an_open(kind="visit_missed")).status == "aman"


def test_a_site_recovers_from_the_resolution_to_the_closing() -> None:
    resolved = an_open(state="resolved", resolved_at=NIGHT + timedelta(seconds=30))
    assert stands(FRESH, resolved) == Standing("pemulihan", NIGHT + timedelta(seconds=30))
    assert stands(FRESH, resolved, an_open(severity="tinggi")).status == "gangguan"
