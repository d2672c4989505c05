"""What happens because time passes: alerts climb, acknowledgements expire, visits are missed,
tasks are overdue, events stay missing, questions stay unanswered."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from services.alerts.domain.decision import Decision
from services.alerts.domain.escalation import due
from services.alerts.handlers.demands import Demands
from services.alerts.handlers.gaps import raise_gaps
from services.alerts.handlers.presence import SequenceTimers
from services.alerts.handlers.recording import Tally, record_all
from services.alerts.handlers.tasks import TaskTimers
from services.alerts.handlers.visits import VisitTimers
from services.alerts.handlers.welfare import WelfareTimers
from services.alerts.metrics import Metrics
from services.alerts.ports import PatrolEnds, PlanBook, Store
from shared.clock import Clock
from shared.events.alert import Alert
from shared.logging import logger
from shared.plan.model import Plan

BATCH = 100
BATCHES_PER_TICK = 20
NOT_MINE = timedelta(milliseconds=200)

_log = logger(__name__)


class Clockwork:
    """One tick of the engine. Any number of replicas may tick at once."""

    def __init__(
        self,
        *,
        store: Store,
        plans: PlanBook,
        patrol_ends: PatrolEnds,
        demands: Demands,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._plans = plans
        self._visits = VisitTimers(
            store=store, plans=plans, patrol_ends=patrol_ends, metrics=metrics
        )
        self._demands = demands
        self._clock = clock
        self._metrics = metrics
        self._tasks = TaskTimers(store=store, plans=plans, metrics=metrics)
        self._sequences = SequenceTimers(store=store, metrics=metrics)
        self._welfare = WelfareTimers(store=store, plans=plans, metrics=metrics)
        self._counted: Plan | None = None

    async def on_tick(self, now: datetime) -> datetime | None:
        """Decides all that is due at `now`, in bounded transactions.

        Returns when to look again: when the next of them is due, which may be in the past where
        more is due than one tick takes, or None when nothing waits.
        """
        decided = await self._in_batches(self._due_alerts, now)
        decided += await self._in_batches(self._due_visits, now)
        decided += await self._in_batches(self._due_tasks, now)
        decided += await self._in_batches(self._due_sequences, now)
        decided += await self._in_batches(self._due_nudges, now)
        await self._demands.made(now)
        self._begin_channels()
        coming = await self._store.next_due()
        if coming is not None and not decided:
            # Another replica holds what is due, or it cannot be decided: do not spin on it.
            return max(coming, now + NOT_MINE)
        return coming

    def _begin_channels(self) -> None:
        plan = self._plans.plan
        if plan is not None and plan is not self._counted:
            self._metrics.begin_channels(plan.channel_by_id)
            self._counted = plan

    async def _due_alerts(self, now: datetime) -> int:
        tally = Tally()
        async with self._store.transaction() as transaction:
            decisions = []
            for alert in await transaction.due_alerts(now, BATCH):
                decision = self._decided(alert, now)
                if decision is not None and alert.next_due_at is not None:
                    decisions.append(decision)
                    tally.lateness_s.append((now - alert.next_due_at).total_seconds())
            await record_all(transaction, decisions, tally)
            for decision in decisions:
                await raise_gaps(transaction, decision, self._plans.plan, now, tally)
        tally.count(self._metrics)
        return len(decisions)

    def _decided(self, alert: Alert, now: datetime) -> Decision | None:
        """One alert that cannot be decided must not stop the others; it stays due, and is seen."""
        try:
            return due(alert, self._plans.plan, now)
        except Exception:
            _log.exception("due alert cannot be decided", alert=alert.id)
            self._metrics.timer_failures.inc()
            return None

    async def _due_visits(self, now: datetime) -> int:
        return await self._visits.run_out(now, BATCH)

    async def _due_tasks(self, now: datetime) -> int:
        return await self._tasks.run_out(now, BATCH)

    async def _due_sequences(self, now: datetime) -> int:
        return await self._sequences.run_out(now, BATCH)

    async def _due_nudges(self, now: datetime) -> int:
        return await self._welfare.run_out(now, BATCH)

    async def _in_batches(
        self, one_batch: Callable[[datetime], Awaitable[int]], now: datetime
    ) -> int:
        """How many were decided, in as many full batches as one tick may take."""
        total = 0
        for _ in range(BATCHES_PER_TICK):
            decided = await one_batch(now)
            total += decided
            if decided < BATCH:
                break
            now = max(now, self._clock())
        return total
