"""Signing in by a configured issuer: the browser goes there and comes back with a code."""

import hmac
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Annotated

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from litestar.response import Redirect

from services.alerts.adapters.http.rights import Asked
from services.alerts.adapters.http.session import cookie_of, session_cookie
from services.alerts.adapters.oidc import CALLBACK, Journey, Oidc, Unreachable, Untrusted
from services.alerts.handlers.accounts import Accounts, Unknown
from shared.auth import Issuer, Unauthenticated, Verifier
from shared.clock import Clock
from shared.logging import logger

START = "/v1/session/sso"
COOKIE = "ronda_sso"
PURPOSE = "sso"
JOURNEY = timedelta(minutes=10)
BOARD = "/board/"

_log = logger(__name__)
_Text = Annotated[str, QueryParameter(max_length=4096)]
# `state` is a name that Litestar keeps for itself.
_State = Annotated[str, QueryParameter(name="state", max_length=4096)]


def sso_routes(
    oidc: Oidc, accounts: Accounts, issuer: Issuer, verifier: Verifier, clock: Clock
) -> list[HTTPRouteHandler]:
    """`GET /v1/session/sso` and its `/callback`. Whatever fails leads back to the board, which says
    so."""

    @get(START)
    async def leave(request: Asked) -> Response[None]:
        now = clock()
        try:
            url, journey = await oidc.begin(now)
        except (Unreachable, Untrusted) as error:
            return _refused("unreachable", error)
        sealed = issuer.sealed(PURPOSE, asdict(journey), now=now, ttl=JOURNEY)
        cookie = cookie_of(request, COOKIE, sealed, int(JOURNEY.total_seconds()))
        # Lax: the issuer's answer comes as a link from its own site.
        return Redirect(url, cookies=[replace(cookie, path=START, samesite="lax")])

    @get(CALLBACK)
    async def arrive(
        request: Asked, code: _Text = "", returned: _State = "", error: _Text = ""
    ) -> Response[None]:
        now = clock()
        try:
            carried = verifier.opened(PURPOSE, request.cookies.get(COOKIE, ""), now)
            journey = Journey(carried["state"], carried["nonce"], carried["verifier"])
            if not hmac.compare_digest(journey.state.encode(), returned.encode()):
                return _refused("failed", "another state came back")
            if error or not code:
                return _refused("failed", error or "no code came back")
            person = await oidc.finish(code, journey, now)
            session = await accounts.sign_in_by_issuer(person.subject, person.login)
        except Unreachable as problem:
            return _refused("unreachable", problem)
        except (Unauthenticated, Untrusted, KeyError) as problem:
            return _refused("failed", problem)
        except Unknown as problem:
            return _refused("unknown", problem)
        cookie = session_cookie(request, verifier, session.token, clock)
        over = replace(cookie_of(request, COOKIE, "", 0), path=START, samesite="lax")
        return Redirect(BOARD, cookies=[cookie, over])

    return [leave, arrive]


def _refused(why: str, problem: object) -> Response[None]:
    _log.warning("sign-in by the issuer failed", why=why, problem=str(problem)[:300])
    return Redirect(f"{BOARD}?sso={why}")
