"""Absence is an event: what became of a visit that the plan demands.

A visit is due when its window opens, at risk from its due time on, and missed when its grace has
passed *and* everything that `ronda.patrol` held by then has been taken in: that is its barrier. A
clock alone decides nothing, so what is late on its way to us is not missed. A scan that arrives
later heals. A site that owes a visit and says nothing at all for its `unknown_for` is silent; that
too is decided behind a barrier.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Literal

from msgspec.structs import replace as with_fields

from services.alerts.domain.amendment import spoken_of
from services.alerts.domain.report import MISSED, SILENT, Report, counts
from services.alerts.domain.shortfall import shortfalls
from shared.events.alert import Visit
from shared.events.identity import derived_id
from shared.events.patrol import VisitCheckedIn, VisitCheckedOut, VisitWithdrawn
from shared.plan.model import DueVisit, Plan

RECHECK = timedelta(seconds=1)
LOOK_BACK = timedelta(hours=24)
NO_EVIDENCE = frozenset({"mock_location", "outside_geofence"})


@dataclass(frozen=True, slots=True)
class PendingVisit:
    """A visit with what only the engine needs: its barrier, once its grace has passed.

    `next_check_at` of a missed visit is when its site is silent, unless it is heard of. The barrier
    is the end of `ronda.patrol` by partition, read after the grace; the visit is missed when the
    positions that are stored with our effects have passed it.
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
    people: int | None = None


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
    return PendingVisit(visit, next_check_at=due.opens_at)


def needs_barrier(pending: PendingVisit, now: datetime) -> bool:
    """Whether the ends of the topic must be read for it now."""
    return pending.barrier is None and pending.visit.grace_until <= now


Verdict = Literal["waiting", "due", "at_risk", "missed", "silent"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A visit at its check, and what can be said of it for the first time; `waiting` says that
    nothing is new."""

    pending: PendingVisit
    verdict: Verdict


def judged(
    pending: PendingVisit,
    ends: Mapping[int, int] | None,
    positions: Mapping[int, int],
    now: datetime,
) -> Judged:
    """What can be said of a visit now. `ends` was read after its grace, or is None where the broker
    is away; `positions` are those that are stored with our effects.
    """
    visit = pending.visit
    if now < visit.opens_at:
        return Judged(replace(pending, next_check_at=visit.opens_at), "waiting")
    if now < visit.due_at:
        return Judged(replace(pending, next_check_at=visit.due_at), "due")
    news: Verdict = "at_risk" if visit.state == "due" else "waiting"
    visit = _at_risk(visit)
    if now < visit.grace_until:
        return Judged(PendingVisit(visit, next_check_at=visit.grace_until), news)
    barrier = pending.barrier if pending.barrier is not None else ends
    if barrier is not None and _is_passed(barrier, positions):
        verdict: Verdict = "silent" if visit.state == "missed" else "missed"
        return Judged(PendingVisit(visit, next_check_at=None), verdict)
    waiting = PendingVisit(visit, now + RECHECK, barrier, pending.barrier_at or now)
    return Judged(waiting, news)


def missed(pending: PendingVisit, alert_id: str, plan: Plan | None, now: datetime) -> PendingVisit:
    """Nobody came. Once its site has been silent for too long, that is looked at too."""
    visit = _as(pending.visit, state="missed", alert=alert_id)
    return PendingVisit(visit, next_check_at=_silent_at(visit, plan, now))


def _silent_at(visit: Visit, plan: Plan | None, now: datetime) -> datetime | None:
    site = plan.site_by_id.get(visit.site) if plan else None
    if plan is None or site is None:
        return None
    return max(now, visit.due_at + timedelta(seconds=plan.unknown_for_s(site)))


def silence(visit: Visit, plan: Plan | None, now: datetime) -> Report:
    """A site that owes a word and says none, as a report; its time is since when it is owed."""
    site = plan.site_by_id.get(visit.site) if plan else None
    return Report(
        event=derived_id(visit.due_at, "silent", visit.id),
        type="ronda.visit.missed.v1",
        kind="silent",
        category=SILENT,
        time=visit.opens_at,
        received_at=now,
        unit=visit.unit,
        site=visit.site,
        site_name=visit.site_name,
        lat=site.lat if site else None,
        lon=site.lon if site else None,
        purpose=plan.operation.purpose if plan else None,
    )


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
        purpose=plan.operation.purpose if plan else None,
    )


def presence(
    event: VisitCheckedIn, people: int | None, plan: Plan | None, now: datetime
) -> Presence | None:
    """What a check-in proves; None where it proves nothing, or is not of this operation.

    `people` is the size of the crew, where the check-in does not say how many came.
    """
    if event.subject is None or not counts(event, plan) or event.flag_set & NO_EVIDENCE:
        return None
    moment = min(event.time, event.receivedtime or now)
    came = event.data.people if event.data.people is not None else people
    return Presence(event.id, event.subject, moment, came)


def attended(
    visits: Iterable[PendingVisit], was: Presence, plan: Plan | None
) -> list[PendingVisit]:
    """The visits that a presence changes: of each rule at most one, since rules ask in parallel.

    Inside a window it is the visit. After the grace, and before the rule's next window, it makes
    the last one good.
    """
    by_rule = sorted(visits, key=lambda pending: (pending.visit.rule, pending.visit.due_at))
    changes = (
        _attended(list(group), was)
        for _, group in groupby(by_rule, key=lambda pending: pending.visit.rule)
    )
    return [_measured(change, plan, None) for change in changes if change is not None]


def inspected(
    visits: Iterable[PendingVisit], event: VisitCheckedOut, plan: Plan | None
) -> list[PendingVisit]:
    """The visits that a check-out ends, with what they lacked; those that it changes."""
    ended = [each for each in visits if each.visit.checkin == event.data.checkin]
    return [
        change for each in ended if (change := _measured(each, plan, event)).visit != each.visit
    ]


def taken_back(
    visits: Iterable[PendingVisit], event: VisitWithdrawn, now: datetime
) -> list[PendingVisit]:
    """The visits that a withdrawn check-in had fulfilled, as they were before it. One that had been
    missed is judged a second time, and then asks again: its first alert is closed."""
    return [
        PendingVisit(
            _as(
                pending.visit,
                state="due" if now < pending.visit.due_at else "at_risk",
                visited_at=None,
                checkin=None,
                people=None,
                dwell_s=None,
                shortfalls=[],
            ),
            next_check_at=now,
        )
        for pending in visits
        if pending.visit.checkin == event.data.checkin
    ]


def _measured(
    pending: PendingVisit, plan: Plan | None, event: VisitCheckedOut | None
) -> PendingVisit:
    visit = pending.visit
    dwell_s = _dwell_s(visit, event)
    rule = plan.visit_rule_by_id.get(visit.rule) if plan else None
    lacked = shortfalls(rule, visit.people, dwell_s, event) if rule else []
    if event is None:
        return replace(pending, visit=with_fields(visit, dwell_s=None, shortfalls=lacked))
    if (visit.dwell_s, visit.shortfalls) == (dwell_s, lacked):
        return pending
    return replace(pending, visit=_as(visit, dwell_s=dwell_s, shortfalls=lacked))


def _dwell_s(visit: Visit, event: VisitCheckedOut | None) -> float | None:
    """By the phone's own measure, else between its two stamps; of one that was left open, none."""
    if event is None or event.data.incomplete or visit.visited_at is None:
        return None
    if event.data.dwell_s is not None:
        return event.data.dwell_s
    return max(0.0, (spoken_of(event) - visit.visited_at).total_seconds())


def _is_passed(barrier: Mapping[int, int], positions: Mapping[int, int]) -> bool:
    """Whether all that the topic held when the barrier was read has been taken in."""
    return all(positions.get(partition, 0) >= end for partition, end in barrier.items())


def _at_risk(visit: Visit) -> Visit:
    return _as(visit, state="at_risk") if visit.state == "due" else visit


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
    visit = _as(
        pending.visit, state=state, visited_at=was.moment, checkin=was.event, people=was.people
    )
    return PendingVisit(visit, next_check_at=None)


def _as(visit: Visit, **fields: object) -> Visit:
    return with_fields(visit, version=visit.version + 1, **fields)
