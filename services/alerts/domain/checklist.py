"""What a visit's answers are reports of: an open lock found on a round is an incident."""

from datetime import datetime

from services.alerts.domain.amendment import finding_id, spoken_of
from services.alerts.domain.decision import clipped
from services.alerts.domain.report import Report, purpose_of
from shared.events.patrol import ChecklistAnswer, VisitCheckedOut
from shared.plan.expand import rule_covers
from shared.plan.model import Plan


def bad_answers(event: VisitCheckedOut) -> list[ChecklistAnswer]:
    """What was found not to be in order."""
    return [each for each in event.data.checklist if each.answer == "bad"]


def findings(event: VisitCheckedOut, plan: Plan | None, now: datetime) -> list[Report]:
    """The reports that the bad answers are, by the checklists of the rules that cover the site."""
    site = plan.site_by_id.get(event.subject or "") if plan else None
    if plan is None or site is None:
        return []
    categories = {
        each.item: each.category
        for rule in plan.visit_rules
        if rule_covers(rule, site)
        for each in rule.checklist
        if each.category
    }
    person = plan.person_by_id.get(event.actor or "")
    return [
        Report(
            event=finding_id(event, answer.item),
            type=event.type,
            kind="incident",
            category=categories[answer.item],
            time=spoken_of(event),
            received_at=event.receivedtime or now,
            unit=site.unit,
            site=site.id,
            site_name=site.name,
            lat=site.lat,
            lon=site.lon,
            actor=event.actor,
            by=person.name if person else event.actor,
            device=event.device,
            text=clipped(f"{answer.item}: {answer.remark or 'bad'}"),
            purpose=purpose_of(event, plan),
            channel=event.channel,
            media=tuple(event.data.media),
        )
        for answer in bad_answers(event)
        if answer.item in categories
    ]
