"""What a person decides about an alert."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from services.alerts.domain.backup import way_to
from services.alerts.domain.chain import chain_for
from services.alerts.domain.command import (
    Acknowledge,
    Arrive,
    Case,
    Close,
    Command,
    Remark,
    Reopen,
    Resolve,
    Result,
    SendCrew,
)
from services.alerts.domain.decision import Decision, Refusal
from services.alerts.domain.duty import is_commanded
from services.alerts.domain.grouping import Grouped
from services.alerts.domain.paging import call_of
from services.alerts.domain.release import Release
from services.alerts.domain.restriction import sees
from services.alerts.domain.second_operator import CallOperator
from services.alerts.handlers.answers import forbidden, person, refused, unknown
from services.alerts.handlers.gaps import raise_gaps
from services.alerts.handlers.grouping import GroupingVerb, Regrouping
from services.alerts.handlers.recording import Tally, record
from services.alerts.metrics import Metrics
from services.alerts.ports import Answer, PlanBook, Store, Transaction
from shared.auth import Principal
from shared.clock import Clock
from shared.events.alert import Alert
from shared.events.envelope import EventId, Name
from shared.events.identity import UUID7_PATTERN
from shared.plan.model import Plan

SingleVerb = Literal[
    "acknowledge", "release", "dispatch", "arrive", "resolve", "close", "reopen", "note", "call"
]
Verb = SingleVerb | GroupingVerb
GROUPING: tuple[GroupingVerb, ...] = get_args(GroupingVerb)
VERBS: tuple[Verb, ...] = (*get_args(SingleVerb), *GROUPING)
ROLES = frozenset({"operator", "supervisor", "commander"})
"""Who may command alerts, within their unit."""


class CommandBody(Struct, frozen=True, kw_only=True):
    """The body of `POST /v1/alerts/{id}/{verb}`; `key` is the idempotency key."""

    version: Annotated[int, Meta(ge=1)]
    key: Annotated[str, Meta(min_length=1, max_length=128)]
    crew: Name | None = None
    outcome: Name | None = None
    note: Annotated[str, Meta(max_length=1000)] | None = None
    reason: Annotated[str, Meta(max_length=1000)] | None = None
    backup_type: Name | None = None
    other: EventId | None = None
    """The alert that `merge` joins to this one."""
    parts: Annotated[list[EventId], Meta(max_length=50)] = []
    """The reports that `split` makes an alert of."""


COMMANDS: dict[SingleVerb, Callable[[CommandBody], Command]] = {
    "acknowledge": lambda body: Acknowledge(),
    "release": lambda body: Release(body.reason),
    "dispatch": lambda body: SendCrew(body.crew, body.backup_type),
    "arrive": lambda body: Arrive(body.crew),
    "resolve": lambda body: Resolve(body.outcome, body.note),
    "close": lambda body: Close(body.outcome),
    "reopen": lambda body: Reopen(body.reason),
    "note": lambda body: Remark(body.note),
    "call": lambda body: CallOperator(),
}


class Commands:
    """Runs commands; the answer is an HTTP status and the bytes of the body."""

    def __init__(self, *, store: Store, plans: PlanBook, clock: Clock, metrics: Metrics) -> None:
        self._store = store
        self._plans = plans
        self._clock = clock
        self._metrics = metrics

    async def run(
        self, verb: Verb, alert_id: str, body: CommandBody, principal: Principal
    ) -> Answer:
        """The answer: 200 with the alert, 202 `{"status":"awaiting_second","alert":…}`, or the
        problem+json of 403, 404, 409 or 422. The same key again gives the same answer.
        """
        tally = Tally()
        answer = await self._answered(verb, alert_id, body, principal, tally)
        tally.count(self._metrics)
        self._metrics.commands.labels(verb, str(answer.status)).inc()
        return answer

    async def _answered(
        self, verb: Verb, alert_id: str, body: CommandBody, principal: Principal, tally: Tally
    ) -> Answer:
        if principal.role not in ROLES:
            return forbidden(f"it takes one of the roles {', '.join(sorted(ROLES))}")
        if not re.fullmatch(UUID7_PATTERN, alert_id):
            return unknown("alert")
        async with self._store.transaction() as transaction:
            if verb in GROUPING:
                await transaction.lock_operation()
            # The row is locked first, so two commands with one key cannot both find it unused.
            alert = await transaction.alert(alert_id)
            # Even that another unit's alert, or a restricted one, exists is not for everybody.
            if alert is None or not sees(principal, alert):
                return unknown("alert")
            key = f"{principal.actor}:{alert_id}:{verb}:{body.key}"
            kept = await transaction.answer(key)
            if kept is not None:
                return kept
            now = self._clock()
            chain = chain_for(self._plans.plan, alert, now)
            case = Case(alert, person(principal, now), body.version, chain, now)
            regrouping = Regrouping(transaction, self._plans, principal, tally)
            known = _Known(transaction, self._plans.plan, principal)
            result = await _decided(verb, case, body, regrouping, known)
            if isinstance(result, Grouped):
                result = result.alert
            elif isinstance(result, Decision):
                await record(transaction, result, tally, actor=principal.actor)
                await raise_gaps(transaction, result, self._plans.plan, now, tally)
            answer = _shown(verb, result)
            await transaction.keep_answer(key, principal.actor, answer)
        return answer


@dataclass(frozen=True, slots=True)
class _Known:
    """What a command needs to know beside its alert."""

    transaction: Transaction
    plan: Plan | None
    principal: Principal

    async def completed(self, command: Command, case: Case) -> Command:
        """The command with what it needs to know."""
        if isinstance(command, SendCrew):
            return await self._of_crew(command, case.alert)
        if isinstance(command, Release):
            return await self._of_calls(command, case)
        return command

    async def _of_crew(self, command: SendCrew, alert: Alert) -> SendCrew:
        """The command with what is known of its crew. Another unit's is like one that nobody
        knows: it gets no order, and where it is, is not told either."""
        duties = await self.transaction.duties()
        duty = next((each for each in duties if each.crew == command.crew), None)
        if is_commanded(command.crew, duty, self.plan, self.principal.covers):
            return replace(command, distance_m=way_to(alert, duty))
        return replace(command, by_voice=True)

    async def _of_calls(self, command: Release, case: Case) -> Release:
        """The command with the posts of the present level that no provider has a page for yet:
        their calls ended with the take."""
        level = case.alert.level
        posts = {each.post for each in case.chain.people(level)}
        calls = {
            post: await self.transaction.call(call_of(case.alert, level, post)) for post in posts
        }
        unheard = {
            post for post, ways in calls.items() if ways and not any(w.accepted_at for w in ways)
        }
        return replace(command, unheard=frozenset(unheard))


async def _decided(
    verb: Verb, case: Case, body: CommandBody, regrouping: Regrouping, known: _Known
) -> Result | Grouped:
    if verb == "merge":
        return await regrouping.merge(case, body.other)
    if verb == "split":
        return await regrouping.split(case, body.parts)
    if verb == "undo":
        return await regrouping.undo(case)
    command = await known.completed(COMMANDS[verb](body), case)
    return command.apply(case)


def _shown(verb: Verb, result: Result) -> Answer:
    if isinstance(result, Refusal):
        return refused(result)
    alert = msgspec.json.encode(result.alert)
    if verb == "close" and result.alert.closing is not None:
        return Answer(
            HTTPStatus.ACCEPTED.value,
            msgspec.json.encode({"status": "awaiting_second", "alert": msgspec.Raw(alert)}),
        )
    return Answer(HTTPStatus.OK.value, alert)
