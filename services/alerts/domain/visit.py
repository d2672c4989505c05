"""Absence is an event: what became of a visit that the plan demands.

A visit is missed when its grace has passed *and* everything that `ronda.patrol` held by then has
been taken in: that is its barrier. A clock alone decides nothing, so what is late on its way to us
is not missed. A scan that arrives later heals.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from msgspec.structs import replace as with_fields

from services.alerts.domain.report import MISSED, Report
from shared.events.alert import Visit
from shared.events.patrol import VisitCheckedIn
from shared.plan.model import DueVisit, Plan

RECHECK = timedelta(seconds=1)
LOOK_BACK = timedelta(hours=24)
NO_EVIDENCE = frozenset({"mock_location", "outside_geofence"})


@dataclass(frozen=True, slots=True)
class PendingVisit:
    """A visit with what only the engine needs: its barrier, once its grace has passed.

    The barrier is the end of `ronda.patrol` by partition, read after the grace; the visit is missed
    when the positions that are stored with our effects have passed it.
    """

    visit: Visit
    next_check_at: datetime | None
    barrier: Mapping[int, int] | None = None
    barrier_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """A check-in that proves that somebody was there."""

    event: str
    site: str
    moment: datetime


def demanded(due: DueVisit, plan: Plan) -> PendingVisit:
    """A visit as it waits for its time."""
    site = plan.site_by_id.get(due.site)
    visit = Visit(
        id=due.id,
        version=1,
        state="due",
        site=due.site,
        site_name=site.name if site else due.site,
        unit=due.unit,
        rule=due.rule,
        crew=due.crew,
        opens_at=due.opens_at,
        due_at=due.due_at,
        grace_until=due.grace_until,
        visited_at=None,
        checkin=None,
        alert=None,
    )
    return PendingVisit(visit, next_check_at=due.grace_until)


def needs_barrier(pending: PendingVisit, now: datetime) -> bool:
    """Whether the ends of the topic must be read for it now."""
    return pending.barrier is None and pending.visit.grace_until <= now


@dataclass(frozen=True, slots=True)
class Judged:
    """A visit whose grace is over: missed, or at risk for as long as its barrier is not passed."""

    pending: PendingVisit
    is_missed: bool


def judged(
    pending: PendingVisit,
    ends: Mapping[int, int] | None,
    positions: Mapping[int, int],
    now: datetime,
) -> Judged:
    """What can be said of a visit now. `ends` was read after its grace, or is None where the broker
    is away; `positions` are those that are stored with our effects.
    """
    if pending.visit.grace_until > now:
        return Judged(replace(pending, next_check_at=pending.visit.grace_until), is_missed=False)
    barrier = pending.barrier if pending.barrier is not None else ends
    at_risk = PendingVisit(
        visit=_at_risk(pending.visit),
        next_check_at=now + RECHECK,
        barrier=barrier,
        barrier_at=pending.barrier_at or now,
    )
    return Judged(at_risk, is_missed=barrier is not None and _is_passed(barrier, positions))


def missed(pending: PendingVisit, alert_id: str) -> PendingVisit:
    """Nobody came."""
    return PendingVisit(_as(pending.visit, state="missed", alert=alert_id), next_check_at=None)


def absence(visit: Visit, plan: Plan | None, now: datetime) -> Report:
    """The missed visit as a report, for the alert that it raises."""
    site = plan.site_by_id.get(visit.site) if plan else None
    return Report(
        event=visit.id,
        type="ronda.visit.missed.v1",
        kind="visit_missed",
        category=MISSED,
        time=visit.due_at,
        received_at=now,
        unit=visit.unit,
        site=visit.site,
        site_name=visit.site_name,
        lat=site.lat if site else None,
        lon=site.lon if site else None,
    )


def presence(event: VisitCheckedIn, now: datetime) -> Presence | None:
    """What a check-in proves; None where it proves nothing, or is not of the real operation."""
    if event.subject is None or not event.is_live or event.flag_set & NO_EVIDENCE:
        return None
    moment = min(event.time, event.receivedtime or now)
    return Presence(event.id, event.subject, moment)


def attended(visits: Iterable[PendingVisit], was: Presence) -> list[PendingVisit]:
    """The visits that a presence changes: of each rule at most one, since rules ask in parallel.

    Inside a window it is the visit. After the grace, and before the rule's next window, it makes
    the last one good.
    """
    by_rule = sorted(visits, key=lambda pending: (pending.visit.rule, pending.visit.due_at))
    changes = (
        _attended(list(group), was)
        for _, group in groupby(by_rule, key=lambda pending: pending.visit.rule)
    )
    return [change for change in changes if change is not None]


def _is_passed(barrier: Mapping[int, int], positions: Mapping[int, int]) -> bool:
    """Whether all that the topic held when the barrier was read has been taken in."""
    return all(positions.get(partition, 0) >= end for partition, end in barrier.items())


def _at_risk(visit: Visit) -> Visit:
    return visit if visit.state == "at_risk" else _as(visit, state="at_risk")


def _attended(visits: Sequence[PendingVisit], was: Presence) -> PendingVisit | None:
    within = [pending for pending in visits if _is_within(pending.visit, was.moment)]
    if within:
        wanting = (pending for pending in within if _wants(pending.visit))
        return next((_visited(pending, was) for pending in wanting), None)
    before = [pending for pending in visits if pending.visit.grace_until < was.moment]
    if not before or before[-1].visit.state not in {"due", "at_risk", "missed"}:
        return None
    return _settled(before[-1], was, "recovered")


def _is_within(visit: Visit, moment: datetime) -> bool:
    return visit.opens_at <= moment <= visit.grace_until


def _wants(visit: Visit) -> bool:
    """Not done yet; one that was made good late is set right, unless it was declared missed."""
    late_only = visit.state == "recovered" and visit.alert is None
    return late_only or visit.state in {"due", "at_risk", "missed"}


def _visited(pending: PendingVisit, was: Presence) -> PendingVisit:
    return _settled(pending, was, "recovered" if pending.visit.state == "missed" else "done")


def _settled(pending: PendingVisit, was: Presence, state: str) -> PendingVisit:
    visit = _as(pending.visit, state=state, visited_at=was.moment, checkin=was.event)
    return PendingVisit(visit, next_check_at=None)


def _as(visit: Visit, **fields: object) -> Visit:
    return with_fields(visit, version=visit.version + 1, **fields)
