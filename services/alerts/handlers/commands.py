"""What a person decides about an alert."""

import re
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct

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
from services.alerts.domain.escalation import chain_for
from services.alerts.handlers.recording import Tally, record
from services.alerts.metrics import Metrics
from services.alerts.ports import Answer, PlanBook, Store
from shared.auth import Principal
from shared.clock import Clock
from shared.events.alert import Owner
from shared.events.envelope import Name
from shared.events.identity import UUID7_PATTERN
from shared.problem import Problem, encode

Verb = Literal["acknowledge", "dispatch", "arrive", "resolve", "close", "reopen", "note"]
VERBS: tuple[Verb, ...] = get_args(Verb)
ROLES = frozenset({"operator", "supervisor", "commander"})
"""Who may command alerts, within their unit."""

_STATUS = {
    "lost_race": HTTPStatus.CONFLICT,
    "stale": HTTPStatus.CONFLICT,
    "illegal": HTTPStatus.UNPROCESSABLE_ENTITY,
    "not_allowed": HTTPStatus.FORBIDDEN,
}


class CommandBody(Struct, frozen=True, kw_only=True):
    """The body of `POST /v1/alerts/{id}/{verb}`; `key` is the idempotency key."""

    version: Annotated[int, Meta(ge=1)]
    key: Annotated[str, Meta(min_length=1, max_length=128)]
    crew: Name | None = None
    outcome: Name | None = None
    note: Annotated[str, Meta(max_length=1000)] | None = None
    reason: Annotated[str, Meta(max_length=1000)] | None = None


COMMANDS: dict[Verb, Callable[[CommandBody], Command]] = {
    "acknowledge": lambda body: Acknowledge(),
    "dispatch": lambda body: SendCrew(body.crew),
    "arrive": lambda body: Arrive(body.crew),
    "resolve": lambda body: Resolve(body.outcome, body.note),
    "close": lambda body: Close(body.outcome),
    "reopen": lambda body: Reopen(body.reason),
    "note": lambda body: Remark(body.note),
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
            return _forbidden(f"it takes one of the roles {', '.join(sorted(ROLES))}")
        if not re.fullmatch(UUID7_PATTERN, alert_id):
            return _unknown()
        async with self._store.transaction() as transaction:
            # The row is locked first, so two commands with one key cannot both find it unused.
            alert = await transaction.alert(alert_id)
            if alert is None:
                return _unknown()
            if not principal.covers(alert.unit):
                return _forbidden("the alert belongs to another unit")
            key = f"{principal.actor}:{alert_id}:{verb}:{body.key}"
            kept = await transaction.answer(key)
            if kept is not None:
                return kept
            now = self._clock()
            chain = chain_for(self._plans.plan, alert)
            case = Case(alert, _person(principal, now), body.version, chain, now)
            result = COMMANDS[verb](body).apply(case)
            if isinstance(result, Decision):
                await record(transaction, result, tally, actor=principal.actor)
            answer = _shown(verb, result)
            await transaction.keep_answer(key, principal.actor, answer)
        return answer


def _person(principal: Principal, now: datetime) -> Owner:
    return Owner(actor=principal.actor, name=principal.name, role=principal.role, at=now)


def _shown(verb: Verb, result: Result) -> Answer:
    if isinstance(result, Refusal):
        return _refused(result)
    alert = msgspec.json.encode(result.alert)
    if verb == "close" and result.alert.closing is not None:
        return Answer(
            HTTPStatus.ACCEPTED.value,
            msgspec.json.encode({"status": "awaiting_second", "alert": msgspec.Raw(alert)}),
        )
    return Answer(HTTPStatus.OK.value, alert)


def _refused(refusal: Refusal) -> Answer:
    """`extra` names who was first, and gives the reason's stable code and Indonesian words."""
    extra = {"code": refusal.reason.code, "id": refusal.reason.id}
    winner = refusal.winner
    if winner is not None:
        extra |= {"name": winner.name, "role": winner.role, "at": winner.at.isoformat()}
    return _problem(_STATUS[refusal.code], refusal.reason.en, extra)


def _forbidden(why: str) -> Answer:
    return _problem(HTTPStatus.FORBIDDEN, f"you may not do this: {why}")


def _unknown() -> Answer:
    return _problem(HTTPStatus.NOT_FOUND, "there is no such alert")


def _problem(status: HTTPStatus, detail: str, extra: dict[str, str] | None = None) -> Answer:
    problem = Problem(status=status.value, title=status.phrase, detail=detail, extra=extra)
    return Answer(status.value, encode(problem))
