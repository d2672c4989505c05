"""What is to be mended: taken up from the field, changed by people, overdue in the end."""

import re
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from services.alerts.domain.amendment import says_the_same
from services.alerts.domain.decision import Refusal
from services.alerts.domain.task import (
    Advice,
    TaskCase,
    TaskDecision,
    TaskResult,
    advised,
    asked,
    assign,
    extend,
    finish,
    lapsed,
    overdue_report,
    raising,
    remark,
    reported,
)
from services.alerts.handlers.answers import forbidden, person, refused, unknown
from services.alerts.handlers.raising import heal_alert, raise_alert
from services.alerts.handlers.recording import SOURCE, Tally
from services.alerts.metrics import Metrics
from services.alerts.ports import Answer, PlanBook, Store, Transaction
from shared.auth import Principal
from shared.clock import Clock
from shared.events.envelope import Name
from shared.events.identity import UUID7_PATTERN, derived_id
from shared.events.patrol import VisitCheckedOut, VulnerabilityReported
from shared.events.task import Task
from shared.plan.model import Plan
from shared.topics import ALERT

TaskVerb = Literal["assign", "extend", "done", "note"]
TASK_VERBS: tuple[TaskVerb, ...] = get_args(TaskVerb)
ROLES = frozenset({"operator", "supervisor", "commander"})
ASKED_AS = "task:"
"""How a visit's checklist names the task that a line of it asks about: this and the task's id."""


class TaskBody(Struct, frozen=True, kw_only=True):
    """The body of `POST /v1/tasks/{id}/{verb}`; `key` is the idempotency key."""

    version: Annotated[int, Meta(ge=1)]
    key: Annotated[str, Meta(min_length=1, max_length=128)]
    owner: Name | None = None
    due_at: Annotated[datetime, Meta(tz=True)] | None = None
    reason: Annotated[str, Meta(max_length=1000)] | None = None
    note: Annotated[str, Meta(max_length=1000)] | None = None


async def take_up(
    transaction: Transaction,
    event: VulnerabilityReported,
    plan: Plan | None,
    now: datetime,
    tally: Tally,
) -> None:
    """A reported vulnerability becomes a task."""
    await record_task(transaction, reported(event, plan, now), tally)


async def issue(
    transaction: Transaction, advice: Advice, plan: Plan, now: datetime, tally: Tally
) -> Task:
    """An advice becomes a task; the same one again is left as it is. Returns the task."""
    decision = advised(advice, plan, now)
    known = await transaction.task(decision.task.id)
    if known is not None:
        return known
    await record_task(transaction, decision, tally)
    return decision.task


async def look_at(
    transaction: Transaction,
    event: VisitCheckedOut,
    by: str | None,
    now: datetime,
    tally: Tally,
) -> None:
    """What a visit's checklist says of the site's open tasks."""
    for answer in sorted(event.data.checklist, key=lambda each: each.item):
        task_id = answer.item.removeprefix(ASKED_AS)
        if task_id == answer.item or not re.fullmatch(UUID7_PATTERN, task_id):
            continue
        task = await transaction.task(task_id)
        if task is not None and task.state != "done" and task.site == event.subject:
            decision = asked(task, answer, by, now)
            if event.data.amends is None or not says_the_same(task, decision):
                await record_task(transaction, decision, tally)


async def record_task(
    transaction: Transaction, decision: TaskDecision, tally: Tally, *, actor: str | None = None
) -> None:
    """Keeps a task and tells of it; `actor` is the person who decided, None the system."""
    task = decision.task
    kind = str(decision.event.__struct_config__.tag)
    event = decision.event(
        specversion="1.0",
        id=derived_id(task.updated_at, task.id, str(task.version), kind),
        source=SOURCE,
        time=task.updated_at,
        receivedtime=task.updated_at,
        subject=task.site,
        unit=task.unit,
        actor=actor,
        channel="operator" if actor else "system",
        purpose=task.purpose,
        data=task,
    )
    await transaction.save_task(task)
    await transaction.publish(ALERT, task.site or task.unit, event)
    tally.events.append(kind)


async def tasks_run_out(
    transaction: Transaction, plans: PlanBook, now: datetime, limit: int, tally: Tally
) -> int:
    """Ends the time of tasks, of `limit` at most; returns how many it decided."""
    decided = 0
    for task in await transaction.due_tasks(now, limit):
        decision = tally.attempt(partial(lapsed, task, now), task=task.id)
        if decision is None or task.next_due_at is None:
            continue
        if decision.task.state == "overdue":
            decision = await _alarmed(transaction, decision, plans, now, tally)
        await record_task(transaction, decision, tally)
        tally.lateness_s.append((now - task.next_due_at).total_seconds())
        decided += 1
    return decided


async def _alarmed(
    transaction: Transaction, decision: TaskDecision, plans: PlanBook, now: datetime, tally: Tally
) -> TaskDecision:
    """With the alert of an overdue task: a new one, unless the one before still asks."""
    task = decision.task
    asking = await transaction.alert(task.alert) if task.alert else None
    if asking is not None and asking.state != "closed":
        return decision
    report = overdue_report(task, plans.plan, now)
    alarm = await raise_alert(transaction, report, plans, now, tally)
    return TaskDecision(decision.event, raising(task, alarm.alert.id))


class Tasks:
    """Runs what a person decides about a task."""

    def __init__(self, *, store: Store, plans: PlanBook, clock: Clock, metrics: Metrics) -> None:
        self._store = store
        self._plans = plans
        self._clock = clock
        self._metrics = metrics

    async def run(
        self, verb: TaskVerb, task_id: str, body: TaskBody, principal: Principal
    ) -> Answer:
        """The answer: 200 with the task, or the problem+json of 403, 404, 409 or 422. The same key
        again gives the same answer.
        """
        tally = Tally()
        answer = await self._answered(verb, task_id, body, principal, tally)
        tally.count(self._metrics)
        self._metrics.commands.labels(f"task_{verb}", str(answer.status)).inc()
        return answer

    async def _answered(
        self, verb: TaskVerb, task_id: str, body: TaskBody, principal: Principal, tally: Tally
    ) -> Answer:
        if principal.role not in ROLES:
            return forbidden(f"it takes one of the roles {', '.join(sorted(ROLES))}")
        if not re.fullmatch(UUID7_PATTERN, task_id):
            return unknown("task")
        async with self._store.transaction() as transaction:
            # The row is locked first, so two commands with one key cannot both find it unused.
            task = await transaction.task(task_id)
            # Even that another unit's task exists is not for everybody.
            if task is None or not principal.covers(task.unit):
                return unknown("task")
            key = f"{principal.actor}:{task_id}:task_{verb}:{body.key}"
            kept = await transaction.answer(key)
            if kept is not None:
                return kept
            now = self._clock()
            case = TaskCase(task, person(principal, now), body.version, self._plans.plan, now)
            result = _applied(verb, case, body)
            if isinstance(result, TaskDecision):
                await record_task(transaction, result, tally, actor=principal.actor)
                await self._settle(transaction, task, result.task, now, tally)
            answer = _shown(result)
            await transaction.keep_answer(key, principal.actor, answer)
        return answer

    async def _settle(
        self, transaction: Transaction, before: Task, after: Task, now: datetime, tally: Tally
    ) -> None:
        """What is not overdue any more needs no alert."""
        if before.state == "overdue" and after.state != "overdue":
            await heal_alert(transaction, after.alert, now, tally)


def _applied(verb: TaskVerb, case: TaskCase, body: TaskBody) -> TaskResult:
    match verb:
        case "assign":
            return assign(case, body.owner, body.due_at)
        case "extend":
            return extend(case, body.due_at, body.reason)
        case "done":
            return finish(case, body.note)
        case "note":
            return remark(case, body.note)


def _shown(result: TaskResult) -> Answer:
    if isinstance(result, Refusal):
        return refused(result)
    return Answer(HTTPStatus.OK.value, msgspec.json.encode(result.task))
