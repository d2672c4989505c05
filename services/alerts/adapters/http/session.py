"""The board's session: a signed token in a cookie that no script can read."""

import math
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from litestar import Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from msgspec import Meta, Struct

from services.alerts.adapters.http.policy import VIEWING
from services.alerts.adapters.http.rights import Asked, principal_of
from services.alerts.handlers.accounts import Accounts, TooMany, Unknown
from shared.auth import Unauthenticated, Verifier, require
from shared.clock import Clock
from shared.http import SESSION_COOKIE
from shared.policy import CSRF_HEADER, require_own_page
from shared.problem import ProblemError

JSON = "application/json"


class SignIn(Struct, frozen=True, kw_only=True):
    """A login with its password, or a token as `ronda token` makes it."""

    login: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    password: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None
    token: Annotated[str, Meta(min_length=1, max_length=4096)] | None = None


class Session(Struct, frozen=True, kw_only=True):
    """Who is signed in, and until when; `unit` is the root of what they see."""

    actor: str
    name: str
    role: str
    unit: str
    expires_at: datetime


class Sso(Struct, frozen=True, kw_only=True):
    """Another way to sign in: what it is called, and where a browser goes for it."""

    label: str
    url: str


class Ways(Struct, frozen=True, kw_only=True):
    """How one can sign in here."""

    password: bool
    sso: Sso | None


def session_routes(
    verifier: Verifier, accounts: Accounts | None, sso: Sso | None, clock: Clock
) -> list[HTTPRouteHandler]:
    """`GET /v1/session/ways`; `POST`, `GET` and `DELETE /v1/session`.

    Without `accounts`, where the service has no key to sign with, only tokens sign in.
    """

    @get("/v1/session/ways")
    async def ways() -> Ways:
        return Ways(password=accounts is not None, sso=sso)

    @post(
        "/v1/session",
        status_code=HTTPStatus.NO_CONTENT,
        description="With `login` and `password`, or with `token`.",
    )
    async def sign_in(request: Asked, data: JSONBody[SignIn]) -> Response[None]:
        # A page elsewhere cannot send this type without asking first, so it signs nobody in.
        if request.content_type[0] != JSON:
            raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send it as {JSON}")
        require_own_page(request)
        token = data.token
        if data.login is not None and data.password is not None and token is None:
            token = await _by_password(request, accounts, data.login, data.password)
        elif token is None or data.login is not None or data.password is not None:
            raise ProblemError(HTTPStatus.BAD_REQUEST, "send login and password, or a token")
        return Response(
            None,
            status_code=HTTPStatus.NO_CONTENT,
            cookies=[session_cookie(request, verifier, token, clock)],
        )

    @get("/v1/session")
    async def who_am_i(request: Asked) -> Session:
        principal = principal_of(request)
        return Session(
            actor=principal.actor,
            name=principal.name,
            role=principal.role,
            unit=principal.unit,
            expires_at=principal.expires_at,
        )

    @delete("/v1/session", status_code=HTTPStatus.NO_CONTENT)
    async def sign_out(request: Asked) -> Response[None]:
        require_own_page(request)
        if CSRF_HEADER.lower() not in request.headers:
            raise ProblemError(HTTPStatus.FORBIDDEN, f"signing out needs header {CSRF_HEADER}: 1")
        if request.user is not None and accounts is not None:
            await accounts.sign_out(request.user)
        gone = cookie_of(request, SESSION_COOKIE, "", 0)
        return Response(None, status_code=HTTPStatus.NO_CONTENT, cookies=[gone])

    return [ways, sign_in, who_am_i, sign_out]


async def _by_password(request: Asked, accounts: Accounts | None, login: str, password: str) -> str:
    if accounts is None:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "no accounts here: RONDA_AUTH_SIGNING_KEY_FILE is not set. Sign in with a token",
        )
    address = request.client.host if request.client is not None else ""
    try:
        return (await accounts.sign_in(login, password, address)).token
    except TooMany as error:
        raise ProblemError(
            HTTPStatus.TOO_MANY_REQUESTS,
            str(error),
            headers={"Retry-After": str(math.ceil(error.wait_s))},
            extra={"wait_s": str(math.ceil(error.wait_s))},
        ) from error
    except Unknown as error:
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED, str(error), extra={"code": "wrong_password"}
        ) from error


def session_cookie(request: Asked, verifier: Verifier, token: str, clock: Clock) -> Cookie:
    """The cookie of a token; raises a problem 401 for one that proves nobody."""
    now = clock()
    try:
        principal = verifier.verify(token, now)
    except Unauthenticated as error:
        raise ProblemError(HTTPStatus.UNAUTHORIZED, str(error)) from error
    require(principal, VIEWING)
    ttl = principal.expires_at - now
    return cookie_of(request, SESSION_COOKIE, token, int(ttl.total_seconds()))


def cookie_of(request: Asked, name: str, value: str, max_age_s: int) -> Cookie:
    """A cookie that no script reads and no other site's request brings."""
    return Cookie(
        key=name,
        value=value,
        path="/",
        max_age=max_age_s,
        httponly=True,
        samesite="strict",
        secure=_is_behind_tls(request),
    )


def _is_behind_tls(request: Asked) -> bool:
    """Of a proxy that is trusted with nothing else, too: saying so only narrows the cookie."""
    claimed = request.headers.get("x-forwarded-proto", "")
    return request.url.scheme == "https" or claimed.lower() == "https"
