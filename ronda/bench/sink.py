"""A webhook that only notes when it was told of which report."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter

import msgspec
from msgspec import Struct

_ACCEPTED = b"HTTP/1.1 204 No Content\r\n\r\n"
_IDLE_S = 600.0


class _Part(Struct):
    event: str


class _Alert(Struct):
    parts: list[_Part]


class _Page(Struct):
    alert: _Alert


_decode = msgspec.json.Decoder(_Page).decode


@dataclass(slots=True)
class Sink:
    """`arrivals` has the moment of the first page for each report."""

    url: str = ""
    arrivals: dict[str, float] = field(default_factory=dict)
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, events: set[str], *, within: float) -> None:
        """Waits for a page for each of them; raises TimeoutError."""
        async with asyncio.timeout(within):
            while not events <= self.arrivals.keys():
                self._told.clear()
                await self._told.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One keep-alive connection, until its other end closes it."""
        try:
            async with asyncio.timeout(_IDLE_S):
                while True:
                    body = await _body(reader)
                    self._note(body, perf_counter())
                    writer.write(_ACCEPTED)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass
        finally:
            writer.close()

    def _note(self, body: bytes, at: float) -> None:
        for part in _decode(body).alert.parts:
            self.arrivals.setdefault(part.event, at)
        self._told.set()


async def _body(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
    return await reader.readexactly(int(length))


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    """A sink on a free port of the loopback."""
    made = Sink()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/page"
    try:
        yield made
    finally:
        server.close()
