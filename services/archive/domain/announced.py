"""Checkpoints as the record itself tells of them: each was announced on `ronda.audit`."""

import base64
import binascii
from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec
from msgspec import Struct

from services.archive.domain import note
from services.archive.domain.finding import Finding
from services.archive.domain.stored import Seal
from shared.events.audit import CheckpointSealed

_TYPE = str(CheckpointSealed.__struct_config__.tag)
_MARK = _TYPE.encode()


def announced(value: bytes | None) -> Seal | None:
    """The checkpoint that an event tells of; None for what tells of none."""
    if value is None or _MARK not in value:
        return None
    try:
        event = _decode(value)
        root = base64.b64decode(event.data.root, validate=True)
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error):
        return None
    if event.type != _TYPE:
        return None
    data = event.data
    return Seal(data.size, root, data.note, data.sealed_at, data.reason)


def missed(told: Iterable[Seal], kept: Collection[Seal]) -> list[Finding]:
    """Checkpoints of this archive that were told of and are not kept as they were told.

    Another archive of the same topics has another origin. One that is kept and was not told of is
    none: whoever is not told of a checkpoint is told of the next one.
    """
    there = set(kept)
    origins = {_origin(seal.note) for seal in there}
    what = "was told of, and is not kept as it was told"
    return [
        Finding("checkpoint", what, offset=seal.size)
        for seal in sorted(set(told) - there)
        if not origins or _origin(seal.note) in origins
    ]


def _origin(text: str) -> str | None:
    try:
        return note.read(text).origin
    except note.NoteError:
        return None


class _Data(Struct):
    size: int
    root: str
    note: str
    sealed_at: datetime
    reason: str


class _Event(Struct):
    type: str
    data: _Data


_decode = msgspec.json.Decoder(_Event).decode
