"""What becomes of visits as time passes: due, at risk, missed; and of sites that are silent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.alerts.domain.alert import alert_id_of
from services.alerts.domain.report import Report
from services.alerts.domain.visit import (
    Verdict,
    absence,
    judged,
    missed,
    silence,
)
from services.alerts.handlers.clockwork import NOT_MINE
from services.alerts.handlers.demands import Demands
from services.alerts.handlers.raising import raise_alert
from services.alerts.handlers.recording import Tally, VisitEvent, record_visit
from services.alerts.handlers.welfare import nudge_about
from services.alerts.metrics import Metrics
from services.alerts.ports import PatrolEnds, PendingVisit, PlanBook, Store, Transaction
from shared.clock import Clock
from shared.events.alert import Visit, VisitAtRisk, VisitDue, VisitMissed
from shared.logging import logger
from shared.topics import PATROL

BATCH = 100
BATCHES_PER_TICK = 20
STILL_WAITING = timedelta(seconds=3)
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(seconds=15)
"""Between two questions to a broker that is away."""
PUT_OFF = timedelta(minutes=1)
TOLD: Mapping[Verdict, type[VisitEvent]] = {"due": VisitDue, "at_risk": VisitAtRisk}

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class _Round:
    """One transaction over visits that are due for a look."""

    transaction: Transaction
    now: datetime
    tally: Tally


class _Unjudgeable(Exception):
    """What is to be said of one visit cannot be worked out or stored."""

    def __init__(self, pending: PendingVisit) -> None:
        super().__init__(pending.visit.id)
        self.pending = pending


class VisitTimers:
    """Any number of replicas may judge visits at once: each row is locked by one of them."""

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
        self._patrol_ends = patrol_ends
        self._demands = demands
        self._clock = clock
        self._metrics = metrics
        self._barrier_seen: datetime | None = None
        self._pause = FIRST_PAUSE
        self._asks_after: datetime | None = None

    async def on_tick(self, now: datetime) -> datetime | None:
        """Looks at the visits whose check has come at `now`, in bounded transactions; returns when
        to look again, as the clockwork's tick does."""
        await self._demands.made(now)
        # Before any row is locked, and once: a broker that is away takes seconds to say so.
        ends = await self._ends() if await self._store.awaits_ends(now) else None
        looked: list[PendingVisit] = []
        for _ in range(BATCHES_PER_TICK):
            try:
                batch = await self._looked_at(ends, now)
            except _Unjudgeable as error:
                await self._put_off(error, now)
                continue
            looked += batch
            if len(batch) < BATCH:
                break
        self._measure([at for each in looked if (at := each.barrier_at)], now)
        coming = await self._store.next_visit_due()
        return max(coming, now + NOT_MINE) if coming is not None and not looked else coming

    async def _looked_at(self, ends: Mapping[int, int] | None, now: datetime) -> list[PendingVisit]:
        """A batch of visits, as they are after the look; `ends` was read at `now` or later."""
        tally = Tally()
        looked = []
        async with self._store.transaction() as transaction:
            looking = _Round(transaction, now, tally)
            visits = await transaction.due_visits(now, BATCH)
            # Read after the rows are locked: what is stored by now has had its effect on them.
            positions = await _patrol_positions(transaction)
            for pending in visits:
                try:
                    verdict = judged(pending, ends, positions, now)
                    await self._settle(looking, verdict.pending, verdict.verdict)
                except (ValueError, TypeError, ArithmeticError, LookupError) as error:
                    raise _Unjudgeable(pending) from error
                looked.append(verdict.pending)
        tally.count(self._metrics)
        return looked

    async def _put_off(self, error: _Unjudgeable, now: datetime) -> None:
        """One visit that cannot be judged must not stop the others; it is tried again later."""
        visit = error.pending.visit
        _log.error("due visit cannot be decided", visit=visit.id, error=repr(error.__cause__))
        self._metrics.timer_failures.inc()
        async with self._store.transaction() as transaction:
            around = await transaction.visits_of(visit.site, visit.opens_at, visit.grace_until)
            # Whoever changed it meanwhile has judged it.
            if error.pending in around:
                await transaction.save_visit(replace(error.pending, next_check_at=now + PUT_OFF))

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
        alert_id = await self._raise(looking, report)
        settled = missed(pending, alert_id, plan, looking.now)
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

    async def _raise(self, looking: _Round, report: Report) -> str:
        """The id of the alert."""
        decision = await raise_alert(
            looking.transaction, report, self._plans, looking.now, looking.tally
        )
        return decision.alert.id

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
        """The ends of the topic; None where the broker is away, and for a while after that."""
        if self._asks_after is not None and self._clock() < self._asks_after:
            return None
        try:
            ends = await self._patrol_ends.ends()
        except OSError as error:
            _log.warning("the ends of the patrol topic cannot be read", error=repr(error))
            self._asks_after = self._clock() + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
            return None
        self._pause, self._asks_after = FIRST_PAUSE, None
        return ends

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
