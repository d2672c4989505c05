"""A notification provider that accepts, refuses or stays silent, and logs what it accepted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from shared.http import serving
from shared.settings import HttpSettings
from tests.faults.checker import Delivery

DEDUP_HEADER = b"ronda-dedup"


class _PageAlert(msgspec.Struct):
    id: str


class _Page(msgspec.Struct):
    alert: _PageAlert
    cycle: int
    level: int
    post: str


@dataclass(slots=True)
class Provider:
    """`failing` makes it answer 503 to everything until it is cleared."""

    url: str = ""
    failing: bool = False
    refused: int = 0
    deliveries: list[Delivery] = field(default_factory=list)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """The ASGI app."""
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return  # who sent was killed in the middle
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        status = 503 if self.failing else 204
        if self.failing:
            self.refused += 1
        else:
            self._accept(dict(scope["headers"]), body)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def _accept(self, headers: dict[bytes, bytes], body: bytes) -> None:
        page = msgspec.json.decode(body, type=_Page)
        self.deliveries.append(
            Delivery(
                dedup=headers[DEDUP_HEADER].decode(),
                alert=page.alert.id,
                cycle=page.cycle,
                level=page.level,
                post=page.post,
            )
        )


@asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    """A provider on a free port of the loopback."""
    made = Provider()
    async with serving(made, HttpSettings(port=0)) as url:
        made.url = f"{url}/page"
        yield made
        await asyncio.sleep(0)
