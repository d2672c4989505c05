"""Reading a request's body within bounds: of one request, of all requests together, of time."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from shared.problem import ProblemError

Scope = MutableMapping[str, Any]
Headers = dict[bytes, bytes]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_BODY_BYTES = 1_048_576
READ_TIMEOUT_S = 30.0
ALL_BODIES_BYTES = 128 * MAX_BODY_BYTES


class Disconnected(Exception):
    """The client left before its body was whole; there is nobody to answer."""


class BodyReader:
    """Reads bodies; what has come of those that are being read is at most `ALL_BODIES_BYTES`.

    What a request only announces takes no room: whoever announces much and sends nothing would
    have it all.
    """

    def __init__(self, timeout_s: float = READ_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._held = 0
        # Whoever reads, and until when, the earliest first: all have the same time. One timer for
        # all of them, as one for each took a twentieth of the time of a small request.
        self._readers: dict[asyncio.Task[object], float] = {}
        self._late: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None
        # Kept, because asking which loop runs asks the system for the process id each time.
        self._loop: asyncio.AbstractEventLoop | None = None

    async def read(self, headers: Headers, receive: Receive, limit: int = MAX_BODY_BYTES) -> bytes:
        """The whole body, of `limit` bytes at most.

        Raises `Disconnected`, or `ProblemError` 400, 408, 413 or 503.
        """
        announced = _announced(headers.get(b"content-length"))
        if announced is not None and announced > limit:
            raise _too_large(limit)
        loop = self._loop = self._loop or asyncio.get_running_loop()
        task = _current_task(loop)
        self._readers[task] = loop.time() + self._timeout_s
        if self._timer is None:
            self._watch(loop)
        try:
            return await self._whole(receive, limit)
        except asyncio.CancelledError as error:
            if task not in self._late or task.uncancel() > 0:
                raise
            raise _too_slow(self._timeout_s) from error
        finally:
            self._readers.pop(task, None)
            self._late.discard(task)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wakes when the time of the first reader is over; not at all while nobody reads."""
        first = next(iter(self._readers.values()), None)
        self._timer = None if first is None else loop.call_at(first, self._expire, loop)

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        late = [task for task, until in self._readers.items() if until <= loop.time()]
        for task in late:
            del self._readers[task]
            self._late.add(task)
            task.cancel()
        self._watch(loop)

    async def _whole(self, receive: Receive, limit: int) -> bytes:
        parts: list[bytes] = []
        size, more = 0, True
        try:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Disconnected
                part: bytes = message.get("body", b"")
                size += len(part)
                self._held += len(part)
                if size > limit:
                    raise _too_large(limit)
                if self._held > ALL_BODIES_BYTES:
                    raise _too_many()
                parts.append(part)
                more = message.get("more_body", False)
        finally:
            self._held -= size
        return b"".join(parts)


def _current_task(loop: asyncio.AbstractEventLoop) -> "asyncio.Task[object]":
    task = asyncio.current_task(loop)
    if task is None:
        raise RuntimeError("a body is read within a task")
    return task


def _announced(length: bytes | None) -> int | None:
    if length is None:
        return None
    if not length.isdigit():
        raise ProblemError(HTTPStatus.BAD_REQUEST, "Content-Length must be a number of bytes")
    return int(length)


def _too_many() -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "too many requests are being read; send again later",
        headers={"Retry-After": "1"},
    )


def _too_slow(timeout_s: float) -> ProblemError:
    return ProblemError(
        HTTPStatus.REQUEST_TIMEOUT,
        f"the body did not arrive within {timeout_s:.0f} s; send it again",
        headers={"Connection": "close"},
    )


def _too_large(limit: int) -> ProblemError:
    # Without `Connection: close`: the server passes over the rest of the body, where a connection
    # that was closed under a writing client would be reset, and the answer never be read.
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"the body is larger than {limit} bytes; send less in one request",
    )
