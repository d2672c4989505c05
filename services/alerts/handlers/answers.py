"""How a command is answered where it has no effect, and in whose name it is given."""

from datetime import datetime
from http import HTTPStatus

from services.alerts.domain.decision import Refusal
from services.alerts.ports import Answer
from shared.auth import Principal
from shared.events.alert import Owner
from shared.problem import Problem, encode

_STATUS = {
    "lost_race": HTTPStatus.CONFLICT,
    "stale": HTTPStatus.CONFLICT,
    "illegal": HTTPStatus.UNPROCESSABLE_ENTITY,
    "not_allowed": HTTPStatus.FORBIDDEN,
}


def person(principal: Principal, now: datetime) -> Owner:
    """Who commands, as it stands in the record."""
    return Owner(actor=principal.actor, name=principal.name, role=principal.role, at=now)


def refused(refusal: Refusal) -> Answer:
    """`extra` names who was first, and gives the reason's stable code and Indonesian words."""
    extra = {"code": refusal.reason.code, "id": refusal.reason.id}
    winner = refusal.winner
    if winner is not None:
        extra |= {"name": winner.name, "role": winner.role, "at": winner.at.isoformat()}
    return _problem(_STATUS[refusal.code], refusal.reason.en, extra)


def forbidden(why: str) -> Answer:
    """403."""
    return _problem(HTTPStatus.FORBIDDEN, f"you may not do this: {why}")


def unknown(what: str) -> Answer:
    """404."""
    return _problem(HTTPStatus.NOT_FOUND, f"there is no such {what}")


def _problem(status: HTTPStatus, detail: str, extra: dict[str, str] | None = None) -> Answer:
    problem = Problem(status=status.value, title=status.phrase, detail=detail, extra=extra)
    return Answer(status.value, encode(problem))
