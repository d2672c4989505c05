"""RFC 9457 problem details: every error answer says what is wrong and what to mend."""

from http import HTTPStatus

import msgspec
from msgspec import Struct

MEDIA_TYPE = "application/problem+json"


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of an error answer. `detail` is for the person who must mend it."""

    status: int
    title: str
    detail: str
    type: str = "about:blank"
    extra: dict[str, str] | None = None
    """Facts a program needs, a 409's winner for instance: `name`, `role`, `at`."""


class ProblemError(Exception):
    """Raised by handlers and adapters; the HTTP adapter answers with its problem."""

    def __init__(
        self,
        status: HTTPStatus | int,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        extra: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        known = HTTPStatus(status)
        self.problem = Problem(status=known.value, title=known.phrase, detail=detail, extra=extra)
        self.headers = headers or {}


def encode(problem: Problem) -> bytes:
    """The body's bytes."""
    return msgspec.json.encode(problem)
