"""What happens because time passes: alerts climb, acknowledgements expire, visits are missed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta

from services.alerts.domain.alert import alert_id_of, raised
from services.alerts.domain.decision import Decision
from services.alerts.domain.escalation import due
from services.alerts.domain.triage import Surroundings, judge
from services.alerts.domain.visit import absence, demanded, judged, missed, needs_barrier
from services.alerts.handlers.recording import Tally, record, record_visit
from services.alerts.metrics import Metrics
from services.alerts.ports import PatrolEnds, PendingVisit, PlanBook, Store, Transaction
from shared.events.alert import Alert, VisitMissed
from shared.logging import logger
from shared.plan.model import DueVisit, Plan, Situation
from shared.topics import PATROL

Expand = Callable[[Plan, Situation, date], Sequence[DueVisit]]
"""The pure expansion of a plan's rules for one local day."""

BATCH = 100
BATCHES_PER_TICK = 20
BROKER_TIMEOUT_S = 5
STILL_WAITING = timedelta(seconds=3)
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
        expand: Expand,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._plans = plans
        self._patrol_ends = patrol_ends
        self._expand = expand
        self._metrics = metrics
        self._expanded: object = None
        self._barrier_seen: datetime | None = None

    async def on_tick(self, now: datetime) -> datetime | None:
        """Decides all that is due at `now`, in bounded transactions.

        Returns when to look again: when the next alert or visit is due, which may be in the past
        where more is due than one tick takes, or None when nothing waits.
        """
        decided = await _in_batches(self._due_alerts, now)
        decided += await _in_batches(self._due_visits, now)
        await self._demand_visits(now)
        coming = await self._store.next_due()
        if coming is not None and not decided:
            # Another replica holds what is due, or it cannot be decided: do not spin on it.
            return max(coming, now + NOT_MINE)
        return coming

    async def _due_alerts(self, now: datetime) -> int:
        tally = Tally()
        async with self._store.transaction() as transaction:
            alerts = await transaction.due_alerts(now, BATCH)
            for alert in alerts:
                decision = self._decided(alert, now)
                if decision is not None and alert.next_due_at is not None:
                    await record(transaction, decision, tally)
                    tally.lateness_s.append((now - alert.next_due_at).total_seconds())
        tally.count(self._metrics)
        return len(tally.events)

    def _decided(self, alert: Alert, now: datetime) -> Decision | None:
        """One alert that cannot be decided must not stop the others; it stays due, and is seen."""
        try:
            return due(alert, self._plans.plan, now)
        except Exception:
            _log.exception("due alert cannot be decided", alert=alert.id)
            self._metrics.timer_failures.inc()
            return None

    async def _due_visits(self, now: datetime) -> int:
        tally = Tally()
        barriers: list[datetime] = []
        async with self._store.transaction() as transaction:
            visits = await transaction.due_visits(now, BATCH)
            if any(needs_barrier(pending, now) for pending in visits):
                ends = await self._ends()
            else:
                ends = None
            # Read after the rows are locked: what is stored by now has had its effect on them.
            positions = await _patrol_positions(transaction)
            for pending in visits:
                verdict = judged(pending, ends, positions, now)
                if verdict.is_missed:
                    await self._miss(transaction, verdict.pending, now, tally)
                else:
                    await transaction.save_visit(verdict.pending)
                    barriers.append(verdict.pending.barrier_at or now)
        tally.count(self._metrics)
        self._measure(barriers, now)
        return len(visits)

    async def _ends(self) -> Mapping[int, int] | None:
        try:
            async with asyncio.timeout(BROKER_TIMEOUT_S):
                return await self._patrol_ends.ends()
        except OSError as error:
            _log.warning("the ends of the patrol topic cannot be read", error=repr(error))
            return None

    async def _miss(
        self, transaction: Transaction, pending: PendingVisit, now: datetime, tally: Tally
    ) -> None:
        plan = self._plans.plan
        report = absence(pending.visit, plan, now)
        judgement = judge(report, (), Surroundings(plan, self._plans.situation))
        number = await transaction.next_number()
        decision = raised(report, judgement, number, plan, now)
        await record(transaction, decision, tally)
        settled = missed(pending, alert_id_of(report))
        await record_visit(transaction, settled, VisitMissed, now, tally)

    def _measure(self, barriers: Sequence[datetime], now: datetime) -> None:
        if barriers:
            self._barrier_seen = now
            self._metrics.barrier_age.set((now - min(barriers)).total_seconds())
        elif self._barrier_seen is None or now - self._barrier_seen > STILL_WAITING:
            self._metrics.barrier_age.set(0)

    async def _demand_visits(self, now: datetime) -> None:
        """Visits of yesterday to tomorrow, once for each plan, situation and local day."""
        plan, published_at = self._plans.plan, self._plans.published_at
        if plan is None or published_at is None:
            return
        situation = self._plans.situation
        today = now.astimezone(plan.timezone).date()
        wanted = (plan.version, published_at, situation, today)
        if wanted == self._expanded:
            return
        demands = [
            demand
            for day in (today - timedelta(days=1), today, today + timedelta(days=1))
            for demand in self._expand(plan, situation, day)
            if demand.due_at > published_at
        ]
        async with self._store.transaction() as transaction:
            await transaction.add_visits([demanded(each, plan) for each in demands])
            await transaction.withdraw_visits([each.id for each in demands], now)
        self._expanded = wanted


async def _in_batches(one_batch: Callable[[datetime], Awaitable[int]], now: datetime) -> int:
    """How many were decided, in as many full batches as one tick may take."""
    total = 0
    for _ in range(BATCHES_PER_TICK):
        decided = await one_batch(now)
        total += decided
        if decided < BATCH:
            break
    return total


async def _patrol_positions(transaction: Transaction) -> dict[int, int]:
    positions = await transaction.positions()
    return {
        partition: offset
        for (topic, partition), offset in positions.items()
        if topic == PATROL.name
    }
