"""What happens because time passes: alerts climb, acknowledgements expire, tasks are overdue,
events stay missing, questions stay unanswered, a watch is accepted by nobody. Visits have a clock
of their own: theirs waits for the broker."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TypeAlias

from services.alerts.domain.escalation import due
from services.alerts.handlers.gaps import raise_gaps
from services.alerts.handlers.handovers import handovers_run_out
from services.alerts.handlers.presence import gaps_run_out
from services.alerts.handlers.recording import Tally, record_all
from services.alerts.handlers.tasks import tasks_run_out
from services.alerts.handlers.welfare import nudges_run_out
from services.alerts.metrics import Metrics
from services.alerts.ports import PlanBook, Store, Transaction, TryAgain
from shared.clock import Clock
from shared.logging import logger
from shared.plan.model import Plan

BATCH = 100
BATCHES_PER_TICK = 20
NOT_MINE = timedelta(milliseconds=200)

RunOut: TypeAlias = Callable[[Transaction, PlanBook, datetime, int, Tally], Awaitable[int]]
"""Decides what is due at a moment, so many at most; returns how many it decided."""

_log = logger(__name__)


async def alerts_run_out(
    transaction: Transaction, plans: PlanBook, now: datetime, limit: int, tally: Tally
) -> int:
    """What happens to alerts because time passes: they climb, and what was taken expires."""
    decisions = []
    for alert in await transaction.due_alerts(now, limit):
        decision = tally.attempt(partial(due, alert, plans.plan, now), alert=alert.id)
        if decision is not None and alert.next_due_at is not None:
            decisions.append(decision)
            tally.lateness_s.append((now - alert.next_due_at).total_seconds())
    await record_all(transaction, decisions, tally)
    for decision in decisions:
        await raise_gaps(transaction, decision, plans.plan, now, tally)
    return len(decisions)


KINDS: Mapping[str, RunOut] = {
    "alerts": alerts_run_out,
    "tasks": tasks_run_out,
    "sequences": gaps_run_out,
    "handovers": handovers_run_out,
    "nudges": nudges_run_out,
}


class Clockwork:
    """One tick of the engine. Any number of replicas may tick at once."""

    def __init__(
        self,
        *,
        store: Store,
        plans: PlanBook,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._plans = plans
        self._clock = clock
        self._metrics = metrics
        self._counted: Plan | None = None

    async def on_tick(self, now: datetime) -> datetime | None:
        """Decides all that is due at `now`, in bounded transactions.

        Returns when to look again: when the next of them is due, which may be in the past where
        more is due than one tick takes, or None when nothing waits.
        """
        decided = 0
        for kind, run_out in KINDS.items():
            decided += await self._decided(kind, run_out, now)
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

    async def _decided(self, kind: str, run_out: RunOut, now: datetime) -> int:
        """One kind of timers that cannot be decided must not stop the others."""
        try:
            return await self._in_batches(run_out, now)
        except TryAgain:
            raise
        except Exception:
            _log.exception("due timers cannot be decided", kind=kind)
            self._metrics.timer_failures.inc()
            return 0

    async def _in_batches(self, run_out: RunOut, now: datetime) -> int:
        """How many were decided, in as many full batches as one tick may take."""
        total = 0
        for _ in range(BATCHES_PER_TICK):
            tally = Tally()
            async with self._store.transaction() as transaction:
                decided = await run_out(transaction, self._plans, now, BATCH, tally)
            tally.count(self._metrics)
            total += decided
            if decided < BATCH:
                break
            now = max(now, self._clock())
        return total
