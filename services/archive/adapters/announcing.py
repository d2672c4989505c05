"""Where checkpoints are told: on the bus, in a file, at a webhook."""

import asyncio
import base64
import os
from pathlib import Path

import httpx

from services.archive.domain.note import read
from services.archive.ports import AccessLog, Sealed, Unavailable
from shared.events.audit import Checkpoint, CheckpointSealed
from shared.events.identity import derived_id

WEBHOOK_TIMEOUT_S = 5.0


class BusAnnouncer:
    """`Announcer` by `ronda.checkpoint.sealed.v1`; told again it is the same event."""

    name = "bus"

    def __init__(self, log: AccessLog, *, unit: str | None) -> None:
        self._log = log
        self._unit = unit

    async def announce(self, sealed: Sealed) -> None:
        """See `Announcer`."""
        origin = read(sealed.note).origin
        await self._log.record(
            CheckpointSealed(
                specversion="1.0",
                id=derived_id(sealed.sealed_at, "checkpoint", sealed.note),
                source="ronda/archive",
                time=sealed.sealed_at,
                receivedtime=sealed.sealed_at,
                unit=self._unit,
                channel="system",
                data=Checkpoint(
                    origin=origin,
                    size=sealed.size,
                    root=base64.b64encode(sealed.root).decode(),
                    note=sealed.note,
                    sealed_at=sealed.sealed_at,
                    reason=sealed.reason,
                ),
            )
        )


class FileAnnouncer:
    """`Announcer` that adds each note to a file, on a share of another machine for instance."""

    name = "file"

    def __init__(self, path: Path) -> None:
        self._path = path

    async def announce(self, sealed: Sealed) -> None:
        """See `Announcer`."""
        try:
            await asyncio.to_thread(self._append, sealed.note)
        except OSError as error:
            raise Unavailable(f"{self._path}: {error.strerror}") from error

    def _append(self, note: str) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            # The empty line ends a note where another one follows.
            file.write(f"{note}\n")
            file.flush()
            os.fsync(file.fileno())


class WebhookAnnouncer:
    """`Announcer` that posts the note as text; its signature is its own proof."""

    name = "webhook"

    def __init__(self, url: str) -> None:
        self._url = url

    async def announce(self, sealed: Sealed) -> None:
        """See `Announcer`."""
        try:
            async with httpx.AsyncClient(timeout=WEBHOOK_TIMEOUT_S, trust_env=False) as client:
                answer = await client.post(
                    self._url,
                    content=sealed.note.encode(),
                    headers={"Content-Type": "text/plain; charset=utf-8"},
                )
        except httpx.HTTPError as error:
            raise Unavailable(f"the webhook does not answer: {type(error).__name__}") from error
        if not answer.is_success:
            raise Unavailable(f"the webhook answered {answer.status_code}")
