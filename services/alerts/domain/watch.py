"""The watch changes: what the new one must have read, and what becomes its own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from services.alerts.domain.decision import Change, Decision, Refusal, decided
from services.alerts.domain.escalation import TERMINAL, is_climbing
from shared.events.alert import Alert, AlertUpdated, Entry, Owner, Reason
from shared.events.watch import Handover

MUST_BE_READ = frozenset({"tinggi", "kritis"})


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
    return Handover(id=handover_id, unit=unit, outgoing=by, attention=attention, open=standing)


def accepted(
    handover: Handover, by: Owner, read: Sequence[str], alerts: Sequence[Alert]
) -> Accepted | Refusal:
    """The new watch has it, with what the old one held; `alerts` are those of the unit now.

    Refused to the one who leaves, twice, and while a grave alert was not opened.
    """
    if handover.incoming is not None:
        return Refusal("lost_race", _taken(handover.incoming), winner=handover.incoming)
    if by.actor == handover.outgoing.actor:
        return Refusal("not_allowed", _SAME)
    unread = [alert for alert in alerts if alert.id in set(must_read(alerts)) - set(read)]
    if unread:
        return Refusal("illegal", _unread(unread))
    given = [_given(alert, handover.outgoing, by) for alert in alerts if _held(alert, handover)]
    return Accepted(replace(handover, incoming=by, read=list(read)), tuple(given))


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
