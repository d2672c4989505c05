"""An alert stays small enough to travel whole, and its story readable."""

from datetime import timedelta
from typing import Any

import msgspec

from services.alerts.domain.alert import joined
from services.alerts.domain.decision import MAX_ALERT_BYTES, Change, clipped
from services.alerts.domain.report import report_of
from services.alerts.domain.triage import Judgement
from shared.events.alert import Alert, Entry
from tests.builders import NIGHT, a_plan, an_alert, an_id, an_incident

PLAN = a_plan()


def joined_by(alert: Alert, number: int, **over: Any) -> Alert:
    event = an_incident(id=an_id("part", number), time=NIGHT + timedelta(seconds=number), **over)
    judgement = Judgement(alert.severity, ())
    return joined(alert, report_of(event, PLAN, NIGHT), judgement, PLAN, NIGHT).alert


def test_the_first_and_the_newest_parts_are_shown_and_the_rest_is_counted() -> None:
    alert = an_alert()
    for number in range(1, 100):
        alert = joined_by(alert, number)

    assert len(alert.parts) + alert.parts_more == 100
    assert len(alert.parts) == 50
    assert alert.parts[1].event == an_id("part", 1)
    assert alert.parts[-1].event == an_id("part", 99)


def test_an_alert_stays_below_its_limit_whatever_people_write() -> None:
    alert = an_alert()
    for number in range(1, 120):
        alert = joined_by(alert, number, report={"text": "\U0001f6a8" * 4000})

    assert len(msgspec.json.encode(alert)) <= MAX_ALERT_BYTES
    assert len(alert.parts) + alert.parts_more == 120
    assert alert.parts[-1].event == an_id("part", 119)


def test_the_story_keeps_its_newest_two_hundred_lines() -> None:
    alert = an_alert()
    for number in range(1, 250):
        alert = joined_by(alert, number)

    assert len(alert.timeline) == 200
    assert alert.version == 250


def test_repeats_of_one_line_are_counted_and_other_lines_are_not() -> None:
    def entry(what: str) -> Entry:
        return Entry(at=NIGHT, what=what, cycle=1, level=4)

    change = Change(an_alert()).to(timeline=[]).entered(*map(entry, ["repeated"] * 3))
    change = change.entered(entry("note"), entry("note"), entry("repeated"))

    lines = [(line.what, line.note) for line in change.alert.timeline]
    assert lines == [("repeated", "×3"), ("note", None), ("note", None), ("repeated", None)]


def test_a_long_text_is_cut_visibly() -> None:
    text = clipped("x" * 2000)
    assert text is not None
    assert (len(text), text[-1]) == (1000, "…")
    assert clipped("kurang dari itu") == "kurang dari itu"
    assert clipped(None) is None
