"""What happens to a prepared handover because nobody accepts it."""

from datetime import datetime

from services.alerts.domain.watch import alarm_due, alarmed, unaccepted
from services.alerts.handlers.raising import raise_alert
from services.alerts.handlers.recording import Tally
from services.alerts.metrics import Metrics
from services.alerts.ports import PlanBook, Store


class HandoverTimers:
    """Tells the Pawas of a watch that nobody accepts."""

    def __init__(self, *, store: Store, plans: PlanBook, metrics: Metrics) -> None:
        self._store = store
        self._plans = plans
        self._metrics = metrics

    async def run_out(self, now: datetime, limit: int) -> int:
        """Raises the alerts of those whose time is over, `limit` at most; returns how many."""
        tally = Tally()
        async with self._store.transaction() as transaction:
            due = await transaction.due_handovers(now, limit)
            for handover in due:
                report = unaccepted(handover, self._plans.plan, now)
                alarm = await raise_alert(transaction, report, self._plans, now, tally)
                await transaction.save_handover(alarmed(handover, alarm.alert.id))
                tally.lateness_s.append((now - (alarm_due(handover) or now)).total_seconds())
        tally.count(self._metrics)
        return len(due)
