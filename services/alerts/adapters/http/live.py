"""Server-sent events as a bare ASGI application: the same bytes go to everyone."""

import asyncio
from contextlib import suppress
from http import HTTPStatus

from litestar import asgi
from litestar.enums import ScopeType
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from services.alerts.adapters.stream import Stream, Viewer
from shared.auth import Principal
from shared.clock import Clock
from shared.problem import ProblemError

SEND_LIMIT_S = 10.0
FAREWELL_LIMIT_S = 1.0
MOST_VIEWERS = 2_000
PACE_S = 0.2
"""What comes so soon after the last message waits for it: a thousand viewers share one loop."""

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # nginx would hold messages back until its buffer is full.
    (b"x-accel-buffering", b"no"),
]


def stream_route(stream: Stream, clock: Clock) -> ASGIRouteHandler:
    """`GET /v1/stream`."""

    @asgi("/v1/stream", copy_scope=False)
    async def live(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "GET":
            raise ProblemError(HTTPStatus.METHOD_NOT_ALLOWED, "the stream is read with GET")
        if stream.viewers >= MOST_VIEWERS:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE, "too many viewers", headers={"Retry-After": "5"}
            )
        headers = dict(scope["headers"])
        last_event_id = headers.get(b"last-event-id")
        principal: Principal = scope["user"]
        viewer = stream.join(principal, last_event_id.decode("latin-1") if last_event_id else None)
        # A token that has expired must be shown again: the viewer comes back, or is refused.
        authorised_s = (principal.expires_at - clock()).total_seconds()
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await _serve(viewer, receive, send, authorised_s)
        finally:
            stream.part(viewer)

    return live


async def _serve(viewer: Viewer, receive: Receive, send: Send, at_most_s: float) -> None:
    sending = asyncio.create_task(_send_on(viewer, send))
    gone = asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait(
            {sending, gone}, timeout=max(0.0, at_most_s), return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        sending.cancel()
        gone.cancel()
        await asyncio.gather(sending, gone, return_exceptions=True)
    if sending.cancelled() or sending.exception() is None:
        # To a viewer that takes nothing any more there is no goodbye; the server closes on return.
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_LIMIT_S):
                await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_on(viewer: Viewer, send: Send) -> None:
    while body := await viewer.take():
        async with asyncio.timeout(SEND_LIMIT_S):
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await asyncio.sleep(PACE_S)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
