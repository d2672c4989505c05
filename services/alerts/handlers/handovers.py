"""What happens to a prepared handover because nobody accepts it."""

from datetime import datetime

from services.alerts.domain.watch import alarm_due, alarmed, unaccepted
from services.alerts.handlers.raising import raise_alert
from services.alerts.handlers.recording import Tally
from services.alerts.ports import PlanBook, Transaction


async def handovers_run_out(
    transaction: Transaction, plans: PlanBook, now: datetime, limit: int, tally: Tally
) -> int:
    """Tells the Pawas of a watch that nobody accepts, of `limit` at most; returns how many."""
    due = await transaction.due_handovers(now, limit)
    for handover in due:
        report = unaccepted(handover, plans.plan, now)
        alarm = await raise_alert(transaction, report, plans, now, tally)
        await transaction.save_handover(alarmed(handover, alarm.alert.id))
        tally.lateness_s.append((now - (alarm_due(handover) or now)).total_seconds())
    return len(due)
