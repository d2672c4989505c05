"""What an officer is to do, with all that the phone needs to do it without a network."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice

from msgspec import Struct

from shared.events.task import Task
from shared.plan.expand import expand
from shared.plan.model import Category, DueVisit, Plan, Shift, Site, SiteType, Situation

MAX_SITES = 500
MAX_TASKS = 200
_DAYS = range(-1, 6)
"""A night's shift began yesterday; a phone may be without a network for five days."""


class Member(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    rank: str


class Officer(Member, frozen=True, kw_only=True):
    """The person whom the phone speaks for."""

    unit: str
    role: str


class Duty(Struct, frozen=True, kw_only=True):
    """A daily shift, in local times; an end before the start is next morning."""

    id: str
    starts: time
    ends: time
    members: list[Member]
    sites: list[str]


class Crew(Struct, frozen=True, kw_only=True):
    crew: str
    unit: str
    shifts: list[Duty]


class Target(Struct, frozen=True, kw_only=True):
    """A visit that is due; the phone shows it from `opens_at` on."""

    id: str
    site: str
    rule: str
    crew: str | None
    opens_at: datetime
    due_at: datetime
    grace_until: datetime
    min_dwell_s: float


class Phase(Struct, frozen=True, kw_only=True):
    code: str
    name: str


class OperationName(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    timezone: str
    purpose: str | None = None


class OpenTask(Struct, frozen=True, kw_only=True):
    """A vulnerability or an advice that is not done yet."""

    id: str
    version: int
    kind: str
    state: str
    site: str | None
    what: str
    text: str
    stage: str | None
    owner_name: str
    due_at: datetime


class Assignment(Struct, frozen=True, kw_only=True):
    """As the phone keeps it; the same plan, situation and local day give the same bytes."""

    version: str
    operation: OperationName
    phase: Phase | None
    person: Officer | None
    crews: list[Crew]
    targets: list[Target]
    sites: list[Site]
    site_types: list[SiteType]
    categories: list[Category]
    tasks: list[OpenTask]


def crews_of(plan: Plan, actor: str) -> frozenset[str]:
    """The crews that the plan has a person in."""
    return frozenset(shift.crew for shift in plan.shifts if actor in shift.members)


def sites_of(plan: Plan, crews: Iterable[str]) -> frozenset[str]:
    """The sites on the lists of crews."""
    wanted = frozenset(crews)
    return frozenset(site for shift in plan.shifts if shift.crew in wanted for site in shift.sites)


def visits_kept(plan: Plan, situation: Situation, today: date) -> list[DueVisit]:
    """The visits of all crews that phones keep: from yesterday until five days ahead."""
    return [
        visit for day in _DAYS for visit in expand(plan, situation, today + timedelta(days=day))
    ]


def assignment(
    plan: Plan,
    situation: Situation,
    visits: Iterable[DueVisit],
    *,
    actor: str,
    unit: str,
    crews: frozenset[str],
    tasks: Sequence[Task],
    now: datetime,
) -> Assignment:
    """What the crews have to do of `visits`. `plan` is the one in force, with the situation in its
    places."""
    today = now.astimezone(plan.timezone).date()
    targets = [
        Target(
            id=visit.id,
            site=visit.site,
            rule=visit.rule,
            crew=visit.crew,
            opens_at=visit.opens_at,
            due_at=visit.due_at,
            grace_until=visit.grace_until,
            min_dwell_s=visit.min_dwell_s,
        )
        for visit in visits
        if visit.crew in crews
    ]
    sites = list(islice(_sites(plan, unit, crews, targets), MAX_SITES))
    shown = {site.id for site in sites}
    return Assignment(
        version=plan.version,
        operation=OperationName(
            id=plan.operation.id,
            name=plan.operation.name,
            timezone=plan.operation.timezone,
            purpose=plan.operation.purpose,
        ),
        phase=_phase(plan, situation, today),
        person=_officer(plan, actor),
        crews=_crews(plan, crews),
        targets=targets,
        sites=sites,
        site_types=plan.site_types,
        categories=plan.categories,
        tasks=[_open(task) for task in tasks if task.site in shown][:MAX_TASKS],
    )


def _phase(plan: Plan, situation: Situation, today: date) -> Phase | None:
    calendar = plan.phase_on(today)
    code = situation.phase or (calendar.code if calendar else None)
    named = next((phase for phase in plan.phases if phase.code == code), None)
    return Phase(code=named.code, name=named.name) if named else None


def _sites(
    plan: Plan, unit: str, crews: frozenset[str], targets: Sequence[Target]
) -> Iterator[Site]:
    """Sites of the round first, then what else lies in the unit."""
    named = {target.site for target in targets} | sites_of(plan, crews)
    yield from (site for site in plan.sites if site.id in named)
    for site in plan.sites:
        if site.id not in named and (site.unit == unit or site.unit.startswith(f"{unit}/")):
            yield site


def _crews(plan: Plan, crews: frozenset[str]) -> list[Crew]:
    shifts: dict[str, list[Shift]] = {}
    for shift in plan.shifts:
        if shift.crew in crews:
            shifts.setdefault(shift.crew, []).append(shift)
    return [
        Crew(crew=crew, unit=own[0].unit, shifts=[_duty(plan, shift) for shift in own])
        for crew, own in shifts.items()
    ]


def _duty(plan: Plan, shift: Shift) -> Duty:
    people = plan.person_by_id
    members = [
        Member(id=person, name=people[person].name, rank=people[person].rank)
        for person in shift.members
        if person in people
    ]
    return Duty(
        id=shift.id, starts=shift.starts, ends=shift.ends, members=members, sites=shift.sites
    )


def _officer(plan: Plan, actor: str) -> Officer | None:
    person = plan.person_by_id.get(actor)
    if person is None:
        return None
    return Officer(
        id=person.id, name=person.name, rank=person.rank, unit=person.unit, role=person.role
    )


def _open(task: Task) -> OpenTask:
    return OpenTask(
        id=task.id,
        version=task.version,
        kind=task.kind,
        state=task.state,
        site=task.site,
        what=task.what,
        text=task.text,
        stage=task.stage,
        owner_name=task.owner_name,
        due_at=task.due_at,
    )
