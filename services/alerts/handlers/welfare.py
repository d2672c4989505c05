"""Crews are asked for a sign of life; what they answer, and what happens when they do not."""

from datetime import datetime

from services.alerts.domain.welfare import (
    answered,
    asked,
    crews_for,
    is_waiting,
    lapsed,
    unanswered,
)
from services.alerts.handlers.raising import heal_alert, raise_alert
from services.alerts.handlers.recording import SOURCE, Tally
from services.alerts.ports import PlanBook, Transaction
from shared.events.alert import Visit
from shared.events.identity import derived_id
from shared.events.welfare import Nudge, WelfareAnswered, WelfareEnded, WelfareNudged
from shared.plan.model import Plan
from shared.topics import ALERT


async def nudge_about(
    transaction: Transaction, visit: Visit, plan: Plan | None, now: datetime, tally: Tally
) -> None:
    """Asks the crews on duty that a silent site concerns; `visit` is what the site owes."""
    crews = crews_for(visit.site, visit.crew, plan)
    # In one order, whoever asks: two who ask the same crews must not wait for each other.
    for duty in sorted(await transaction.duties(), key=lambda each: each.crew):
        if duty.crew in crews:
            nudge = asked(duty, "silent_site", now, visit=visit)
            if await transaction.ask(nudge) is None:
                await tell(transaction, nudge, plan, now, tally=tally)


async def hear(
    transaction: Transaction,
    nudge: Nudge,
    event: WelfareAnswered,
    plan: Plan | None,
    now: datetime,
    *,
    tally: Tally,
) -> None:
    """The crew's answer ends its nudge, and closes the alert that asks for one."""
    ended = answered(nudge, event, now)
    if ended is None:
        tally.read("orphan")
        return
    await transaction.save_nudge(ended)
    await tell(transaction, ended, plan, now, tally=tally)
    await heal_alert(transaction, ended.alert, now, tally)


async def tell(
    transaction: Transaction,
    nudge: Nudge,
    plan: Plan | None,
    now: datetime,
    *,
    tally: Tally,
    actor: str | None = None,
) -> None:
    """Publishes how a nudge stands; `actor` is the person who asked, None the system."""
    event_type = WelfareNudged if is_waiting(nudge) else WelfareEnded
    event = event_type(
        specversion="1.0",
        id=derived_id(now, nudge.id, str(nudge.version)),
        source=SOURCE,
        time=now,
        receivedtime=now,
        subject=nudge.site,
        unit=nudge.unit,
        actor=actor,
        channel="operator" if actor else "system",
        purpose=plan.operation.purpose if plan else None,
        data=nudge,
    )
    # Always by the unit: all that is said of one nudge keeps its order.
    await transaction.publish(ALERT, nudge.unit, event)
    tally.events.append(event.type)


async def nudges_run_out(
    transaction: Transaction, plans: PlanBook, now: datetime, limit: int, tally: Tally
) -> int:
    """Ends the nudges whose time is over, `limit` at most; returns how many."""
    due = await transaction.due_nudges(now, limit)
    for nudge in due:
        ended = lapsed(nudge, await _alarmed(transaction, nudge, plans, now, tally))
        await transaction.save_nudge(ended)
        await tell(transaction, ended, plans.plan, now, tally=tally)
    return len(due)


async def _alarmed(
    transaction: Transaction, nudge: Nudge, plans: PlanBook, now: datetime, tally: Tally
) -> str | None:
    """The alert that an operator's unanswered question raises."""
    duties = await transaction.duties()
    duty = next((each for each in duties if each.crew == nudge.crew), None)
    report = unanswered(nudge, duty, plans.plan, now)
    if report is None:
        return None
    return (await raise_alert(transaction, report, plans, now, tally)).alert.id
