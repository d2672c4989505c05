"""What raises an alert because time has passed, and what closes it once that was made good: in one
way for all of it."""

from datetime import datetime

from services.alerts.domain.alert import healed, raised
from services.alerts.domain.decision import Decision
from services.alerts.domain.report import Report
from services.alerts.domain.triage import Surroundings, judge
from services.alerts.handlers.gaps import raise_gaps
from services.alerts.handlers.recording import Tally, record
from services.alerts.ports import PlanBook, Transaction


async def raise_alert(
    transaction: Transaction, report: Report, plans: PlanBook, now: datetime, tally: Tally
) -> Decision:
    """The alert of a report that joins no other, and those of the holes that it falls into."""
    judgement = judge(report, (), Surroundings(plans.plan, plans.situation))
    number = await transaction.next_number()
    decision = raised(report, judgement, number, plans.plan, now)
    await record(transaction, decision, tally)
    await raise_gaps(transaction, decision, plans.plan, now, tally)
    return decision


async def heal_alert(
    transaction: Transaction, alert_id: str | None, now: datetime, tally: Tally
) -> None:
    """What it was raised for was made good; None where nothing was raised."""
    alert = await transaction.alert(alert_id) if alert_id else None
    decision = healed(alert, now) if alert else None
    if decision is not None:
        await record(transaction, decision, tally)
