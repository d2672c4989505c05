"""The room's journal, its change of watch, and what was told to it by voice."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from services.alerts.domain.decision import Refusal
from services.alerts.domain.restriction import is_within, sees
from services.alerts.domain.watch import (
    accepted,
    is_waiting,
    moment_after,
    prepared,
    replaced,
    taken_back,
    withdrawn,
)
from services.alerts.domain.welfare import asked
from services.alerts.handlers.answers import person, refused, unknown
from services.alerts.handlers.raising import heal_alert
from services.alerts.handlers.recording import SOURCE, Tally, record
from services.alerts.handlers.welfare import tell
from services.alerts.metrics import Metrics
from services.alerts.ports import Answer, PlanBook, Store, Transaction
from shared.auth import Principal
from shared.clock import Clock
from shared.events.alert import Alert, Reason
from shared.events.envelope import EventId, Name, Timestamp
from shared.events.identity import UUID7_PATTERN, derived_id
from shared.events.incident import IncidentReport, IncidentReported
from shared.events.watch import (
    Handover,
    JournalEntry,
    JournalKind,
    JournalNoted,
    Line,
    WatchHandedOver,
    WatchPrepared,
    WatchWithdrawn,
)
from shared.events.welfare import Nudge
from shared.plan.restriction import said
from shared.topics import AUDIT, INCIDENT

Key = Annotated[str, Meta(min_length=1, max_length=128)]
CHANNEL = "operator"


class JournalBody(Struct, frozen=True, kw_only=True):
    """The body of `POST /v1/journal`; `key` is the idempotency key."""

    text: Line
    key: Key
    kind: JournalKind = "note"
    site: Name | None = None
    seconds: Annotated[int, Meta(ge=0, le=86_400)] | None = None


class HandoverBody(Struct, frozen=True, kw_only=True):
    """The body of `POST /v1/handover`: the one who leaves prepares."""

    key: Key
    attention: Annotated[str, Meta(max_length=4_000)] = ""


class AcceptBody(Struct, frozen=True, kw_only=True):
    """The body of `POST /v1/handover/{id}/accept`: alerts that the one who comes has opened."""

    key: Key
    read: Annotated[list[EventId], Meta(max_length=2_000)] = []


class WithdrawBody(Struct, frozen=True, kw_only=True):
    """The body of `POST /v1/handover/{id}/withdraw`."""

    key: Key


class VoiceReport(Struct, frozen=True, kw_only=True):
    """The body of `POST /v1/reports`: what somebody told the room over the radio or a telephone."""

    key: Key
    category: Name
    caller: Annotated[str, Meta(min_length=1, max_length=200)]
    told_at: Timestamp
    via: Literal["110", "ht", "phone", "person"] = "ht"
    site: Name | None = None
    text: Annotated[str, Meta(max_length=1_500)] = ""
    backup: bool = False


class NudgeBody(Struct, frozen=True, kw_only=True):
    """The body of `POST /v1/units/{crew}/nudge`; `text` is shown on the crew's phones."""

    key: Key
    text: Annotated[str, Meta(max_length=500)] | None = None


class Watch:
    """Runs what the room does beside commanding alerts; the same key gives the same answer."""

    def __init__(self, *, store: Store, plans: PlanBook, clock: Clock, metrics: Metrics) -> None:
        self._store = store
        self._plans = plans
        self._clock = clock
        self._metrics = metrics

    async def note(self, body: JournalBody, principal: Principal) -> Answer:
        """A line in the journal: 201 with it."""

        async def noted(transaction: Transaction, now: datetime) -> Answer:
            entry = JournalEntry(
                id=derived_id(now, principal.actor, "journal", body.key),
                at=now,
                by=person(principal, now),
                kind=body.kind,
                text=body.text,
                site=body.site,
                seconds=body.seconds,
            )
            await _note(transaction, entry, principal.unit, principal)
            return _created(entry)

        return await self._once(f"journal:{body.key}", principal, noted)

    async def prepare(self, body: HandoverBody, principal: Principal) -> Answer:
        """The one who leaves writes down what stands, in place of what was prepared before: 201
        with the handover."""
        tally = Tally()

        async def made(transaction: Transaction, now: datetime) -> Answer:
            before = await transaction.newest_handover(principal.unit)
            if before is not None and is_waiting(before):
                again = replaced(before, person(principal, now))
                await _save(transaction, WatchWithdrawn, again, principal, now)
                await heal_alert(transaction, again.alert, now, tally)
            open_alerts = await transaction.open_alerts()
            alerts = [each for each in open_alerts if sees(principal, each)]
            made_id = derived_id(now, principal.actor, "handover", body.key)
            by = person(principal, moment_after(before, now))
            handover = prepared(made_id, principal.unit, by, body.attention, alerts)
            await _save(transaction, WatchPrepared, handover, principal, now)
            return _created(handover)

        answer = await self._once(f"handover:{body.key}", principal, made)
        tally.count(self._metrics)
        return answer

    async def accept(self, handover_id: str, body: AcceptBody, principal: Principal) -> Answer:
        """The one who comes takes over: 200, or 403 for the same person, 409 for a second one, 422
        while something grave is unread."""
        tally = Tally()

        async def taken(transaction: Transaction, now: datetime) -> Answer:
            handover = await _known(transaction, handover_id, principal)
            if handover is None:
                return unknown("handover")
            alerts = await _locked(transaction, handover.unit, principal)
            by = person(principal, now)
            result = accepted(handover, by, body.read, alerts)
            if isinstance(result, Refusal):
                return refused(result)
            for decision in result.decisions:
                await record(transaction, decision, tally, actor=principal.actor)
            await heal_alert(transaction, result.handover.alert, now, tally)
            await _save(transaction, WatchHandedOver, result.handover, principal, now)
            return Answer(HTTPStatus.OK.value, msgspec.json.encode(result.handover))

        answer = await self._once(f"accept:{handover_id}:{body.key}", principal, taken)
        tally.count(self._metrics)
        return answer

    async def withdraw(self, handover_id: str, body: WithdrawBody, principal: Principal) -> Answer:
        """What was prepared is taken back, and the journal says so: 200, or 403 for who neither
        prepared it nor is a commander, 409 once it was accepted or withdrawn."""
        tally = Tally()

        async def ended(transaction: Transaction, now: datetime) -> Answer:
            handover = await _known(transaction, handover_id, principal)
            if handover is None:
                return unknown("handover")
            by = person(principal, now)
            result = withdrawn(handover, by)
            if isinstance(result, Refusal):
                return refused(result)
            await _save(transaction, WatchWithdrawn, result, principal, now)
            await heal_alert(transaction, result.alert, now, tally)
            await _note(transaction, taken_back(result, by), handover.unit, principal)
            return Answer(HTTPStatus.OK.value, msgspec.json.encode(result))

        answer = await self._once(f"withdraw:{handover_id}:{body.key}", principal, ended)
        tally.count(self._metrics)
        return answer

    async def report(self, body: VoiceReport, principal: Principal) -> Answer:
        """A report by voice goes the way of a phone's: 201 with its event's id."""

        async def reported(transaction: Transaction, now: datetime) -> Answer:
            plan = self._plans.plan
            site = plan.site_by_id.get(body.site) if plan and body.site else None
            if site is not None and not principal.covers(site.unit):
                return unknown("site")
            event_id = derived_id(now, principal.actor, "voice", body.key)
            unit = site.unit if site else principal.unit
            data = IncidentReport(category=body.category, text=_told(body), backup=body.backup)
            event = IncidentReported(
                specversion="1.0",
                id=event_id,
                source=SOURCE,
                time=min(body.told_at, now),
                receivedtime=now,
                subject=body.site,
                unit=unit,
                actor=principal.actor,
                channel=CHANNEL,
                **said(plan, body.category, unit)._asdict(),
                flags=None if site or body.site is None else "unknown_site",
                data=data,
            )
            await transaction.publish(INCIDENT, body.site or principal.unit, event)
            return _created({"event": event_id})

        return await self._once(f"voice:{body.key}", principal, reported)

    async def nudge(self, crew: str, body: NudgeBody, principal: Principal) -> Answer:
        """A crew is asked for a sign of life: 201 with the nudge, 404 for one that is not on duty
        here, 409 while it still has to answer an earlier one."""
        tally = Tally()

        async def done(transaction: Transaction, now: datetime) -> Answer:
            duties = await transaction.duties()
            duty = next((each for each in duties if each.crew == crew), None)
            if duty is None or not principal.covers(duty.unit):
                return unknown("crew on duty")
            nudge = asked(duty, "operator", now, by=principal.name, text=body.text or None)
            standing = await transaction.ask(nudge)
            if standing is not None:
                return refused(Refusal("lost_race", _already(standing)))
            await tell(
                transaction, nudge, self._plans.plan, now, tally=tally, actor=principal.actor
            )
            return _created(nudge)

        answer = await self._once(f"nudge:{crew}:{body.key}", principal, done)
        tally.count(self._metrics)
        return answer

    async def _once(
        self,
        name: str,
        principal: Principal,
        act: Callable[[Transaction, datetime], Awaitable[Answer]],
    ) -> Answer:
        key = f"{principal.actor}:{name}"
        async with self._store.transaction() as transaction:
            # Two requests with one key must not both find it unused.
            await transaction.lock_operation()
            kept = await transaction.answer(key)
            if kept is not None:
                return kept
            answer = await act(transaction, self._clock())
            await transaction.keep_answer(key, principal.actor, answer)
        return answer


def _already(nudge: Nudge) -> Reason:
    return Reason(
        code="already_asked",
        id=f"Regu {nudge.crew} sudah ditanya dan belum menjawab",
        en=f"Crew {nudge.crew} was asked already and has not answered yet",
    )


async def _locked(transaction: Transaction, unit: str, viewer: Principal) -> list[Alert]:
    """A unit's open alerts, as far as somebody may know of them, as they are now and stay until the
    transaction ends. What the new watch may not know stays with whom it has."""
    open_alerts = await transaction.open_alerts()
    found = [each for each in open_alerts if is_within(each.unit, unit) and sees(viewer, each)]
    locked = [await transaction.alert(each.id) for each in sorted(found, key=lambda one: one.id)]
    return [each for each in locked if each is not None and each.state != "closed"]


async def _known(
    transaction: Transaction, handover_id: str, principal: Principal
) -> Handover | None:
    """A handover of somebody's units, its row locked."""
    if not re.fullmatch(UUID7_PATTERN, handover_id):
        return None
    handover = await transaction.handover(handover_id)
    return handover if handover is not None and principal.covers(handover.unit) else None


async def _save(
    transaction: Transaction,
    event: type[WatchPrepared | WatchWithdrawn | WatchHandedOver],
    handover: Handover,
    principal: Principal,
    now: datetime,
) -> None:
    await transaction.save_handover(handover)
    await _tell(transaction, event, handover, handover.unit, by=principal, now=now)


async def _note(
    transaction: Transaction, entry: JournalEntry, unit: str, principal: Principal
) -> None:
    await transaction.note(unit, entry)
    await _tell(transaction, JournalNoted, entry, unit, by=principal, now=entry.at)


async def _tell(
    transaction: Transaction,
    event: type[JournalNoted | WatchPrepared | WatchWithdrawn | WatchHandedOver],
    data: JournalEntry | Handover,
    unit: str,
    *,
    by: Principal,
    now: datetime,
) -> None:
    build: Any = event
    told = build(
        specversion="1.0",
        id=derived_id(now, data.id, str(event.__struct_config__.tag)),
        source=SOURCE,
        time=now,
        receivedtime=now,
        unit=unit,
        actor=by.actor,
        channel=CHANNEL,
        data=data,
    )
    await transaction.publish(AUDIT, unit, told)


def _told(body: VoiceReport) -> str:
    return " ".join(f"[{body.via}: {body.caller}] {body.text}".split())[:2_000]


def _created(made: object) -> Answer:
    return Answer(HTTPStatus.CREATED.value, msgspec.json.encode(made))
