"""Holes in a chain, as alerts of their own."""

from datetime import datetime

from services.alerts.domain.decision import Decision
from services.alerts.domain.gap import gap_alert, gap_report
from services.alerts.handlers.recording import Tally, record
from services.alerts.ports import Transaction
from shared.plan.model import Plan


async def raise_gaps(
    transaction: Transaction, decision: Decision, plan: Plan | None, now: datetime, tally: Tally
) -> None:
    """Raises an alert for each hole that a decision came upon, once a day for each."""
    if plan is None or decision.alert.kind == "roster":
        return
    for gap in decision.gaps:
        report = gap_report(decision.alert, gap, plan, now)
        # The inbox knows which were raised, also of two replicas that find one at once.
        if await transaction.admit([report.event]):
            number = await transaction.next_number()
            await record(transaction, gap_alert(report, gap, number, plan, now), tally)
