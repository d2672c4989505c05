"""The demo's last table: where everything went, and how long it took beside what is aimed at."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ronda.demo.phone import Sent
from ronda.demo.summary import Kept, balance, by_outcome, spans

START = datetime(2026, 11, 23, 21, 12, tzinfo=UTC)
EQUATION = "sent = archived + marked + rejected"


def test_what_was_sent_is_archived_or_marked_or_rejected() -> None:
    sent = Sent(accepted={"a", "b"}, repeats=1, rejected=1)
    assert dict(balance(sent, Kept(archived=2, marked=1)))[EQUATION] == "4 = 2 + 1 + 1  ✓"


def test_a_missing_event_a_missing_repeat_and_one_too_many_each_upset_the_balance() -> None:
    sent = Sent(accepted={"a", "b"}, repeats=1)
    for state in (Kept(1, 1, ("b",)), Kept(2, 0), Kept(2, 2)):
        assert not state.balances(sent)
        assert dict(balance(sent, state))[EQUATION].endswith("✗")


def test_what_was_told_to_wait_is_counted_and_may_have_been_kept_all_the_same() -> None:
    sent = Sent(accepted={"a"}, unanswered=3)
    assert dict(balance(sent, Kept(1, 0)))[EQUATION] == "4 = 1 + 0 + 0 + 3 told to wait  ✓"
    kept = dict(balance(sent, Kept(1, 2)))[EQUATION]
    assert kept == "4 = 1 + 2 + 0 + 3 told to wait - 2 of them kept all the same  ✓"


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_without_an_unanswered_request_only_equality_balances(
    repeats: int, rejected: int, marked: int
) -> None:
    sent = Sent(accepted={"a"}, repeats=repeats, rejected=rejected)
    assert Kept(1, marked).balances(sent) == (1 + marked + rejected == sent.events)


def test_alerts_are_counted_by_outcome_and_the_open_ones_by_state() -> None:
    alerts: list[dict[str, Any]] = [
        {"outcome": "recovered", "state": "closed"},
        {"outcome": None, "state": "raised"},
        {"outcome": "recovered", "state": "closed"},
    ]
    assert by_outcome(alerts) == "raised: 1, recovered: 2"


def test_each_step_stands_beside_its_target() -> None:
    told = {span.label: str(span) for span in spans(_alert("kritis", "incident"))}
    assert told == {
        "report → received": "1.0 s  ✓ target 2 s",
        "received → raised": "0.0 s",
        "raised → taken": "11.0 s  ✗ target 10 s",
        "taken → backup sent": "50.0 s  ✓ target 60 s",
        "report → on scene": "430.0 s  ✓ target 600 s",
    }


def test_who_takes_a_low_alert_has_more_time_and_an_absence_is_sent_by_no_phone() -> None:
    told = {span.label: str(span) for span in spans(_alert("rendah", "visit_missed"))}
    assert told["report → received"] == "1.0 s"
    assert told["raised → taken"] == "11.0 s  ✓ target 900 s"
    assert told["taken → backup sent"] == "50.0 s"


def _at(seconds: int) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def _alert(severity: str, kind: str) -> dict[str, Any]:
    return {
        "severity": severity,
        "kind": kind,
        "reported_at": _at(0),
        "received_at": _at(1),
        "raised_at": _at(1),
        "timeline": [
            {"what": "acknowledged", "at": _at(12)},
            {"what": "dispatched", "at": _at(62)},
            {"what": "acknowledged", "at": _at(90)},
        ],
        "dispatches": [{"arrived_at": _at(430)}],
    }
