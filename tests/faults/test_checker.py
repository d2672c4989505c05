"""The checker itself: clean on a clean night, and it sees each seeded fault."""

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.faults.checker import (
    Archived,
    Delivery,
    Evidence,
    Promise,
    check,
    repeated_pages,
)
from tests.faults.dues import CheckIn, Due

START = datetime(2026, 11, 23, 21, 12, tzinfo=UTC)
POSTS = ("", "Padal", "Kasat", "Kabag", "Kapolres")


def _decision(
    version: int, what: str, *, cycle: int = 1, level: int = 1, at: int, entry: str | None = None
) -> dict[str, Any]:
    moment = START + timedelta(seconds=at)
    holds = "ack_expiry" if what == "acknowledged" else "climb"
    return {
        "type": f"ronda.alert.{what}.v1",
        "data": {
            "id": "alert-1",
            "version": version,
            "cycle": cycle,
            "level": level,
            "post": POSTS[level],
            "updated_at": moment.isoformat(),
            "next_due_at": (moment + timedelta(seconds=10)).isoformat(),
            "next_due_kind": holds,
            "parts": [{"event": "report-1"}],
            "timeline": [_entry(each, cycle, level, moment) for each in _story(what, entry)],
        },
    }


def _story(what: str, entry: str | None) -> tuple[str, ...]:
    # The next cycle is begun by the very decision that ends the acknowledgement.
    return (entry or what, "escalated") if what == "ack_expired" else (entry or what,)


def _entry(what: str, cycle: int, level: int, at: datetime) -> dict[str, Any]:
    if what == "ack_expired":
        cycle, level = cycle - 1, level - 1
    return {"what": what, "cycle": cycle, "level": level, "at": at.isoformat()}


def _page(cycle: int, level: int, mark: str = "") -> Delivery:
    post = POSTS[level].lower()
    return Delivery(f"alert-1:{cycle}:{level}:{post}{mark}", "alert-1", cycle, level, post)


def _clean() -> Evidence:
    return Evidence(
        promises=[
            Promise("visit-1", checkin=CheckIn("near", START + timedelta(seconds=20))),
            Promise("report-1", alerting=True),
            Promise("weakness-1", vulnerability=True),
        ],
        topics=[("patrol", 0, 0), ("patrol", 0, 1), ("incident", 3, 0), ("patrol", 1, 0)],
        archive=[
            Archived("visit-1", "event", ("patrol", 0, 0)),
            Archived("visit-1", "duplicate", ("patrol", 0, 1)),
            Archived("report-1", "event", ("incident", 3, 0)),
            Archived("weakness-1", "event", ("patrol", 1, 0)),
        ],
        decisions=[
            _decision(1, "raised", at=0),
            _decision(2, "escalated", level=2, at=10),
            _decision(3, "acknowledged", level=2, at=12),
            _decision(4, "ack_expired", cycle=2, level=3, at=22),
            _decision(5, "escalated", cycle=2, level=4, at=32),
            _decision(6, "updated", cycle=2, level=4, at=42, entry="repeated"),
        ],
        deliveries=[
            _page(1, 1),
            _page(1, 2),
            _page(1, 2),  # sent again after a kill: same key
            _page(2, 2, ":expired"),
            _page(2, 3),
            _page(2, 4),
            _page(2, 4, ":r6"),
        ],
        posts={name: name.lower() for name in POSTS if name},
        visits=[
            _visit("visit-2", 1, "due", at=0),
            _visit("visit-2", 2, "missed", at=40),
            _visit("visit-3", 1, "due", at=0),
            _visit("visit-3", 2, "done", at=20),
        ],
        due={"visit-2": _due("far"), "visit-3": _due("near")},
        tasks=[
            _task(1, "vulnerability.assigned", at=0),
            _task(2, "vulnerability.overdue", at=30),
        ],
    )


def _due(site: str) -> Due:
    return Due(site, opens_at=START, grace_until=START + timedelta(seconds=40))


def _visit(visit: str, version: int, state: str, *, at: int) -> dict[str, Any]:
    return {
        "type": f"ronda.visit.{state}.v1",
        "time": (START + timedelta(seconds=at)).isoformat(),
        "data": {
            "id": visit,
            "version": version,
            "state": state,
            "grace_until": (START + timedelta(seconds=40)).isoformat(),
            "alert": "alert-1" if state == "missed" else None,
        },
    }


def _task(version: int, what: str, *, at: int) -> dict[str, Any]:
    return {
        "type": f"ronda.{what}.v1",
        "data": {
            "id": "weakness-1",
            "version": version,
            "due_at": (START + timedelta(seconds=30)).isoformat(),
            "updated_at": (START + timedelta(seconds=at)).isoformat(),
            "alert": "alert-1" if what == "vulnerability.overdue" else None,
        },
    }


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
    evidence = replace(_clean(), visits=[], due={}, tasks=[])
    verdict = check(replace(evidence, decisions=[], deliveries=[]))
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
    again = _decision(7, "escalated", cycle=2, level=4, at=52)
    verdict = check(replace(evidence, decisions=[*evidence.decisions, again]))
    assert verdict.timers_twice == ["alert-1 v7"]


def test_a_severer_report_may_begin_a_cycle_before_the_deadline() -> None:
    evidence = _clean()
    risen = _decision(7, "escalated", cycle=3, level=4, at=43)
    pages = [*evidence.deliveries, _page(3, 4)]
    decisions = [*evidence.decisions, risen]
    assert check(replace(evidence, decisions=decisions, deliveries=pages)).clean


def _with_a_release(released: dict[str, Any]) -> Evidence:
    """The night goes on: the last level is taken by mistake, given back, and told again."""
    evidence = _clean()
    released["data"]["timeline"][0]["cycle"] = 2
    cycle = released["data"]["cycle"]
    goes_on = [
        _decision(7, "acknowledged", cycle=2, level=4, at=44),
        released,
        _decision(9, "updated", cycle=cycle, level=4, at=57, entry="repeated"),
    ]
    again = [_page(cycle, 4), _page(cycle, 4, ":r9")]
    return replace(
        evidence,
        decisions=[*evidence.decisions, *goes_on],
        deliveries=[*evidence.deliveries, *again],
    )


def test_a_take_that_was_given_back_lets_the_climb_go_on_in_a_cycle_of_its_own() -> None:
    verdict = check(_with_a_release(_decision(8, "released", cycle=3, level=4, at=47)))
    assert verdict.clean, verdict.counts()


def test_a_climb_that_goes_on_in_the_cycle_that_was_taken_is_seen() -> None:
    verdict = check(_with_a_release(_decision(8, "released", cycle=2, level=4, at=47)))
    assert verdict.after_ack == ["alert-1 v9"]


def test_pages_that_came_again_under_their_key_are_counted() -> None:
    assert repeated_pages(_clean().deliveries) == 1


def test_a_level_that_is_told_after_the_acknowledgement_of_its_cycle_is_seen() -> None:
    evidence = _clean()
    evidence.decisions[3]["data"]["cycle"] = 1
    evidence.decisions[4]["data"]["cycle"] = 1
    assert check(evidence).after_ack == ["alert-1 v5"]


def test_a_decision_that_is_missing_or_doubled_is_seen() -> None:
    evidence = _clean()
    first, _, *rest = evidence.decisions
    assert check(replace(evidence, decisions=[first, *rest])).versions
    assert check(replace(evidence, decisions=[*evidence.decisions, first])).versions


def test_a_level_that_nobody_was_told_of_is_seen() -> None:
    evidence = _clean()
    pages = [page for page in evidence.deliveries if page.level != 3]
    assert check(replace(evidence, deliveries=pages)).untold == ["alert-1: cycle 2, level 3"]


def test_a_post_of_a_level_that_was_not_told_is_seen() -> None:
    evidence = _clean()
    evidence.decisions[4]["data"]["post"] = "Kapolres, Padal"
    assert check(evidence).untold == ["alert-1: cycle 2, level 4, Padal"]


def test_a_level_that_was_jumped_over_and_got_no_copy_is_seen() -> None:
    evidence = _clean()
    jumped = evidence.decisions[3]["data"]
    jumped["level"], jumped["timeline"][1]["level"], jumped["post"] = 4, 4, POSTS[4]
    pages = [page for page in evidence.deliveries if page.level != 3]
    verdict = check(replace(evidence, decisions=evidence.decisions[:4], deliveries=pages))
    assert verdict.untold == ["alert-1: cycle 2, level 3"]


def test_nobody_need_be_told_of_what_was_taken_at_once() -> None:
    evidence = _clean()
    pages = [page for page in evidence.deliveries if (page.cycle, page.level) != (1, 2)]
    assert check(replace(evidence, deliveries=pages)).clean


def test_a_page_under_a_second_key_is_seen() -> None:
    evidence = _clean()
    twice = [*evidence.deliveries, _page(2, 3, ":again")]
    assert len(check(replace(evidence, deliveries=twice)).second_key) == 1


def test_a_repeat_that_came_early_or_after_somebody_took_it_is_seen() -> None:
    evidence = _clean()
    evidence.decisions[5]["data"]["updated_at"] = (START + timedelta(seconds=40)).isoformat()
    evidence.decisions[5]["data"]["timeline"][0]["at"] = (START + timedelta(seconds=40)).isoformat()
    assert len(check(evidence).early) == 1
    evidence.decisions[3]["data"]["cycle"] = 1
    evidence.decisions[5]["data"]["cycle"] = 1
    assert check(evidence).after_ack == ["alert-1 v6"]


def test_a_proposal_to_close_that_lapsed_early_is_seen_and_one_that_a_report_ended_is_not() -> None:
    evidence = _clean()
    lapsed = _decision(7, "close_lapsed", cycle=2, level=4, at=45)
    decisions = [*evidence.decisions, lapsed]
    assert len(check(replace(evidence, decisions=decisions)).early) == 1
    lapsed["data"]["parts"].append({"event": "report-2"})
    assert check(replace(evidence, decisions=decisions)).clean


@pytest.mark.parametrize(
    ("visits", "complaint"),
    [
        ([], "visit-2: nothing is known of it"),
        ([_visit("visit-2", 1, "due", at=0)], "visit-2 at far: due"),
        ([_visit("visit-2", 1, "done", at=20)], "visit-2 at far: done"),
        (
            [_visit("visit-2", 1, "missed", at=39)],
            "visit-2: missed before its grace was over",
        ),
        (
            [_visit("visit-2", each, "missed", at=40) for each in (1, 2)],
            "visit-2: missed 2 times",
        ),
    ],
)
def test_a_visit_that_was_not_judged_right_is_seen(
    visits: list[dict[str, Any]], complaint: str
) -> None:
    evidence = replace(_clean(), visits=visits, due={"visit-2": _due("far")})
    assert check(evidence).visits == [complaint]


def test_a_visit_that_was_kept_and_is_said_to_be_missed_is_seen() -> None:
    evidence = _clean()
    here = CheckIn("far", START + timedelta(seconds=40))
    promises = [*evidence.promises, Promise("visit-1", checkin=here)]
    assert check(replace(evidence, promises=promises)).visits == ["visit-2 at far: missed"]


def test_a_missed_visit_without_its_alert_is_seen() -> None:
    evidence = _clean()
    evidence.visits[1]["data"]["alert"] = "alert-9"
    assert check(evidence).visits == ["visit-2: missed without an alert"]


def test_a_vulnerability_without_a_task_or_with_one_that_is_early_or_twice_overdue_is_seen() -> (
    None
):
    evidence = _clean()
    assigned = evidence.tasks[0]
    assert check(replace(evidence, tasks=[])).tasks == ["weakness-1: no task"]
    assert check(replace(evidence, tasks=[assigned])).tasks == ["weakness-1: overdue 0 times"]
    early = _task(2, "vulnerability.overdue", at=29)
    assert check(replace(evidence, tasks=[assigned, early])).tasks == [
        "weakness-1: overdue before its time"
    ]
    twice = [*evidence.tasks, _task(3, "vulnerability.overdue", at=31)]
    assert check(replace(evidence, tasks=twice)).tasks == ["weakness-1: overdue 2 times"]
