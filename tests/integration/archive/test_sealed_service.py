"""Checkpoints as others see them: over HTTP, on the bus, in a file, at a webhook, on paper."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from services.archive.adapters.announcing import FileAnnouncer, WebhookAnnouncer
from services.archive.adapters.seal_keys import make_key, signer
from services.archive.app import running
from services.archive.domain.note import key_of, notes_in, read, verified
from services.archive.ports import Sealed, Unavailable
from services.archive.settings import ArchiveSettings, SealSettings
from shared.events.audit import CheckpointSealed
from shared.events.registry import decode
from shared.settings import SettingsError
from shared.topics import PATROL
from tests.integration.archive.conftest import Tokens
from tests.integration.archive.test_consuming import events
from tests.integration.archive.witnesses import query, send
from tests.unit.archive.builders import NIGHT, UNIT
from tests.waiting import eventually

WITHIN = 30.0
ORIGIN = f"ronda/{UNIT}"


@pytest.fixture
def seal(tmp_path: Path) -> SealSettings:
    for name in ("first", "second"):
        make_key(tmp_path / f"{name}.pem")
    return SealSettings(
        origin=ORIGIN,
        unit=UNIT,
        key_file=tmp_path / "first.pem",
        second_key_file=tmp_path / "second.pem",
        every_s=1.0,
        file=tmp_path / "notes.txt",
    )


async def test_a_running_archive_seals_what_it_has_and_tells_it_everywhere(
    settings: ArchiveSettings, sender: AIOKafkaProducer, seal: SealSettings, token: Tokens
) -> None:
    await send(sender, settings.kafka, PATROL, *events(20), partition=1)
    async with running(replace(settings, seal=seal)) as app:

        async def sealed() -> list[Any]:
            async with httpx.AsyncClient(base_url=app.url, headers=token()) as client:
                answer = (await client.get("/v1/checkpoints?limit=1")).json()
            keys[:] = answer["keys"]
            return [item for item in answer["items"] if item["size"] >= 2]

        keys: list[str] = []
        (newest, *_) = await eventually(sealed, within=WITHIN)
        archived = await eventually(lambda: _archived(settings), within=WITHIN)
        async with httpx.AsyncClient(base_url=app.url) as stranger:
            assert (await stranger.get("/v1/checkpoints")).status_code == 401
    for key in keys:
        assert verified(newest["note"], key_of(key)).size == newest["size"]
    assert [key_of(key).name for key in keys] == [ORIGIN, f"{ORIGIN}/second"]
    event = decode(archived[0].value)
    assert isinstance(event, CheckpointSealed)
    assert (event.unit, event.data.origin, event.data.size) == (UNIT, ORIGIN, 0)
    assert seal.file is not None
    written = notes_in(seal.file.read_text(encoding="utf-8"))
    assert newest["note"] in written
    assert [read(note).size for note in written] == sorted(read(note).size for note in written)


async def _archived(settings: ArchiveSettings) -> list[Any]:
    return await query(
        settings.database_url,
        "SELECT value FROM archive.record JOIN archive.event"
        " ON event.id = event_id WHERE type = 'ronda.checkpoint.sealed.v1' ORDER BY 1",
    )


async def test_the_command_seals_prints_and_draws(
    settings: ArchiveSettings, seal: SealSettings, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "RONDA_KAFKA_BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        "RONDA_TOPIC_PREFIX": settings.kafka.topic_prefix,
        "RONDA_DATABASE_URL": settings.database_url,
        "RONDA_ARCHIVE_SEAL_KEY_FILE": str(seal.key_file),
        "RONDA_UNIT": UNIT,
    }

    async def run(*words: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ronda", "archive", "seal", *words),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, remarks = await asyncio.wait_for(process.communicate(), WITHIN)
        return process.returncode or 0, output.decode(), remarks.decode()

    code, note, remarks = await run("--qr", "--qr-file", str(tmp_path / "seal.svg"))
    assert code == 0, remarks
    note, drawn = note[: note.index("\n", note.index("— ")) + 1], note[note.index("— ") :]
    assert "█" in drawn
    key = remarks.partition("key: ")[2].split()[0]
    assert verified(note, key_of(key)) == read(note)
    assert read(note).origin == ORIGIN
    assert "<svg" in (tmp_path / "seal.svg").read_text()
    code, shown, _ = await run("--json", "--qr-file", str(tmp_path / "seal.png"))
    assert (code, json.loads(shown)["keys"]) == (0, [key])
    assert (tmp_path / "seal.png").read_bytes().startswith(b"\x89PNG")


SEALED = Sealed(3, bytes(32), "ronda\n3\nAAAA\n\n— ronda AAAA\n", NIGHT, "test")


@asynccontextmanager
async def receiver(status: int) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A webhook's other end, and the bodies that came."""
    bodies: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        bodies.append(await reader.readexactly(length))
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/seals", bodies


async def test_a_webhook_gets_the_note_and_whatever_else_it_says_is_no_receipt() -> None:
    async with receiver(204) as (url, bodies):
        await WebhookAnnouncer(url).announce(SEALED)
        assert bodies == [SEALED.note.encode()]
    async with receiver(500) as (url, _):
        with pytest.raises(Unavailable, match="answered 500"):
            await WebhookAnnouncer(url).announce(SEALED)
    with pytest.raises(Unavailable, match="does not answer"):
        await WebhookAnnouncer("http://127.0.0.1:9/").announce(SEALED)


async def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    announcer = FileAnnouncer(tmp_path / "notes.txt")
    await announcer.announce(SEALED)
    await announcer.announce(SEALED)
    assert notes_in((tmp_path / "notes.txt").read_text()) == [SEALED.note] * 2
    with pytest.raises(Unavailable):
        await FileAnnouncer(tmp_path / "nowhere" / "notes.txt").announce(SEALED)


def test_a_key_of_another_kind_is_a_setting_that_is_wrong(
    tmp_path: Path, keys: dict[str, Path]
) -> None:
    for file in (tmp_path / "none.pem", keys["alerts"]):
        with pytest.raises(SettingsError, match="seal key"):
            signer(file, "ronda")
