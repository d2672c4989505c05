"""The newest checkpoint that the archive has published is shown, whole or not at all."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.alerts.adapters import checkpoint_file
from services.alerts.adapters.checkpoint_file import TAIL_BYTES, CheckpointFile, Seal
from services.archive.adapters.announcing import FileAnnouncer
from services.archive.domain.note import Checkpoint, Key, Sign, note_of, read
from services.archive.ports import Sealed

AT = datetime(2023, 11, 29, 21, 0, tzinfo=UTC)


def signer(name: str) -> tuple[Key, Sign]:
    private = Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32)[:32])
    return Key(name, private.public_key().public_bytes_raw()), private.sign


SIGNERS = [signer("ronda/polres-tuban"), signer("bawaslu")]


def note(size: int, signers: int = 2) -> str:
    checkpoint = Checkpoint("ronda/polres-tuban", size, size.to_bytes(32, "big"))
    return note_of(checkpoint, SIGNERS[:signers])


async def publish(path: Path, *notes: str) -> None:
    """As the archive does."""
    announcer = FileAnnouncer(path)
    for each in notes:
        checkpoint = read(each)
        await announcer.announce(
            Sealed(
                size=checkpoint.size,
                root=checkpoint.root,
                note=each,
                sealed_at=AT,
                reason="schedule",
            )
        )


async def test_what_the_archive_published_last_is_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints.txt"
    await publish(path, note(1), note(20, signers=1), note(300))
    assert await CheckpointFile(path).newest() == Seal(
        note=note(300), origin="ronda/polres-tuban", size=300
    )
    await publish(path, note(301))
    assert (await CheckpointFile(path).newest()).size == 301


async def test_a_long_file_is_read_from_its_end_alone(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints.txt"
    many = [note(size) for size in range(200)]
    await publish(path, *many)
    assert path.stat().st_size > 2 * TAIL_BYTES
    assert (await CheckpointFile(path).newest()).note == many[-1]


async def test_without_a_note_it_says_why(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints.txt"
    assert await CheckpointFile(None).newest() == Seal(why="not_configured")
    assert await CheckpointFile(path).newest() == Seal(why="empty")
    path.write_text("\n")
    assert await CheckpointFile(path).newest() == Seal(why="empty")
    path.write_bytes(b"\xff\xfe something else\n" * 9)
    assert await CheckpointFile(path).newest() == Seal(why="unreadable")
    assert await CheckpointFile(tmp_path).newest() == Seal(why="unreadable")


async def test_a_share_that_hangs_answers_in_time_and_holds_one_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    monkeypatch.setattr(checkpoint_file, "LIMIT_S", 0.05)
    file = CheckpointFile(path)
    seals = [await file.newest() for _ in range(5)]
    assert seals == [Seal(why="unreadable")] * 5
    hanging = file._reading
    assert hanging is not None
    assert not hanging.done()
    # Whoever opens the other end lets the thread go.
    os.close(os.open(path, os.O_WRONLY))
    with pytest.raises(OSError, match="seek"):
        await asyncio.wait_for(hanging, 5)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(0, 2**40), min_size=1, max_size=5),
    signers=st.integers(1, 2),
    cut=st.integers(0, 400),
)
def test_half_a_note_is_never_shown(
    tmp_path: Path, sizes: list[int], signers: int, cut: int
) -> None:
    path = tmp_path / "cut.txt"
    notes = [note(size, signers) for size in sizes]
    written = "".join(f"{each}\n" for each in notes).encode()
    path.write_bytes(written[: max(0, len(written) - cut)])
    seal = asyncio.run(CheckpointFile(path).newest())
    whole = path.read_bytes().decode(errors="replace").count("\n\n\u2014")
    if seal.note is None:
        assert seal.why in {"empty", "unreadable"}
    else:
        assert seal.note in notes
        assert seal.note in notes[max(0, whole - 2) :]
