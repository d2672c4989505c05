"""The posko changes the situation: said on the plan's topic, whence every replica takes it."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from services.alerts.domain.decision import Refusal
from services.alerts.domain.overriding import objection
from services.alerts.handlers.answers import forbidden, refused
from services.alerts.handlers.recording import SOURCE
from services.alerts.metrics import Metrics
from services.alerts.ports import Answer, PlanBook, Store
from shared.auth import Principal
from shared.clock import Clock
from shared.events.envelope import Name
from shared.events.identity import derived_id
from shared.events.situation import Override, SituationChange, SituationChanged
from shared.plan.model import Plan
from shared.topics import PLAN

ROLES = frozenset({"supervisor", "commander"})
MAX_CHANGES = 50


class Wanted(Struct, frozen=True, kw_only=True):
    """One change; `value` None ends what was set before. See `SituationChange`."""

    what: Override
    of: Name | None = None
    value: Name | None = None
    until: Annotated[datetime, Meta(tz=True)] | None = None


class SituationBody(Struct, frozen=True, kw_only=True):
    """The body of `POST /v1/situation`; `key` is the idempotency key."""

    key: Annotated[str, Meta(min_length=1, max_length=128)]
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]
    changes: Annotated[list[Wanted], Meta(min_length=1, max_length=MAX_CHANGES)]


class SituationAnswer(Struct, frozen=True, kw_only=True):
    """What was changed, as of `at`; every replica follows within a second."""

    at: datetime
    changes: list[SituationChange]


def why_not(principal: Principal, plan: Plan) -> str | None:
    """Why somebody may not change the situation; None where they may."""
    if principal.role not in ROLES:
        return f"it takes one of the roles {', '.join(sorted(ROLES))}"
    if not principal.covers(plan.operation.unit):
        return "the situation is the whole operation's"
    return None


class Situations:
    """Takes changes of the situation; all of one request, or none of it."""

    def __init__(self, *, store: Store, plans: PlanBook, clock: Clock, metrics: Metrics) -> None:
        self._store = store
        self._plans = plans
        self._clock = clock
        self._metrics = metrics

    async def change(self, body: SituationBody, principal: Principal) -> Answer:
        """The answer: 200 with the changes, or the problem+json of 403 or 422. The same key again
        gives the same answer.
        """
        answer = await self._answered(body, principal)
        self._metrics.commands.labels("situation", str(answer.status)).inc()
        return answer

    async def _answered(self, body: SituationBody, principal: Principal) -> Answer:
        plan, now = self._plans.plan, self._clock()
        if plan is None:
            return forbidden("there is no plan yet whose defaults could be changed")
        barred = why_not(principal, plan)
        if barred is not None:
            return forbidden(barred)
        changes = [_change(wanted, body, principal) for wanted in body.changes]
        for change in changes:
            why = objection(change, plan, now)
            if why is not None:
                return refused(Refusal("illegal", why))
        return await self._kept(changes, body, principal, plan, now)

    async def _kept(
        self,
        changes: list[SituationChange],
        body: SituationBody,
        principal: Principal,
        plan: Plan,
        now: datetime,
    ) -> Answer:
        key = f"{principal.actor}:situation:{body.key}"
        async with self._store.transaction() as transaction:
            # Only one of two with the same key gets it; the other finds the answer.
            await transaction.admit([derived_id(_BEGINNING, key)])
            kept = await transaction.answer(key)
            if kept is not None:
                return kept
            for at, change in enumerate(changes):
                await transaction.publish(
                    PLAN, plan.operation.id, _event(change, at, principal, plan, now)
                )
            answer = Answer(
                HTTPStatus.OK.value, msgspec.json.encode(SituationAnswer(at=now, changes=changes))
            )
            await transaction.keep_answer(key, principal.actor, answer)
        return answer


_BEGINNING = datetime.fromisoformat("2023-01-01T00:00:00+00:00")


def _change(wanted: Wanted, body: SituationBody, principal: Principal) -> SituationChange:
    return SituationChange(
        what=wanted.what,
        of=wanted.of,
        value=wanted.value,
        until=wanted.until,
        by=principal.name,
        reason=body.reason,
    )


def _event(
    change: SituationChange, at: int, principal: Principal, plan: Plan, now: datetime
) -> SituationChanged:
    return SituationChanged(
        specversion="1.0",
        id=derived_id(now, "situation", principal.actor, change.what, str(change.of), str(at)),
        source=SOURCE,
        time=now,
        receivedtime=now,
        unit=plan.operation.unit,
        actor=principal.actor,
        channel="operator",
        purpose=plan.operation.purpose,
        data=change,
    )
