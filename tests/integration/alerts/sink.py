"""A receiver of webhooks that keeps what it got and answers as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from shared.http import serving
from shared.settings import HttpSettings


@dataclass(frozen=True, slots=True)
class Got:
    """One request; header names are lower case."""

    at: datetime
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Sink:
    """`status` and `says` are the next answers'; while `silent` there is none."""

    url: str = ""
    status: int = 204
    location: str | None = None
    silent: bool = False
    says: bytes = b""
    got: list[Got] = field(default_factory=list)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """The ASGI application."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.got.append(Got(datetime.now(UTC), scope["path"], headers, body))
        if self.silent:
            await self._over.wait()
        answer = [(b"location", self.location.encode())] if self.location else []
        await send({"type": "http.response.start", "status": self.status, "headers": answer})
        await send({"type": "http.response.body", "body": self.says})

    def release(self) -> None:
        """Lets the silent ones answer, so that the server can stop."""
        self._over.set()


@asynccontextmanager
async def a_sink() -> AsyncIterator[Sink]:
    """A sink on a free port of the loopback."""
    sink = Sink()
    async with serving(sink, HttpSettings()) as url:
        sink.url = url
        yield sink
        sink.release()
