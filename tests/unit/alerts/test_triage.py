"""How severe, and why: modifiers only raise, and every reason that fired is said."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.alerts.domain.report import Report, report_of
from services.alerts.domain.triage import Judgement, OpenVulnerability, Surroundings, judge
from shared.events.alert import Part
from shared.events.incident import IncidentReported
from shared.plan.model import Situation
from tests.builders import NIGHT, WAREHOUSE, a_duress, a_plan, a_vulnerability, an_id, an_incident

QUIET_DAY = datetime(2024, 2, 12, 3, 0, tzinfo=UTC)
BLIND = OpenVulnerability(an_id("v"), WAREHOUSE, NIGHT, a_vulnerability().data)


def report(event: IncidentReported | None = None, **over: Any) -> Report:
    return report_of(event or an_incident(**over), a_plan(), NIGHT)


def judged(
    what: Report, *parts: Part, situation: Situation | None = None, **over: Any
) -> Judgement:
    return judge(what, parts, Surroundings(a_plan(), situation or Situation(), **over))


def codes(judgement: Judgement) -> set[str]:
    return {reason.code for reason in judgement.reasons}


@pytest.mark.parametrize(
    ("category", "severity"),
    [("other", "rendah"), ("suspicious_person", "sedang"), ("fire", "kritis")],
)
def test_a_category_has_the_severity_of_the_plans_table(category: str, severity: str) -> None:
    judgement = judged(report(category=category))

    assert judgement.severity == severity
    assert codes(judgement) == {"category"}


def test_a_category_that_the_plan_does_not_know_is_medium_and_says_so() -> None:
    judgement = judged(report(category="ufo"))

    assert (judgement.severity, codes(judgement)) == ("sedang", {"unknown_category"})


def test_a_tense_phase_raises_by_one() -> None:
    judgement = judged(report(time=QUIET_DAY))

    assert (judgement.severity, codes(judgement)) == ("tinggi", {"category", "phase"})


def test_the_phase_is_the_one_when_it_happened_not_when_it_was_received() -> None:
    late = report(time=NIGHT, receivedtime=QUIET_DAY)

    assert "phase" not in codes(judged(late))


def test_a_phase_that_the_posko_has_set_outranks_the_calendar() -> None:
    assert "phase" in codes(judged(report(), situation=Situation(phase="voting")))
    assert "phase" not in codes(
        judged(report(time=QUIET_DAY), situation=Situation(phase="campaign"))
    )


def test_an_open_vulnerability_raises_by_one() -> None:
    judgement = judged(report(), vulnerabilities=[BLIND])

    assert (judgement.severity, codes(judgement)) == ("tinggi", {"category", "vulnerability"})


def test_a_second_witness_raises_by_one() -> None:
    first = report()

    judgement = judged(report(actor="p-7"), first.part)

    assert (judgement.severity, codes(judgement)) == ("tinggi", {"category", "independent_reports"})


def test_the_same_witness_twice_is_one_witness() -> None:
    first = report()

    judgement = judged(report(time=NIGHT + timedelta(minutes=3)), first.part)

    assert (judgement.severity, codes(judgement)) == ("sedang", {"category"})


def test_a_witness_of_half_an_hour_ago_is_none() -> None:
    first = report()

    judgement = judged(report(actor="p-7", time=NIGHT + timedelta(minutes=16)), first.part)

    assert "independent_reports" not in codes(judgement)


def test_a_copy_is_no_second_witness_of_what_it_copies() -> None:
    app = report()
    copy = report(actor=None, device="sms-gw", report={"copyof": app.event})

    assert "independent_reports" not in codes(judged(copy, app.part))
    assert "independent_reports" not in codes(judged(app, copy.part))
    third = report(actor=app.actor, time=NIGHT + timedelta(minutes=1))
    assert "independent_reports" not in codes(judged(third, app.part, copy.part))


def test_modifiers_add_up_and_end_at_the_highest() -> None:
    judgement = judged(
        report(actor="p-7", time=QUIET_DAY), report(time=QUIET_DAY).part, vulnerabilities=[BLIND]
    )

    assert judgement.severity == "kritis"
    assert codes(judgement) == {"category", "phase", "independent_reports", "vulnerability"}


def test_the_worst_of_the_parts_is_what_is_raised() -> None:
    worse = report(category="suspicious_object")

    judgement = judged(report(actor="p-7"), worse.part)

    assert judgement.severity == "kritis"


def test_duress_is_critical_whatever_the_plan_says() -> None:
    duress = report_of(a_duress(), None, NIGHT)

    judgement = judge(duress, (), Surroundings(None, Situation()))

    assert judgement.severity == "kritis"


def test_every_reason_speaks_two_languages() -> None:
    judgement = judged(
        report(actor="p-7", time=QUIET_DAY, receivedtime=QUIET_DAY + timedelta(hours=1)),
        report(time=QUIET_DAY).part,
        vulnerabilities=[BLIND],
    )

    assert "late" in codes(judgement)
    assert all(reason.id and reason.en and reason.id != reason.en for reason in judgement.reasons)
