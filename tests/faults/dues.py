"""What was to happen at a time of its own: visits that the plan wants, vulnerabilities to mend."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.faults.histories import Event, gaps, histories, moment

MISSED = "ronda.visit.missed.v1"
OVERDUE = "ronda.vulnerability.overdue.v1"


@dataclass(frozen=True, slots=True)
class CheckIn:
    """Somebody was at a site."""

    site: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """A visit that the plan wants: a check-in at its site, from a moment to another."""

    site: str
    opens_at: datetime
    grace_until: datetime

    def is_kept_by(self, checkin: CheckIn) -> bool:
        """Whether a check-in is what was wanted."""
        return checkin.site == self.site and self.opens_at <= checkin.at <= self.grace_until


def visit_complaints(
    events: Sequence[Event],
    due: Mapping[str, Due],
    checkins: Sequence[CheckIn],
    alerts: Collection[str],
) -> list[str]:
    """Every visit that fell due ends as what it was, is missed at most once and not early, and a
    missed one has its alert."""
    found = histories(events)
    complaints = [f"{visit}: nothing is known of it" for visit in due if visit not in found]
    for visit, history in found.items():
        missed = [event for event in history if event["type"] == MISSED]
        complaints += [f"{visit}: missed {len(missed)} times"] if len(missed) > 1 else []
        for event in missed:
            if moment(event["time"]) < moment(event["data"]["grace_until"]):
                complaints.append(f"{visit}: missed before its grace was over")
            if event["data"]["alert"] not in alerts:
                complaints.append(f"{visit}: missed without an alert")
        state = history[-1]["data"]["state"]
        if visit in due and state not in _right(due[visit], checkins):
            complaints.append(f"{visit} at {due[visit].site}: {state}")
    return complaints


def _right(due: Due, checkins: Sequence[CheckIn]) -> set[str]:
    kept = any(due.is_kept_by(checkin) for checkin in checkins)
    return {"done", "recovered"} if kept else {"missed"}


def task_complaints(
    events: Sequence[Event], vulnerabilities: Sequence[str], alerts: Collection[str]
) -> list[str]:
    """Every vulnerability is one task, which is overdue once, not early, and has its alert then."""
    found = histories(events)
    complaints = [f"{event}: no task" for event in vulnerabilities if event not in found]
    complaints += [f"{task}: nobody reported it" for task in found.keys() - set(vulnerabilities)]
    for task, history in found.items():
        complaints += gaps(task, history)
        overdue = [event["data"] for event in history if event["type"] == OVERDUE]
        complaints += [f"{task}: overdue {len(overdue)} times"] if len(overdue) != 1 else []
        for data in overdue:
            if moment(data["updated_at"]) < moment(data["due_at"]):
                complaints.append(f"{task}: overdue before its time")
            if data["alert"] not in alerts:
                complaints.append(f"{task}: overdue without an alert")
    return complaints
