"""How bodies come in to the routes that Litestar serves, and what is said while Kafka is away."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from litestar import Request, Response
from litestar.exceptions import ClientException
from litestar.types import ASGIApp, HTTPRequestEvent, HTTPScope, Receive, Scope, Send

from services.checkin.adapters import body as reading
from services.checkin.adapters.body import BodyReader, Disconnected
from services.checkin.adapters.gate import Gate
from services.checkin.metrics import Metrics
from services.checkin.ports import Unavailable
from shared.http import problem_response
from shared.problem import ProblemError

MAX_DOOR_BYTES = 8_192
"""A code and a key, or a signature, or a position."""


def on_unavailable(_: Request[Any, Any, Any], error: Unavailable) -> Response[bytes]:
    """The answer 503 of a router's handlers."""
    return problem_response(
        ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"{error}; send it again",
            headers={"Retry-After": str(error.retry_after_s)},
        )
    )


def door_of(gate: Gate, bodies: BodyReader, metrics: Metrics) -> Callable[[ASGIApp], ASGIApp]:
    """What lets in who says not yet who it is: so many from an address, and little of each."""

    def door(app: ASGIApp) -> ASGIApp:
        async def knocked(scope: Scope, receive: Receive, send: Send) -> None:
            client = scope["client"]
            address = client[0] if client is not None else "unknown"
            try:
                await gate.enter_unknown(address)
                with gate.place_of_unknown(address):
                    body = await whole_body(bodies, scope, receive, MAX_DOOR_BYTES)
            except ProblemError as error:
                if error.problem.status == HTTPStatus.TOO_MANY_REQUESTS:
                    metrics.turned_away.inc()
                raise
            await app(scope, _replayed(body, receive), send)

        return knocked

    return door


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A body that was read, for who reads it next; after it comes what comes."""
    messages: list[HTTPRequestEvent] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Any:
        return messages.pop() if messages else await receive()

    return replay


async def whole_body(
    bodies: BodyReader, scope: Scope | HTTPScope, receive: Receive, limit: int
) -> bytes:
    """A request's body; raises `ProblemError` as `BodyReader.read` does."""
    try:
        return await bodies.read(dict(scope["headers"]), cast("reading.Receive", receive), limit)
    except Disconnected as error:
        raise ClientException("the body did not come whole") from error
