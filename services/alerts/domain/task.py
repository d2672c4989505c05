"""What is to be mended before it happens: who sees to it, until when, and what if nobody does.

A task has one timer. While it is open it is told again every few days. At its due time it is
overdue and raises an alert, which climbs by the policy of *rendah*; closing that alert mends
nothing, so an overdue task asks again. Only a person ends it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from msgspec.structs import replace as with_fields

from services.alerts.domain.decision import Refusal, clipped
from services.alerts.domain.report import OVERDUE, Report, purpose_of, unit_of
from shared.events.alert import Entry, Owner, Reason
from shared.events.identity import derived_id
from shared.events.patrol import ChecklistAnswer, VulnerabilityReported
from shared.events.task import (
    AdviceDone,
    AdviceIssued,
    AdviceOverdue,
    Task,
    TaskKind,
    TaskUpdated,
    VulnerabilityAssigned,
    VulnerabilityExtended,
    VulnerabilityMitigated,
    VulnerabilityOverdue,
)
from shared.plan.model import Plan, Site

DUE_WITHIN = timedelta(hours=24)
"""Where whoever reports names no time."""
AGAIN = timedelta(hours=24)
TOLD_AGAIN = timedelta(days=3)
"""What phones show is folded from the last days of the topic: of an open task nobody would know
any more of which nothing was said for a week."""
LONGEST = timedelta(days=366)
OWNING_POST = "padal"
TIMELINE_ENTRIES = 100

TaskEvent: TypeAlias = (
    VulnerabilityAssigned
    | VulnerabilityExtended
    | VulnerabilityMitigated
    | VulnerabilityOverdue
    | AdviceIssued
    | AdviceDone
    | AdviceOverdue
    | TaskUpdated
)
Change: TypeAlias = Literal["assigned", "extended", "done", "overdue", "updated"]

_EVENTS: dict[TaskKind, dict[Change, type[TaskEvent]]] = {
    "vulnerability": {
        "assigned": VulnerabilityAssigned,
        "extended": VulnerabilityExtended,
        "done": VulnerabilityMitigated,
        "overdue": VulnerabilityOverdue,
        "updated": TaskUpdated,
    },
    "advice": {
        "assigned": TaskUpdated,
        "extended": TaskUpdated,
        "done": AdviceDone,
        "overdue": AdviceOverdue,
        "updated": TaskUpdated,
    },
}


@dataclass(frozen=True, slots=True)
class TaskDecision:
    """A new version of a task, and the event that tells of it."""

    event: type[TaskEvent]
    task: Task


@dataclass(frozen=True, slots=True)
class TaskUnchanged:
    """What was asked is so already."""

    task: Task


TaskResult: TypeAlias = TaskDecision | TaskUnchanged | Refusal


@dataclass(frozen=True, slots=True)
class Advice:
    """Something to be done before an incident, as whoever weighs a site's risk words it."""

    cause: str
    """Names what it rests on: the same cause at the same moment is the same advice."""
    site: str
    about: str
    text: str
    reasons: tuple[Reason, ...]
    due_at: datetime | None = None


def reported(event: VulnerabilityReported, plan: Plan | None, now: datetime) -> TaskDecision:
    """The task that a vulnerability becomes; its owner is who was named, else a post of the unit's.

    A time that the reporter names counts even where it has passed on the way: then it is overdue.
    """
    data, unit = event.data, unit_of(event, plan)
    owner, name, why = _owner(data.owner, unit, plan)
    due_at = _within_reason(data.due_at or event.time + DUE_WITHIN, now)
    task = _blank(
        event.id, "vulnerability", event.subject, unit, plan, due_at=due_at, reported_at=event.time
    )
    task = with_fields(
        task,
        what=data.kind,
        text=clipped(data.text) or "",
        stage=data.stage,
        owner=owner,
        owner_name=name,
        reported_by=event.actor,
        checkin=data.checkin,
        media=list(data.media),
        reasons=[why],
        purpose=purpose_of(event, plan),
    )
    return _decided(task, "assigned", now, Entry(at=now, what="assigned", by=name))


def advised(advice: Advice, plan: Plan, now: datetime) -> TaskDecision:
    """The task that an advice becomes, for the post that sees to such things in the site's unit."""
    site = plan.site_by_id.get(advice.site)
    unit = site.unit if site else plan.operation.unit
    owner, name = _owning_post(unit, plan)
    why = Reason(code="owning_post", id=f"Ditangani {name}", en=f"The post that sees to it: {name}")
    due_at = _within_reason(advice.due_at or now + DUE_WITHIN, now)
    task_id = derived_id(now, "advice", advice.cause, advice.site)
    task = _blank(task_id, "advice", advice.site, unit, plan, due_at=due_at, reported_at=now)
    task = with_fields(
        task,
        what=advice.about,
        text=clipped(advice.text) or "",
        owner=owner,
        owner_name=name,
        reasons=[*advice.reasons, why],
        purpose=plan.operation.purpose,
    )
    issued = _decided(task, "updated", now, Entry(at=now, what="issued", by=name))
    return TaskDecision(AdviceIssued, issued.task)


def lapsed(task: Task, now: datetime) -> TaskDecision | None:
    """Its time ran out, or ran out long ago and nothing was done; or it is still open, and that is
    told again. None where nothing is due."""
    if task.next_due_at is None or task.next_due_at > now:
        return None
    if task.state == "open" and task.due_at > now:
        return _decided(task, "updated", now)
    task = with_fields(task, state="overdue", lapses=task.lapses + 1, next_due_at=now + AGAIN)
    return _decided(task, "overdue", now, Entry(at=now, what="overdue", by=task.owner_name))


def raising(task: Task, alert: str) -> Task:
    """The overdue task with the alert that it raised."""
    return with_fields(task, alert=alert)


def overdue_report(task: Task, plan: Plan | None, now: datetime) -> Report:
    """The overdue task as the report of the alert that it raises: one for each time it lapsed."""
    site = _site(task.site, plan)
    return Report(
        event=derived_id(task.due_at, "overdue", task.id, str(task.lapses)),
        type=str(_EVENTS[task.kind]["overdue"].__struct_config__.tag),
        kind="task_overdue",
        category=OVERDUE,
        time=task.due_at,
        received_at=now,
        unit=task.unit,
        site=task.site,
        site_name=task.site_name,
        lat=site.lat if site else None,
        lon=site.lon if site else None,
        text=f"{task.owner_name}: {task.text}",
        purpose=task.purpose,
    )


def asked(task: Task, answer: ChecklistAnswer, by: str | None, now: datetime) -> TaskDecision:
    """A visit looked at it: what it saw is written down, and a person decides what it means."""
    note = answer.answer if answer.remark is None else f"{answer.answer}: {answer.remark}"
    line = Entry(at=now, what="seen", by=by, note=clipped(note))
    return _decided(task, "updated", now, line)


@dataclass(frozen=True, slots=True)
class TaskCase:
    """A task before a person who saw its `version`."""

    task: Task
    by: Owner
    version: int
    plan: Plan | None
    now: datetime

    @property
    def is_stale(self) -> bool:
        """Whether it changed since this person looked."""
        return self.version != self.task.version

    def line(self, what: str, note: str | None = None) -> Entry:
        """A line of the story in this person's name."""
        return Entry(at=self.now, what=what, by=self.by.name, note=clipped(note))


def assign(case: TaskCase, owner: str | None, due_at: datetime | None) -> TaskResult:
    """Somebody else sees to it. An overdue one needs a new time too, or it would go on as it is."""
    task = case.task
    refusal = _unfit(case)
    if refusal is not None:
        return refusal
    if not owner:
        return _lacking("owner", "Sebutkan penanggung jawabnya", "Name who is to see to it")
    if due_at is None and task.state == "overdue":
        return _lacking("due_at", "Sudah lewat batas: sebutkan batas baru", "Name a new due time")
    if due_at is not None and not case.now < due_at <= case.now + LONGEST:
        return _bad_time()
    name = _name(owner, case.plan)
    task = with_fields(task, owner=owner, owner_name=name)
    if due_at is not None:
        task = _due(task, due_at)
    return _decided(task, "assigned", case.now, case.line("assigned", name))


def extend(case: TaskCase, due_at: datetime | None, reason: str | None) -> TaskResult:
    """More time, with a reason that stays in its story."""
    task = case.task
    refusal = _unfit(case)
    if refusal is not None:
        return refusal
    if not reason:
        return _lacking("reason", "Sebutkan alasan perpanjangan", "Say why it takes longer")
    soonest = max(case.now, task.due_at)
    if due_at is None or not soonest < due_at <= case.now + LONGEST:
        return _bad_time()
    return _decided(_due(task, due_at), "extended", case.now, case.line("extended", reason))


def finish(case: TaskCase, note: str | None) -> TaskResult:
    """It is mended, whatever happened to it meanwhile; whoever says so again changes nothing."""
    task = case.task
    if task.state == "done":
        return TaskUnchanged(task) if task.done_by == case.by.name else _already_done(task)
    if not note:
        return _lacking("note", "Tulis apa yang dilakukan", "Say what was done")
    task = with_fields(task, state="done", next_due_at=None, done_at=case.now, done_by=case.by.name)
    return _decided(task, "done", case.now, case.line("done", note))


def remark(case: TaskCase, note: str | None) -> TaskResult:
    """A line for the story, in every state."""
    if not note:
        return _lacking("note", "Catatan tidak boleh kosong", "The note must not be empty")
    return _decided(case.task, "updated", case.now, case.line("note", note))


def _decided(task: Task, change: Change, now: datetime, *entries: Entry) -> TaskDecision:
    timeline = [*task.timeline, *entries]
    if len(timeline) > TIMELINE_ENTRIES:
        # How it began stays.
        timeline = [timeline[0], *timeline[1 - TIMELINE_ENTRIES :]]
    task = with_fields(task, version=task.version + 1, updated_at=now, timeline=timeline)
    if task.state == "open":
        task = with_fields(task, next_due_at=min(task.due_at, now + TOLD_AGAIN))
    return TaskDecision(_EVENTS[task.kind][change], task)


def _due(task: Task, due_at: datetime) -> Task:
    return with_fields(task, state="open", due_at=due_at, next_due_at=due_at)


def _within_reason(due_at: datetime, now: datetime) -> datetime:
    """A phone with a wild clock cannot put a task off for ever."""
    return min(due_at, now + LONGEST)


def _blank(
    task_id: str,
    kind: TaskKind,
    site_id: str | None,
    unit: str,
    plan: Plan | None,
    *,
    due_at: datetime,
    reported_at: datetime,
) -> Task:
    site = _site(site_id, plan)
    return Task(
        id=task_id,
        version=0,
        kind=kind,
        state="open",
        site=site_id,
        site_name=site.name if site else None,
        unit=unit,
        what=kind,
        text="",
        stage=None,
        owner=OWNING_POST,
        owner_name=OWNING_POST,
        due_at=due_at,
        reported_by=None,
        reported_at=reported_at,
        checkin=None,
        media=[],
        lapses=0,
        alert=None,
        next_due_at=due_at,
        updated_at=reported_at,
        done_at=None,
        done_by=None,
        reasons=[],
        timeline=[],
    )


def _owner(named: str | None, unit: str, plan: Plan | None) -> tuple[str, str, Reason]:
    if named is not None:
        name = _name(named, plan)
        why = Reason(
            code="named_owner",
            id=f"Penanggung jawab menurut pelapor: {name}",
            en=f"The owner as the reporter named it: {name}",
        )
        return named, name, why
    owner, name = _owning_post(unit, plan)
    why = Reason(
        code="owning_post",
        id=f"Pelapor tidak menyebut siapa: {name} yang menangani",
        en=f"The reporter named nobody: {name} sees to it",
    )
    return owner, name, why


def _owning_post(unit: str, plan: Plan | None) -> tuple[str, str]:
    post = plan.post(OWNING_POST, unit) if plan else None
    return (post.id, post.name) if post else (OWNING_POST, OWNING_POST)


def _name(owner: str, plan: Plan | None) -> str:
    """The words for a person or a post of the plan; anything else is words already."""
    if plan is None:
        return owner
    person = plan.person_by_id.get(owner)
    names: Iterable[str] = (post.name for post in plan.posts if post.id == owner)
    return person.name if person else next(iter(names), owner)


def _site(site_id: str | None, plan: Plan | None) -> Site | None:
    return plan.site_by_id.get(site_id) if plan and site_id else None


def _unfit(case: TaskCase) -> Refusal | None:
    if case.task.state == "done":
        return _already_done(case.task)
    return _stale(case.task) if case.is_stale else None


def _stale(task: Task) -> Refusal:
    last = task.timeline[-1]
    winner = Owner(actor="system", name=last.by or "Ronda", role="", at=last.at)
    reason = Reason(
        code="stale",
        id=f"Tugas sudah berubah sejak dibaca, terakhir: {last.what} oleh {winner.name}",
        en=f"The task has changed since it was read, last: {last.what} by {winner.name}",
    )
    return Refusal("stale", reason, winner=winner)


def _already_done(task: Task) -> Refusal:
    name = task.done_by or "?"
    at = task.done_at or task.updated_at
    reason = Reason(code="lost_race", id=f"Sudah diselesaikan {name}", en=f"{name} has done it")
    return Refusal("lost_race", reason, winner=Owner(actor="", name=name, role="", at=at))


def _lacking(code: str, text: str, english: str) -> Refusal:
    return Refusal("illegal", Reason(code=f"lacking_{code}", id=text, en=english))


def _bad_time() -> Refusal:
    return _lacking(
        "due_at",
        "Batas baru harus lebih lama dari batas sekarang, dan paling lama satu tahun",
        "The new due time must be later than the present one, and within a year",
    )
