"""The checker itself: clean on a clean night, and it sees each seeded fault."""

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.faults.checker import (
    Archived,
    Delivery,
    Evidence,
    Promise,
    check,
    repeated_pages,
)

START = datetime(2026, 11, 23, 21, 12, tzinfo=UTC)


def _decision(
    version: int, what: str, *, cycle: int = 1, level: int = 1, at: int
) -> dict[str, Any]:
    moment = START + timedelta(seconds=at)
    return {
        "type": f"ronda.alert.{what}.v1",
        "data": {
            "id": "alert-1",
            "version": version,
            "cycle": cycle,
            "level": level,
            "updated_at": moment.isoformat(),
            "next_due_at": (moment + timedelta(seconds=10)).isoformat(),
            "parts": [{"event": "report-1"}],
        },
    }


def _clean() -> Evidence:
    return Evidence(
        promises=[Promise("visit-1"), Promise("report-1", alerting=True)],
        topics=[("patrol", 0, 0), ("patrol", 0, 1), ("incident", 3, 0)],
        archive=[
            Archived("visit-1", "event", ("patrol", 0, 0)),
            Archived("visit-1", "duplicate", ("patrol", 0, 1)),
            Archived("report-1", "event", ("incident", 3, 0)),
        ],
        decisions=[
            _decision(1, "raised", at=0),
            _decision(2, "escalated", level=2, at=10),
            _decision(3, "acknowledged", level=2, at=12),
            _decision(4, "ack_expired", cycle=2, level=3, at=22),
            _decision(5, "escalated", cycle=2, level=4, at=32),
        ],
        deliveries=[
            Delivery("a:1:1", "alert-1", 1, 1, "padal"),
            Delivery("a:1:2", "alert-1", 1, 2, "kasat"),
            Delivery("a:1:2", "alert-1", 1, 2, "kasat"),  # sent again after a kill: same key
            Delivery("a:2:3", "alert-1", 2, 3, "kabag"),
        ],
    )


def test_a_night_that_kept_its_promises_is_clean() -> None:
    verdict = check(_clean())
    assert verdict.clean, verdict.counts()


def test_a_lost_event_is_seen() -> None:
    evidence = _clean()
    verdict = check(replace(evidence, archive=evidence.archive[2:]))
    assert verdict.lost == ["visit-1"]
    assert verdict.unrecorded == [("patrol", 0, 0), ("patrol", 0, 1)]


def test_a_doubled_event_and_a_doubled_record_are_seen() -> None:
    evidence = _clean()
    twice = [*evidence.archive, evidence.archive[0]]
    verdict = check(replace(evidence, archive=twice))
    assert verdict.doubled == ["visit-1", "('patrol', 0, 0)"]


def test_an_invented_record_is_seen() -> None:
    evidence = _clean()
    invented = Archived("ghost", "event", ("patrol", 5, 9))
    verdict = check(replace(evidence, archive=[*evidence.archive, invented]))
    assert verdict.invented == [("patrol", 5, 9)]


def test_a_report_without_an_alert_is_seen() -> None:
    verdict = check(replace(_clean(), decisions=[], deliveries=[]))
    assert verdict.without_alert == ["report-1"]


def test_a_report_with_two_alerts_is_seen() -> None:
    evidence = _clean()
    second = copy.deepcopy(evidence.decisions[0])
    second["data"]["id"] = "alert-2"
    verdict = check(replace(evidence, decisions=[*evidence.decisions, second]))
    assert verdict.doubled == ["report-1"]


def test_an_alert_that_nobody_was_told_of_is_seen() -> None:
    assert check(replace(_clean(), deliveries=[])).zero_notified == ["alert-1"]


def test_a_timer_that_fired_early_is_seen() -> None:
    evidence = _clean()
    evidence.decisions[1]["data"]["updated_at"] = (START + timedelta(seconds=9)).isoformat()
    assert len(check(evidence).early) == 1


def test_a_timer_that_fired_twice_is_seen() -> None:
    evidence = _clean()
    again = _decision(6, "escalated", cycle=2, level=4, at=42)
    verdict = check(replace(evidence, decisions=[*evidence.decisions, again]))
    assert verdict.timers_twice == ["alert-1 v6"]


def test_a_severer_report_may_begin_a_cycle_before_the_deadline() -> None:
    evidence = _clean()
    risen = _decision(6, "escalated", cycle=3, level=4, at=33)
    assert check(replace(evidence, decisions=[*evidence.decisions, risen])).clean


def test_pages_that_came_again_under_their_key_are_counted() -> None:
    assert repeated_pages(_clean().deliveries) == 1


def test_a_level_that_is_told_after_the_acknowledgement_of_its_cycle_is_seen() -> None:
    evidence = _clean()
    evidence.decisions[4]["data"]["cycle"] = 1
    assert check(evidence).after_ack == ["alert-1 v5"]


def test_a_decision_that_is_missing_or_doubled_is_seen() -> None:
    evidence = _clean()
    first, _, *rest = evidence.decisions
    assert check(replace(evidence, decisions=[first, *rest])).versions
    assert check(replace(evidence, decisions=[*evidence.decisions, first])).versions
