"""Where free tracker apps send positions: OsmAnd, Traccar Client, OwnTracks.

Their credential is a token for a device (`ronda token --device`), where such an app has a place for
one: the password of HTTP's Basic authentication, or, of `/osmand`, `id` in the query. `with_bearer`
moves it to where everybody else's is, so that the same table of roles says who may do what.
"""

import base64
import binascii
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

from litestar import HttpMethod, MediaType, Request, Response, Router, post, route

from services.checkin.adapters.body import BodyReader, Scope
from services.checkin.adapters.door import MAX_DOOR_BYTES, on_unavailable, whole_body
from services.checkin.adapters.gate import Gate
from services.checkin.adapters.intake import refusal
from services.checkin.domain.trackers import (
    CHANNEL,
    NoPosition,
    Sighting,
    as_event,
    of_osmand,
    of_owntracks,
    of_traccar,
)
from services.checkin.handlers.intake import Intake
from services.checkin.metrics import Metrics
from services.checkin.ports import Unavailable
from shared.auth import Principal
from shared.clock import Clock
from shared.http import problem_response
from shared.problem import ProblemError

OSMAND, OWNTRACKS = PATHS = ("/osmand", "/owntracks")
_CREDENTIAL = ("id", "deviceid")
_OSMAND_SAYS = (
    "`lat`, `lon`, `timestamp` (s, ms or ISO 8601), `speed` (knots), `bearing`, `accuracy`, "
    "`batt`, `mock` in the query or as a form, or Traccar Client's JSON. `id` in the query is a "
    "token for a device, unless that is the password of Basic authentication. What cannot be used "
    "is left out; without a place it is 400."
)
_OWNTRACKS_SAYS = (
    "`_type` `location` is a position (`tst`, `lat`, `lon`, `acc`, `batt`, `vel` in km/h, `cog`, "
    "`mock`); every other message is passed over. A token for a device is the password of Basic "
    "authentication."
)

Asked = Request[Principal, str | None, Any]


def with_bearer(scope: Scope) -> Scope:
    """A request whose token, wherever the app has put it, is a bearer token."""
    headers: list[tuple[bytes, bytes]] = list(scope["headers"])
    given = dict(headers).get(b"authorization")
    if given is not None:
        token = _of_basic(given)
    else:
        token = _of_query(scope["query_string"]) if scope["path"] == OSMAND else None
    if token is None:
        return scope
    others = [header for header in headers if header[0] != b"authorization"]
    return {**scope, "headers": [*others, (b"authorization", b"Bearer " + token)]}


def tracker_routes(
    *, intake: Intake, gate: Gate, bodies: BodyReader, metrics: Metrics, clock: Clock
) -> Router:
    """The handlers of `PATHS`."""

    async def body_of(request: Asked) -> bytes:
        if request.user.device is None:
            detail = "the token names no device; `ronda token --device` makes one that does"
            raise ProblemError(HTTPStatus.FORBIDDEN, detail)
        await gate.enter(request.user)
        gate.count(request.user, 1)
        with gate.place(request.user):
            return await whole_body(bodies, request.scope, request.receive, MAX_DOOR_BYTES)

    async def take(sender: Principal, sighting: Sighting | None, said: bytes) -> None:
        if sighting is None or sender.device is None:
            metrics.trackers_ignored.inc()
            return
        event = as_event(sighting, sender.device, said)
        (result,) = await intake.take([event], sender=sender, sent_at=None, channel=CHANNEL)
        if result.status == "rejected":
            raise refusal(result)

    @route(
        OSMAND,
        http_method=[HttpMethod.GET, HttpMethod.POST],
        status_code=HTTPStatus.OK,
        media_type=MediaType.TEXT,
        summary="A position from OsmAnd or Traccar Client",
        description=_OSMAND_SAYS,
    )
    async def osmand(request: Asked) -> str:
        """The same parameters in the query or in a form, or Traccar Client's JSON."""
        body, now = await body_of(request), clock()
        if _is_json(request):
            await take(request.user, of_traccar(body, now), body)
        else:
            said = _without_credential(request.scope["query_string"]) + _without_credential(body)
            await take(request.user, of_osmand(dict(said), now), urlencode(said).encode())
        return ""

    @post(
        OWNTRACKS,
        status_code=HTTPStatus.OK,
        summary="A message of OwnTracks in HTTP mode",
        description=_OWNTRACKS_SAYS,
    )
    async def owntracks(request: Asked) -> list[str]:
        """An empty list: there is nothing that the app should do."""
        body = await body_of(request)
        await take(request.user, of_owntracks(body, clock()), body)
        return []

    return Router(
        "/",
        route_handlers=[osmand, owntracks],
        exception_handlers={Unavailable: on_unavailable, NoPosition: _on_no_position},
    )


def _on_no_position(_: Request[Any, Any, Any], error: NoPosition) -> Response[bytes]:
    return problem_response(ProblemError(HTTPStatus.BAD_REQUEST, str(error)))


def _is_json(request: Asked) -> bool:
    return request.headers.get("content-type", "").startswith("application/json")


def _without_credential(query: bytes) -> list[tuple[str, str]]:
    return [(name, value) for name, value in _pairs(query) if name not in _CREDENTIAL]


def _of_query(query: bytes) -> bytes | None:
    found = [value for name, value in _pairs(query) if name in _CREDENTIAL]
    return found[0].encode("latin-1", "replace") if found else None


def _pairs(query: bytes) -> list[tuple[str, str]]:
    return parse_qsl(query.decode("latin-1"))


def _of_basic(authorization: bytes) -> bytes | None:
    scheme, _, given = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        return base64.b64decode(given, validate=True).partition(b":")[2]
    except binascii.Error:
        return None
