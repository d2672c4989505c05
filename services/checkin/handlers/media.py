"""Photos: checked, and put on the bus as events, so that the archive keeps them like the rest."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Literal, cast

from msgspec import Struct

from services.checkin.domain.stamping import Outgoing
from services.checkin.ports import Publisher, Unavailable
from shared.auth import Principal
from shared.clock import Clock
from shared.events.media import MAX_MEDIA_BYTES, Media, MediaStored, media_id
from shared.events.registry import encode
from shared.problem import ProblemError
from shared.topics import MEDIA

SOURCE = "ronda/checkin"
AT_ONCE = 4
"""Photos in flight; more would take the room in which reports wait for Kafka."""
WAIT_S = 10.0

ImageType = Literal["image/jpeg", "image/png", "image/webp"]
_STARTS: dict[str, bytes] = {
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/webp": b"RIFF",
}


class Stored(Struct, frozen=True, kw_only=True):
    """A photo that Kafka has."""

    sha256: str
    size: int


@dataclass(slots=True)
class Photos:
    """Takes photos in, a few at a time, and of each phone one: the places are everybody's."""

    publisher: Publisher
    clock: Clock
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)
    _keeping: set[str] = field(default_factory=set, init=False)
    """Whose photos are in flight, or wait for a place."""

    async def keep(
        self,
        content: bytes,
        *,
        named: str,
        content_type: str,
        taken_at: datetime | None,
        sender: Principal,
    ) -> Stored:
        """Returns once Kafka has the photo; raises `ProblemError` 400, 413 or 415, `Unavailable`.

        The same photo again has the same id: the archive keeps the repeat as a repeat.
        """
        _check(content, named, content_type)
        now = self.clock()
        event = MediaStored(
            specversion="1.0",
            id=media_id(named),
            source=SOURCE,
            time=taken_at or now,
            unit=sender.unit,
            # Who took it is what the event says that names it.
            actor=sender.shift.enrolled if sender.shift else sender.actor,
            device=sender.device,
            receivedtime=now,
            channel="app",
            data=Media(
                sha256=named,
                content_type=cast("ImageType", content_type),
                size=len(content),
                content=content,
            ),
        )
        async with self._place(sender.device or sender.actor):
            await self.publisher.publish([Outgoing(MEDIA, named.encode(), encode(event), ())])
        return Stored(sha256=named, size=len(content))

    @asynccontextmanager
    async def _place(self, phone: str) -> AsyncIterator[None]:
        if phone in self._keeping:
            raise Unavailable("another photo of this phone is being kept", retry_after_s=2)
        self._keeping.add(phone)
        try:
            try:
                async with asyncio.timeout(WAIT_S):
                    await self._room.acquire()
            except TimeoutError as error:
                raise Unavailable("too many photos are being kept", retry_after_s=5) from error
            try:
                yield
            finally:
                self._room.release()
        finally:
            self._keeping.discard(phone)


def _check(content: bytes, named: str, content_type: str) -> None:
    start = _STARTS.get(content_type)
    if start is None or not content.startswith(start):
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"send a photo as one of {', '.join(_STARTS)}, with the Content-Type that it is",
        )
    if len(content) > MAX_MEDIA_BYTES:
        detail = f"the photo is larger than {MAX_MEDIA_BYTES} bytes; send a smaller one"
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
    if sha256(content).hexdigest() != named:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST,
            "the body's SHA-256 is not the one in the path; send it again",
            extra={"code": "hash"},
        )
