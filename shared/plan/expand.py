"""From rules to visits: which visits one local day demands."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.events.identity import derived_id
from shared.plan.in_force import in_force
from shared.plan.model import DueVisit, Plan, Shift, Site, Situation, VisitRule


def expand(plan: Plan, situation: Situation, day: date) -> list[DueVisit]:
    """The visits due on a day of the operation's local time, in order of due time, site and rule.

    The same plan, situation and day give the same visits with the same ids, whatever the order of
    the plan's rows. Times carry the local offset of the due moment as a fixed one, so arithmetic on
    them is exact.
    """
    plan = in_force(plan, situation)
    phase = situation.phase or _calendar_phase(plan, day)
    crews = _Crews(plan.shifts)
    visits = [
        _visit(plan, rule, site, slot, rule.crew or crews.on_duty(site.id, slot.at))
        for rule in plan.visit_rules
        if _is_in_force(rule, phase, situation.logistics_stage)
        for slot in _slots(rule.at, day, plan.timezone)
        for site in plan.sites
        if rule_covers(rule, site)
    ]
    return sorted(visits, key=lambda visit: (visit.due_at, visit.site, visit.rule, visit.id))


def rule_covers(rule: VisitRule, site: Site) -> bool:
    """Whether a rule's filters let a site pass; an empty filter lets every site pass."""
    return (
        (not rule.site_types or site.type in rule.site_types)
        and (not rule.risk_classes or site.risk_class in rule.risk_classes)
        and (not rule.sites or site.id in rule.sites)
    )


def local_moment(day: date, at: time, zone: ZoneInfo) -> datetime | None:
    """The UTC moment of a local time; None only where the zone leaves the whole day out.

    A time that the clocks skip moves by the length of the jump, forward unless that leaves the
    day; of a time that comes twice the first counts.
    """
    for fold in (0, 1):
        moment = datetime.combine(day, at.replace(tzinfo=zone, fold=fold)).astimezone(UTC)
        if moment.astimezone(zone).date() == day:
            return moment
    return None


def _calendar_phase(plan: Plan, day: date) -> str | None:
    phase = plan.phase_on(day)
    return phase.code if phase else None


def _is_in_force(rule: VisitRule, phase: str | None, stage: str | None) -> bool:
    return (not rule.phases or phase in rule.phases) and (
        not rule.logistics_stages or stage in rule.logistics_stages
    )


class _Slot(NamedTuple):
    """A time of a rule on a day: as the rule says it, and the moment that it means."""

    day: date
    at: time
    due: datetime


def _slots(times: Iterable[time], day: date, zone: ZoneInfo) -> Iterator[_Slot]:
    for at in times:
        due = local_moment(day, at, zone)
        if due is not None:
            yield _Slot(day, at, due)


def _visit(plan: Plan, rule: VisitRule, site: Site, slot: _Slot, crew: str | None) -> DueVisit:
    # Where the clocks jump, two times of one rule may be one moment: the local time tells them
    # apart in the id.
    local = f"{slot.day.isoformat()}T{slot.at.isoformat()}"
    due = slot.due
    offset = timezone(due.astimezone(plan.timezone).utcoffset() or timedelta())
    return DueVisit(
        id=derived_id(due, "visit", plan.operation.id, rule.id, site.id, local),
        rule=rule.id,
        site=site.id,
        unit=site.unit,
        crew=crew,
        opens_at=(due - timedelta(seconds=rule.opens_before_s)).astimezone(offset),
        due_at=due.astimezone(offset),
        grace_until=(due + timedelta(seconds=rule.grace_s)).astimezone(offset),
        min_dwell_s=rule.min_dwell_s,
    )


class _Crews:
    """Which crew has a site on its list at a time of day."""

    def __init__(self, shifts: Iterable[Shift]) -> None:
        self._shifts_of: dict[str, list[Shift]] = {}
        # By id, so that the order of rows decides nothing.
        for shift in sorted(shifts, key=lambda shift: shift.id):
            for site in shift.sites:
                self._shifts_of.setdefault(site, []).append(shift)

    def on_duty(self, site: str, at: time) -> str | None:
        """The crew whose shift covers the site at that time; the first by id where several do."""
        shifts = self._shifts_of.get(site, ())
        return next((shift.crew for shift in shifts if is_on_duty(shift, at)), None)


def is_on_duty(shift: Shift, at: time) -> bool:
    """Whether a time of day is within a shift; one that ends before it starts passes midnight."""
    if shift.starts < shift.ends:
        return shift.starts <= at < shift.ends
    return at >= shift.starts or at < shift.ends
