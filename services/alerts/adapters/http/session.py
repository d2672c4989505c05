"""The board's session: a signed token in a cookie that no script can read."""

from http import HTTPStatus
from typing import Annotated

from litestar import Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from msgspec import Meta, Struct

from services.alerts.adapters.http.rights import VIEWING, Asked, principal_of
from shared.auth import Unauthenticated, Verifier, require
from shared.clock import Clock
from shared.http import CSRF_HEADER, SESSION_COOKIE
from shared.problem import ProblemError

JSON = "application/json"


class SignIn(Struct, frozen=True, kw_only=True):
    """A token, as `ronda token` makes it."""

    token: Annotated[str, Meta(min_length=1, max_length=4096)]


class Session(Struct, frozen=True, kw_only=True):
    """Who is signed in; `unit` is the root of what they see."""

    actor: str
    name: str
    role: str
    unit: str


def session_routes(verifier: Verifier, clock: Clock) -> list[HTTPRouteHandler]:
    """`POST`, `GET` and `DELETE /v1/session`."""

    @post("/v1/session", status_code=HTTPStatus.NO_CONTENT)
    async def sign_in(request: Asked, data: JSONBody[SignIn]) -> Response[None]:
        # A page elsewhere cannot send this type without asking first, so it signs nobody in.
        if request.content_type[0] != JSON:
            raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send the token as {JSON}")
        now = clock()
        try:
            principal = verifier.verify(data.token, now)
        except Unauthenticated as error:
            raise ProblemError(HTTPStatus.UNAUTHORIZED, str(error)) from error
        require(principal, VIEWING)
        cookie = _cookie(request, data.token, int((principal.expires_at - now).total_seconds()))
        return Response(None, status_code=HTTPStatus.NO_CONTENT, cookies=[cookie])

    @get("/v1/session")
    async def who_am_i(request: Asked) -> Session:
        principal = principal_of(request)
        return Session(
            actor=principal.actor, name=principal.name, role=principal.role, unit=principal.unit
        )

    @delete("/v1/session", status_code=HTTPStatus.NO_CONTENT)
    async def sign_out(request: Asked) -> Response[None]:
        if CSRF_HEADER.lower() not in request.headers:
            raise ProblemError(HTTPStatus.FORBIDDEN, f"signing out needs header {CSRF_HEADER}: 1")
        return Response(None, status_code=HTTPStatus.NO_CONTENT, cookies=[_cookie(request, "", 0)])

    return [sign_in, who_am_i, sign_out]


def _cookie(request: Asked, value: str, max_age_s: int) -> Cookie:
    return Cookie(
        key=SESSION_COOKIE,
        value=value,
        path="/",
        max_age=max_age_s,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
