"""Who will be missing: empty shifts, steps of the chains and contacts in the hours ahead."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Literal

from msgspec import Struct

from shared.plan.expand import expand, is_on_duty
from shared.plan.in_force import in_force
from shared.plan.model import Contact, EscalationPolicy, Plan, Shift, Situation, Step

HOURS_AHEAD = 12
BEGINS_WITHIN = timedelta(minutes=30)
"""How late a crew may begin before it counts as missing."""
_STEP = timedelta(minutes=15)


class Lack(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that is empty, and between which moments it is.

    `grave`: without it a visit is made by nobody or a chain has a hole; else it is worth a look.
    `who` names the crew, the step (`policy/level unit`), the post or the person.
    """

    kind: Literal["shift", "step", "contact"]
    code: str
    who: str
    unit: str
    """Whose crew, chain, post or person it is."""
    starts: datetime
    ends: datetime
    id: str
    en: str
    grave: bool = True


def readiness(
    plan: Plan,
    situation: Situation,
    now: datetime,
    hours: float = HOURS_AHEAD,
    *,
    on_duty: Collection[str] | None = None,
) -> list[Lack]:
    """Every lack between `now` and so many hours later, grave ones first.

    `on_duty` are the crews that have begun their shift, where that is known: of those that should
    have, the others are missing.
    """
    plan = in_force(plan, situation)
    ends = now + timedelta(hours=hours)
    lacks = [
        *_shifts(plan, situation, now, ends),
        *_steps(plan, now, ends),
        *_contacts(plan, now, ends),
        *_deaf_chains(plan, now, ends),
        *(_absent(plan, now, on_duty) if on_duty is not None else ()),
    ]
    return sorted(lacks, key=lambda lack: (not lack.grave, lack.kind, lack.starts, lack.who))


def _shifts(plan: Plan, situation: Situation, now: datetime, ends: datetime) -> Iterator[Lack]:
    """Visits that fall to a crew of which nobody is on shift, or to no crew at all."""
    due = [
        visit
        for day in _days(plan, now, ends)
        for visit in expand(plan, situation, day)
        if now <= visit.due_at < ends
    ]
    homes = {shift.crew: shift.unit for shift in plan.shifts}
    empty: dict[tuple[str | None, str], list[datetime]] = {}
    for visit in due:
        if visit.crew is None or not _members(plan, visit.crew, visit.due_at):
            unit = homes.get(visit.crew or "", visit.unit)
            empty.setdefault((visit.crew, unit), []).append(visit.due_at)
    for (crew, unit), moments in empty.items():
        who = crew or "-"
        visits = len(moments)
        yield Lack(
            kind="shift",
            code="no_shift" if crew else "no_crew",
            who=who,
            unit=unit,
            starts=min(moments),
            ends=max(moments),
            id=f"{visits} kontrol tanpa petugas: {who}",
            en=f"{visits} visits fall to nobody: {who}",
            grave=crew is not None,
        )


def _absent(plan: Plan, now: datetime, on_duty: Collection[str]) -> Iterator[Lack]:
    """Crews whose shift has begun by the plan, and of which no phone has said so."""
    earlier = now - BEGINS_WITHIN
    homes = {shift.crew: shift.unit for shift in plan.shifts}
    for crew in sorted(set(homes) - set(on_duty)):
        if _members(plan, crew, now) and _members(plan, crew, earlier):
            yield Lack(
                kind="shift",
                code="not_begun",
                who=crew,
                unit=homes[crew],
                starts=now,
                ends=now,
                id=f"{crew} belum memulai giliran jaga",
                en=f"{crew} has not begun its shift",
            )


def _steps(plan: Plan, now: datetime, ends: datetime) -> Iterator[Lack]:
    """Levels that reach nobody, for each unit that has a site or is the operation's."""
    units = sorted({plan.operation.unit, *(site.unit for site in plan.sites)})
    moments = list(_moments(now, ends))
    for policy in plan.policies:
        for level, step in enumerate(policy.steps, 1):
            for unit in units:
                deaf = [at for at in moments if not _contacts_of(plan, step, unit, at)]
                if deaf:
                    yield _step_lack(policy, level, unit, deaf)


def _step_lack(policy: EscalationPolicy, level: int, unit: str, deaf: list[datetime]) -> Lack:
    names = ", ".join(policy.steps[level - 1].names)
    return Lack(
        kind="step",
        code="empty_step",
        who=f"{policy.id}/{level} {unit}",
        unit=unit,
        starts=deaf[0],
        ends=deaf[-1] + _STEP,
        id=f"Tingkat {level} rantai {policy.id} tidak menjangkau siapa pun: {names}",
        en=f"Level {level} of the chain {policy.id} reaches nobody: {names}",
    )


def _contacts(plan: Plan, now: datetime, ends: datetime) -> Iterator[Lack]:
    """Posts and persons of the chains without a contact, or with none but the log."""
    kinds = {kind for policy in plan.policies for step in policy.steps for kind in step.posts}
    people = {name for policy in plan.policies for step in policy.steps for name in step.people}
    crews = {crew for policy in plan.policies for step in policy.steps for crew in step.crews}
    people |= {name for shift in plan.shifts if shift.crew in crews for name in shift.members}
    reached = [(post.id, post.unit, post.contacts) for post in plan.posts if post.kind in kinds]
    reached += [(each.id, each.unit, each.contacts) for each in plan.people if each.id in people]
    for who, unit, contacts in reached:
        if _is_deaf(plan, contacts):
            none = not contacts
            yield Lack(
                kind="contact",
                code="no_contact" if none else "log_only",
                who=who,
                unit=unit,
                starts=now,
                ends=ends,
                id=f"{who}: {'tanpa kontak' if none else 'hanya tercatat di log'}",
                en=f"{who}: {'no contact' if none else 'nothing but the log'}",
                grave=none,
            )


def _deaf_chains(plan: Plan, now: datetime, ends: datetime) -> Iterator[Lack]:
    """Chains that reach people, and none but by a line in a log: that is for exercises."""
    if plan.operation.purpose is not None:
        return
    units = sorted({plan.operation.unit, *(site.unit for site in plan.sites)})
    for policy in plan.policies:
        contacts = [
            contact
            for step in policy.steps
            for unit in units
            for at in _moments(now, ends)
            for contact in _contacts_of(plan, step, unit, at)
        ]
        if contacts and _is_deaf(plan, contacts):
            yield Lack(
                kind="contact",
                code="deaf_chain",
                who=policy.id,
                unit=plan.operation.unit,
                starts=now,
                ends=ends,
                id=f"Rantai {policy.id} tidak memanggil siapa pun, hanya tercatat di log",
                en=f"The chain {policy.id} calls nobody, it only writes into the log",
            )


def _contacts_of(plan: Plan, step: Step, unit: str, at: datetime) -> list[Contact]:
    posts = (plan.post(kind, unit) for kind in step.posts)
    on_shift = (name for crew in step.crews for name in _members(plan, crew, at))
    people = (plan.person_by_id.get(name) for name in (*step.people, *on_shift))
    return [contact for each in (*posts, *people) if each is not None for contact in each.contacts]


def _members(plan: Plan, crew: str, at: datetime) -> list[str]:
    local = at.astimezone(plan.timezone).time()
    shifts: Iterable[Shift] = (shift for shift in plan.shifts if shift.crew == crew)
    return [name for shift in shifts if is_on_duty(shift, local) for name in shift.members]


def _is_deaf(plan: Plan, contacts: list[Contact]) -> bool:
    rows = (plan.channel_by_id.get(contact.channel) for contact in contacts)
    return all(row is None or row.kind == "log" for row in rows)


def _days(plan: Plan, now: datetime, ends: datetime) -> Iterator[date]:
    day = now.astimezone(plan.timezone).date()
    while day <= ends.astimezone(plan.timezone).date():
        yield day
        day += timedelta(days=1)


def _moments(now: datetime, ends: datetime) -> Iterator[datetime]:
    while now < ends:
        yield now
        now += _STEP
