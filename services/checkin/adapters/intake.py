"""`POST /v1/events` as a bare ASGI application: no router or middleware between it and the events.

| body | content type |
|---|---|
| one event | `application/json`, `application/cloudevents+json` |
| an array of events | `application/json`, `application/cloudevents-batch+json` |
| an event per line | `application/x-ndjson` |

A batch is answered event by event with 202. One event alone that is refused is a problem, 400.
"""

from functools import lru_cache
from http import HTTPStatus
from time import perf_counter

import msgspec

from services.checkin.adapters.body import BodyReader, Disconnected, Headers, Receive, Scope, Send
from services.checkin.adapters.gate import Gate
from services.checkin.domain.authenticity import DOUBTS
from services.checkin.domain.incoming import (
    TooManyEvents,
    Unreadable,
    array_of_events,
    is_array,
    lines_of_events,
    one_event,
)
from services.checkin.handlers.intake import SENDERS, Intake, Result, Results
from services.checkin.metrics import Metrics
from services.checkin.ports import Unavailable
from shared.auth import REMEMBERED_TOKENS, Principal, Unauthenticated, Verifier, bearer, require
from shared.clock import Clock
from shared.logging import logger
from shared.problem import MEDIA_TYPE, ProblemError, encode

PATH = "/v1/events"
JSON_TYPES = (
    "application/json",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
)
LINES_TYPE = "application/x-ndjson"

_STATUS: dict[type[Exception], HTTPStatus] = {
    Unreadable: HTTPStatus.BAD_REQUEST,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    PermissionError: HTTPStatus.FORBIDDEN,
    TooManyEvents: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}
_encoder = msgspec.json.Encoder()
_log = logger(__name__)


class IntakeApplication:
    """The ASGI application; it answers every request itself, whatever happens."""

    def __init__(
        self,
        intake: Intake,
        *,
        verifier: Verifier,
        gate: Gate,
        bodies: BodyReader,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._intake = intake
        self._verifier = verifier
        self._gate = gate
        self._bodies = bodies
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, unless its sender has left."""
        started = perf_counter()
        try:
            results = await self._results(scope["method"], dict(scope["headers"]), receive)
        except Disconnected:
            return
        except Exception as error:
            problem = _problem(error)
            status = problem.problem.status
            answer = _answer(send, status, encode(problem.problem), MEDIA_TYPE, problem.headers)
        else:
            status = HTTPStatus.ACCEPTED.value
            answer = _answer(send, status, _encoder.encode(results), JSON_TYPES[0], {})
        self._metrics.answered(status, perf_counter() - started)
        await answer

    async def _results(self, method: str, headers: Headers, receive: Receive) -> Results:
        if method != "POST":
            raise ProblemError(
                HTTPStatus.METHOD_NOT_ALLOWED,
                f"events are sent with POST, not {method}",
                headers={"Allow": "POST"},
            )
        lines = _is_lines(headers)
        sender = self._sender(headers)
        await self._gate.enter(sender)
        with self._gate.place(sender):
            body = await self._bodies.read(headers, receive)
        alone = not lines and not is_array(body)
        items = (
            one_event(body) if alone else lines_of_events(body) if lines else array_of_events(body)
        )
        self._gate.count(sender, len(items))
        sent_at = headers.get(b"ronda-sent-at")
        results = await self._intake.take(
            items,
            sender=sender,
            sent_at=None if sent_at is None else sent_at.decode("latin-1"),
        )
        if alone and results[0].status == "rejected":
            raise refusal(results[0])
        return Results(results=results)

    def _sender(self, headers: Headers) -> Principal:
        token = _token(headers.get(b"authorization", b""))
        sender = self._verifier.verify(token, self._clock())
        require(sender, SENDERS)
        return sender


def _is_lines(headers: Headers) -> bool:
    """Whether the body is NDJSON, and not JSON; raises `ProblemError` 415 where it is neither."""
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the body as it is, without Content-Encoding"
        )
    media_type = _media_type(headers.get(b"content-type", b""))
    if media_type in JSON_TYPES:
        return False
    if media_type == LINES_TYPE:
        return True
    raise ProblemError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"Content-Type {media_type!r} is not read here; "
        f"send one of {', '.join((*JSON_TYPES, LINES_TYPE))}",
    )


@lru_cache(maxsize=REMEMBERED_TOKENS)
def _token(authorization: bytes) -> str:
    return bearer(authorization.decode("latin-1"))


@lru_cache(maxsize=64)
def _media_type(content_type: bytes) -> str:
    return content_type.decode("latin-1").partition(";")[0].strip().lower()


def refusal(result: Result) -> ProblemError:
    """What is answered where an event alone is rejected."""
    extra = {"code": result.code or "rejected"} | ({"id": result.id} if result.id else {})
    status = HTTPStatus.FORBIDDEN if result.code in DOUBTS else HTTPStatus.BAD_REQUEST
    return ProblemError(status, result.reason or "the event was rejected", extra=extra)


def _problem(error: Exception) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, Unavailable):
        return ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"{error}; no event of this request counts as taken, send it again",
            headers={"Retry-After": str(error.retry_after_s)},
        )
    status = _STATUS.get(type(error))
    if status is not None:
        challenge = status is HTTPStatus.UNAUTHORIZED
        return ProblemError(
            status, str(error), headers={"WWW-Authenticate": "Bearer"} if challenge else None
        )
    _log.error("request failed", exc_info=error)
    return ProblemError(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "this is our fault; the log has the cause. Sending again is safe",
    )


async def _answer(
    send: Send, status: int, body: bytes, media_type: str, extra: dict[str, str]
) -> None:
    headers = [(b"content-type", media_type.encode()), (b"content-length", b"%d" % len(body))]
    if extra:
        headers += [(name.lower().encode(), value.encode()) for name, value in extra.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
