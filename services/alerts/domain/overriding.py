"""What may be changed of the plan's defaults, checked against the plan before it is said aloud."""

from collections.abc import Callable
from datetime import datetime

from shared.events.alert import Reason
from shared.events.situation import Override, SituationChange
from shared.plan.model import RISK_CLASSES, STAGES, Plan


def objection(change: SituationChange, plan: Plan, now: datetime) -> Reason | None:
    """Why a change makes no sense with this plan; None where it does."""
    if change.until is not None and change.until <= now:
        return _no("until", "Batas waktu sudah lewat", "The end has passed already")
    check = _CHECKS.get(change.what)
    return check(change, plan) if check else None


def _phase(change: SituationChange, plan: Plan) -> Reason | None:
    return _one_of("value", change.value, [phase.code for phase in plan.phases], "phase")


def _stage(change: SituationChange, _: Plan) -> Reason | None:
    return _one_of("value", change.value, list(STAGES), "logistics stage")


def _site_class(change: SituationChange, plan: Plan) -> Reason | None:
    return _known("of", change.of, plan.site_by_id, "site") or _one_of(
        "value", change.value, list(RISK_CLASSES), "risk class"
    )


def _stand_in(change: SituationChange, plan: Plan) -> Reason | None:
    if change.of == change.value:
        return _no("value", "Pengganti harus orang lain", "Nobody stands in for themselves")
    return _known("of", change.of, plan.person_by_id, "person") or (
        _known("value", change.value, plan.person_by_id, "person") if change.value else None
    )


def _one_of(field: str, value: str | None, known: list[str], noun: str) -> Reason | None:
    if value is None or value in known:
        return None
    return _no(field, f"Pilihan: {', '.join(known)}", f"The {noun} is one of {', '.join(known)}")


def _known(field: str, value: str | None, known: object, noun: str) -> Reason | None:
    if isinstance(known, dict) and value in known:
        return None
    return _no(field, f"Tidak ada {value} dalam rencana", f"There is no {noun} {value} in the plan")


def _no(field: str, text: str, english: str) -> Reason:
    return Reason(code=f"wrong_{field}", id=text, en=english)


_CHECKS: dict[Override, Callable[[SituationChange, Plan], Reason | None]] = {
    "phase": _phase,
    "logistics_stage": _stage,
    "site_class": _site_class,
    "stand_in": _stand_in,
}
