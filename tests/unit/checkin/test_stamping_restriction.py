"""Who may know of a report is written on it when it is taken in."""

from typing import Any

import pytest
from msgspec.structs import replace

from services.checkin.domain.incoming import Incoming
from services.checkin.domain.stamping import Desk, Outgoing, Quarantined
from shared.checkpoint_codes import CodeBook
from shared.events.envelope import Envelope
from shared.events.registry import decode_envelope
from shared.plan.model import Plan
from tests.unit.checkin.builders import CHECKED_IN, NOW, SOKO, UNIT, a_sender, incoming
from tests.unit.checkin.desk import PLAN, stamped

WHERE = "gudang-logistik"


def accusing(plan: Plan = PLAN, **rule: Any) -> Plan:
    """The plan with one more category, which not everybody may know of."""
    row = replace(plan.categories[0], id="breach", **rule)
    return replace(plan, categories=[*plan.categories, row])


@pytest.mark.parametrize(
    ("rule", "subject", "expected"),
    [
        ({"restricted_to": ["supervisor", "auditor"]}, WHERE, ("auditor,supervisor", None)),
        ({"hidden_from_unit": True}, WHERE, (None, SOKO)),
        ({"restricted_to": ["commander"], "hidden_from_unit": True}, WHERE, ("commander", SOKO)),
        # The sender's own unit is the operation's, which is hidden from nobody.
        ({"restricted_to": ["commander"], "hidden_from_unit": True}, None, ("commander", None)),
        ({}, WHERE, (None, None)),
    ],
)
def test_a_report_says_who_may_know_of_it_by_the_plan(
    rule: dict[str, Any], subject: str | None, expected: tuple[str | None, str | None]
) -> None:
    item = incoming(subject=subject, data={"category": "breach"})
    event = stamped(item, plan=accusing(**rule))
    assert (event.restrictedto, event.hiddenfrom) == expected


def test_what_no_plan_could_judge_is_for_those_who_check_the_record() -> None:
    event = stamped(incoming(data={"category": "ufo"}), plan=None)
    assert (event.restrictedto, event.hiddenfrom) == ("auditor", UNIT)
    visit = stamped(incoming(CHECKED_IN, data={"method": "manual"}), plan=None)
    assert visit.restrictedto is None


def test_evidence_is_kept_from_the_unit_of_the_site_as_the_report_would_be() -> None:
    def kept(item: Incoming) -> Envelope:
        plan = accusing(hidden_from_unit=True)
        decision = Desk(a_sender(), plan, 0, NOW, CodeBook({})).admit(item, None, "bad_signature")
        assert isinstance(decision, Quarantined)
        return decode_envelope(decision.record.value)

    report = incoming(subject=WHERE, data={"category": "breach"})
    assert kept(report).hiddenfrom == SOKO
    unreadable = incoming(subject=WHERE, data={"category": 7})
    assert (kept(unreadable).restrictedto, kept(unreadable).hiddenfrom) == ("auditor", SOKO)
    assert kept(incoming(subject=WHERE)).restrictedto is None


def test_events_of_one_request_are_not_restricted_like_each_other() -> None:
    desk = Desk(a_sender(), accusing(hidden_from_unit=True), 0, NOW, CodeBook({}))
    items = [
        incoming(subject=WHERE, data={"category": category})
        for category in ("breach", "suspicious_person", "breach")
    ]
    records = [desk.admit(item) for item in items]
    hidden = [
        decode_envelope(record.value).hiddenfrom
        for record in records
        if isinstance(record, Outgoing)
    ]
    assert hidden == [SOKO, None, SOKO]
