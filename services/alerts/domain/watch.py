"""The watch changes: what the new one must have read, what becomes its own, and who may take a
prepared handover back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from services.alerts.domain.decision import Change, Decision, Refusal, decided
from services.alerts.domain.escalation import TERMINAL, is_climbing
from services.alerts.domain.report import HANDOVER, Report
from shared.events.alert import Alert, AlertUpdated, Entry, Owner, Reason
from shared.events.identity import derived_id
from shared.events.watch import Handover, JournalEntry, WatchPrepared
from shared.plan.model import Plan

ACCEPT_WITHIN = timedelta(minutes=15)
"""From the preparation: a plan knows the shifts of crews, not those of the room."""
OFFICER = "pawas"
"""The kind of post that hears first of a watch that nobody accepts."""
_NEXT = timedelta(microseconds=1)  # as fine as the database keeps moments
MUST_BE_READ = frozenset({"tinggi", "kritis"})
WITHDRAWING = "commander"
"""The role that may take back what somebody else prepared."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The watch as it was handed over, and the alerts that changed hands."""

    handover: Handover
    decisions: tuple[Decision, ...]


def must_read(alerts: Iterable[Alert]) -> list[str]:
    """What nobody may take the watch over without having opened it, the gravest kinds."""
    return [alert.id for alert in alerts if alert.severity in MUST_BE_READ and _stands(alert)]


def prepared(
    handover_id: str, unit: str, by: Owner, attention: str, alerts: Iterable[Alert]
) -> Handover:
    """What the old watch leaves."""
    standing = [alert.id for alert in alerts if _stands(alert)]
    return Handover(
        id=handover_id,
        unit=unit,
        outgoing=by,
        attention=attention,
        open=standing,
        due_at=by.at + ACCEPT_WITHIN,
    )


def accepted(
    handover: Handover, by: Owner, read: Sequence[str], alerts: Sequence[Alert]
) -> Accepted | Refusal:
    """The new watch has it, with what the old one held; `alerts` are those of the unit now.

    Refused to the one who leaves, twice, once it was withdrawn, and while a grave alert was not
    opened.
    """
    over = _over(handover)
    if over is not None:
        return over
    if by.actor == handover.outgoing.actor:
        return Refusal("not_allowed", _SAME)
    unread = [alert for alert in alerts if alert.id in set(must_read(alerts)) - set(read)]
    if unread:
        return Refusal("illegal", _unread(unread))
    given = [_given(alert, handover.outgoing, by) for alert in alerts if _held(alert, handover)]
    return Accepted(replace(handover, incoming=by, read=list(read)), tuple(given))


def withdrawn(handover: Handover, by: Owner) -> Handover | Refusal:
    """Taken back by the one who prepared it, or by a commander, while nobody has accepted it."""
    over = _over(handover)
    if over is not None:
        return over
    if by.actor != handover.outgoing.actor and by.role != WITHDRAWING:
        return Refusal("not_allowed", _NOT_YOURS)
    return replaced(handover, by)


def replaced(handover: Handover, by: Owner) -> Handover:
    """Whoever prepares another one takes the one that waits back with it."""
    return replace(handover, withdrawn=by)


def taken_back(handover: Handover, by: Owner) -> JournalEntry:
    """The line of the journal about a handover that was withdrawn."""
    return JournalEntry(
        id=derived_id(by.at, handover.id, "withdrawn"),
        at=by.at,
        by=by,
        kind="note",
        text=f"Serah terima jaga dibatalkan (disiapkan {handover.outgoing.name})",
    )


def moment_after(before: Handover | None, now: datetime) -> datetime:
    """When a handover is prepared: later than the one `before` of its unit, although two replicas'
    clocks may differ and two requests come in one millisecond, because the newest one counts."""
    return now if before is None else max(now, before.outgoing.at + _NEXT)


def is_waiting(handover: Handover) -> bool:
    """Whether somebody may still accept it."""
    return handover.incoming is None and handover.withdrawn is None


def alarm_due(handover: Handover) -> datetime | None:
    """When it is to raise its alert; None where it never will, or has."""
    return handover.due_at if is_waiting(handover) and handover.alert is None else None


def unaccepted(handover: Handover, plan: Plan | None, now: datetime) -> Report:
    """A watch that nobody accepted in time, as the report of the alert that it raises."""
    by = handover.outgoing
    since = by.at.astimezone(plan.timezone) if plan else by.at
    due_at = handover.due_at or now
    return Report(
        event=derived_id(due_at, "unaccepted", handover.id),
        type=str(WatchPrepared.__struct_config__.tag),
        kind="handover",
        category=HANDOVER,
        time=due_at,
        received_at=now,
        unit=handover.unit,
        text=f"Serah terima jaga disiapkan {by.name} pukul {since:%H.%M}, belum ada yang menerima",
        purpose=plan.operation.purpose if plan else None,
        first=OFFICER,
    )


def alarmed(handover: Handover, alert: str) -> Handover:
    """The handover with the alert that it raised."""
    return replace(handover, alert=alert)


def _over(handover: Handover) -> Refusal | None:
    """Why nothing can be done about it any more."""
    if handover.incoming is not None:
        return Refusal("lost_race", _taken(handover.incoming), winner=handover.incoming)
    if handover.withdrawn is not None:
        return Refusal("lost_race", _taken_back(handover.withdrawn), winner=handover.withdrawn)
    return None


def _stands(alert: Alert) -> bool:
    return alert.state != "closed"


def _held(alert: Alert, handover: Handover) -> bool:
    """Whether the one who leaves answers for it; one that climbs answers to nobody."""
    owner = alert.owner
    return (
        owner is not None
        and owner.actor == handover.outgoing.actor
        and alert.state not in TERMINAL
        and not is_climbing(alert)
    )


def _given(alert: Alert, before: Owner, by: Owner) -> Decision:
    line = Entry(at=by.at, what="handed_over", by=by.name, note=before.name, cycle=alert.cycle)
    because = Reason(
        code="handed_over",
        id=f"Serah terima jaga: dari {before.name} ke {by.name}",
        en=f"The watch was handed over: from {before.name} to {by.name}",
    )
    change = Change(alert).because(because).to(owner=by).entered(line)
    return decided(change, AlertUpdated, by.at)


_SAME = Reason(
    code="same_person",
    id="Yang menerima jaga harus orang lain, dengan akunnya sendiri",
    en="Somebody else takes the watch over, with an account of their own",
)


_NOT_YOURS = Reason(
    code="not_yours",
    id="Hanya yang menyiapkan atau seorang komandan yang dapat membatalkan serah terima",
    en="Only the one who prepared the handover, or a commander, can withdraw it",
)


def _taken_back(by: Owner) -> Reason:
    return Reason(
        code="already_withdrawn",
        id=f"Serah terima sudah dibatalkan oleh {by.name}: siapkan lagi",
        en=f"The handover was withdrawn by {by.name}: prepare it anew",
    )


def _taken(by: Owner) -> Reason:
    return Reason(
        code="already_accepted",
        id=f"Jaga sudah diterima oleh {by.name}",
        en=f"The watch was already taken over by {by.name}",
    )


def _unread(alerts: Sequence[Alert]) -> Reason:
    numbers = ", ".join(f"#{alert.number}" for alert in alerts[:10])
    return Reason(
        code="unread",
        id=f"Belum dibaca: {numbers}",
        en=f"Not yet opened: {numbers}",
    )
