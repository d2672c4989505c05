"""What becomes of visits as time passes: due, at risk, missed; and of sites that are silent."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.alerts.domain.alert import alert_id_of, raised
from services.alerts.domain.report import Report
from services.alerts.domain.triage import Surroundings, judge
from services.alerts.domain.visit import (
    Verdict,
    absence,
    judged,
    missed,
    needs_barrier,
    silence,
)
from services.alerts.handlers.gaps import raise_gaps
from services.alerts.handlers.recording import Tally, VisitEvent, record, record_visit
from services.alerts.handlers.welfare import nudge_about
from services.alerts.metrics import Metrics
from services.alerts.ports import PatrolEnds, PendingVisit, PlanBook, Store, Transaction
from shared.events.alert import Visit, VisitAtRisk, VisitDue, VisitMissed
from shared.logging import logger
from shared.topics import PATROL

BROKER_TIMEOUT_S = 5
STILL_WAITING = timedelta(seconds=3)
TOLD: Mapping[Verdict, type[VisitEvent]] = {"due": VisitDue, "at_risk": VisitAtRisk}

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class _Round:
    """One transaction over visits that are due for a look."""

    transaction: Transaction
    now: datetime
    tally: Tally


class VisitTimers:
    """Any number of replicas may judge visits at once: each row is locked by one of them."""

    def __init__(
        self, *, store: Store, plans: PlanBook, patrol_ends: PatrolEnds, metrics: Metrics
    ) -> None:
        self._store = store
        self._plans = plans
        self._patrol_ends = patrol_ends
        self._metrics = metrics
        self._barrier_seen: datetime | None = None

    async def run_out(self, now: datetime, limit: int) -> int:
        """Looks at the visits whose check has come, `limit` at most; returns how many."""
        tally = Tally()
        barriers: list[datetime] = []
        async with self._store.transaction() as transaction:
            looking = _Round(transaction, now, tally)
            visits = await transaction.due_visits(now, limit)
            needed = any(needs_barrier(pending, now) for pending in visits)
            ends = await self._ends() if needed else None
            # Read after the rows are locked: what is stored by now has had its effect on them.
            positions = await _patrol_positions(transaction)
            for pending in visits:
                verdict = judged(pending, ends, positions, now)
                await self._settle(looking, verdict.pending, verdict.verdict)
                barriers += [at] if (at := verdict.pending.barrier_at) else []
        tally.count(self._metrics)
        self._measure(barriers, now)
        return len(visits)

    async def _settle(self, looking: _Round, pending: PendingVisit, verdict: Verdict) -> None:
        if verdict == "missed":
            await self._miss(looking, pending)
        elif verdict in TOLD:
            await self._tell(looking, pending, TOLD[verdict])
        else:
            if verdict == "silent":
                await self._listen(looking, pending.visit)
            await looking.transaction.save_visit(pending)

    async def _miss(self, looking: _Round, pending: PendingVisit) -> None:
        plan = self._plans.plan
        report = absence(pending.visit, plan, looking.now)
        await self._raise(looking, report)
        settled = missed(pending, alert_id_of(report), plan, looking.now)
        await self._tell(looking, settled, VisitMissed)

    async def _listen(self, looking: _Round, visit: Visit) -> None:
        """Whether the site has said anything since the visit was owed; else one alert asks for a
        word, until it comes."""
        transaction = looking.transaction
        sign = await transaction.last_sign(visit.site)
        if sign is not None and sign >= visit.opens_at:
            return
        report = silence(visit, self._plans.plan, looking.now)
        made_id = alert_id_of(report)
        standing = await transaction.begin_silence(visit.site, made_id, visit.opens_at)
        if standing is not None:
            asking = await transaction.alert(standing)
            if asking is not None and asking.state != "closed":
                return
            await transaction.renew_silence(visit.site, made_id, visit.opens_at)
        await self._raise(looking, report)
        await nudge_about(transaction, visit, self._plans.plan, looking.now, looking.tally)

    async def _raise(self, looking: _Round, report: Report) -> None:
        plan = self._plans.plan
        judgement = judge(report, (), Surroundings(plan, self._plans.situation))
        number = await looking.transaction.next_number()
        decision = raised(report, judgement, number, plan, looking.now)
        await record(looking.transaction, decision, looking.tally)
        await raise_gaps(looking.transaction, decision, plan, looking.now, looking.tally)

    async def _tell(
        self, looking: _Round, pending: PendingVisit, event_type: type[VisitEvent]
    ) -> None:
        plan = self._plans.plan
        await record_visit(
            looking.transaction,
            pending,
            event_type,
            looking.now,
            looking.tally,
            purpose=plan.operation.purpose if plan else None,
        )

    async def _ends(self) -> Mapping[int, int] | None:
        try:
            async with asyncio.timeout(BROKER_TIMEOUT_S):
                return await self._patrol_ends.ends()
        except OSError as error:
            _log.warning("the ends of the patrol topic cannot be read", error=repr(error))
            return None

    def _measure(self, barriers: Sequence[datetime], now: datetime) -> None:
        if barriers:
            self._barrier_seen = now
            self._metrics.barrier_age.set((now - min(barriers)).total_seconds())
        elif self._barrier_seen is None or now - self._barrier_seen > STILL_WAITING:
            self._metrics.barrier_age.set(0)


async def _patrol_positions(transaction: Transaction) -> dict[int, int]:
    positions = await transaction.positions()
    return {
        partition: offset
        for (topic, partition), offset in positions.items()
        if topic == PATROL.name
    }
