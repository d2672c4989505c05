"""A crew that is asked for a sign of life: asked, answered, or silent until its time is over."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from services.alerts.domain.duty import Duty
from services.alerts.domain.report import SILENT, Report
from shared.events.alert import Visit
from shared.events.identity import derived_id
from shared.events.welfare import Nudge, NudgeReason, WelfareAnswered
from shared.plan.model import Plan

ANSWER_WITHIN = timedelta(minutes=10)


def asked(
    duty: Duty,
    reason: NudgeReason,
    now: datetime,
    *,
    by: str | None = None,
    text: str | None = None,
    visit: Visit | None = None,
) -> Nudge:
    """A question to a crew on duty; `by` is the name of the person who asks, None the system, which
    does it for what a silent site owes."""
    return Nudge(
        id=derived_id(now, "nudge", duty.crew),
        version=1,
        crew=duty.crew,
        unit=duty.unit,
        state="asked",
        reason=reason,
        by=by,
        text=text,
        site=visit.site if visit else None,
        site_name=visit.site_name if visit else None,
        asked_at=now,
        due_at=now + ANSWER_WITHIN,
        answered_at=None,
        answered_by=None,
        alert=None,
    )


def answered(nudge: Nudge, event: WelfareAnswered, now: datetime) -> Nudge | None:
    """The nudge with its answer, however late; None where it has one, or another crew's is meant.

    The phone's word is that its holder is well. Nothing else ends a nudge: a phone goes on telling
    where it is when nobody holds it any more.
    """
    if nudge.state == "answered" or event.data.crew not in {None, nudge.crew}:
        return None
    at = min(event.time, event.receivedtime or now)
    return replace(
        nudge,
        version=nudge.version + 1,
        state="answered",
        answered_at=at,
        answered_by=event.actor,
    )


def lapsed(nudge: Nudge, alert: str | None) -> Nudge:
    """Nobody answered in time; `alert` is what that raised."""
    return replace(nudge, version=nudge.version + 1, state="lapsed", alert=alert)


def is_waiting(nudge: Nudge) -> bool:
    """Whether its time still runs."""
    return nudge.state == "asked"


def unanswered(nudge: Nudge, duty: Duty | None, plan: Plan | None, now: datetime) -> Report | None:
    """The crew's silence as a report, at its last known place.

    None where the system asked because of a silent site: that site has an alert of its own.
    """
    if nudge.reason != "operator":
        return None
    return Report(
        event=nudge.id,
        type="ronda.welfare.nudged.v1",
        kind="silent",
        category=SILENT,
        time=nudge.asked_at,
        received_at=now,
        unit=nudge.unit,
        lat=duty.lat if duty else None,
        lon=duty.lon if duty else None,
        text=f"Regu {nudge.crew} tidak menjawab pertanyaan keselamatan",
        purpose=plan.operation.purpose if plan else None,
    )


def crews_for(site: str, own: str | None, plan: Plan | None) -> frozenset[str]:
    """The crews to ask about a site: the one that owes the visit, and those that have the site on
    their list."""
    listed = {shift.crew for shift in plan.shifts if site in shift.sites} if plan else set()
    return frozenset(listed | ({own} if own else set()))
