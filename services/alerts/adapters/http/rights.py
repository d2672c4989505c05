"""Who asks. Which roles may, says `policy.py`."""

from http import HTTPStatus
from typing import TypeAlias

from litestar import Request
from litestar.datastructures import State

from shared.auth import Principal
from shared.problem import ProblemError

Asked: TypeAlias = Request[Principal, str | None, State]


def principal_of(request: Asked) -> Principal:
    """Who asks; raises a problem 401 that says what to send."""
    principal: Principal | None = request.user
    if principal is None:
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED,
            str(request.auth or "sign in, or send a bearer token"),
            headers={"WWW-Authenticate": "Bearer"},
        )
    return principal
