"""Checkpoints as signed notes (C2SP tlog-checkpoint, Ed25519).

    ronda/polres-tuban
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — ronda/polres-tuban Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5…

Origin, number of leaves, root; then a line per signature over everything above the empty line, its
newline included. A verifier's key is written `<name>+<id>+<base64 of 01 and the public key>`.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.archive.domain.leaves import HASH_BYTES

_ED25519 = b"\x01"
_ID_BYTES = 4
_MARK = "— "
_LINES = 3

Sign = Callable[[bytes], bytes]


class NoteError(ValueError):
    """Not a note that can be read, or not a signature of the key; `str()` says which."""


class Checkpoint(NamedTuple):
    """What a note says: the log's name, how many leaves it had, and their root."""

    origin: str
    size: int
    root: bytes


class Key(NamedTuple):
    """A verifier's key: its name and the 32 bytes of the public key."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that tell a name's keys apart."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        packed = base64.b64encode(_ED25519 + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{packed}"


def key_of(text: str) -> Key:
    """Reads a key as `str(key)` writes it. Raises `NoteError`."""
    name, _, rest = text.strip().partition("+")
    number, _, packed = rest.partition("+")
    decoded = _bytes(packed, "the key")
    key = Key(name, decoded[1:])
    if not _is_name(name) or decoded[:1] != _ED25519 or len(key.public) != HASH_BYTES:
        raise NoteError("not an Ed25519 key of the form NAME+ID+BASE64")
    if key.id.hex() != number:
        raise NoteError(f"the key's id is {key.id.hex()}, and {number} is written")
    return key


def note_of(checkpoint: Checkpoint, signers: Sequence[tuple[Key, Sign]]) -> str:
    """The signed note. Raises `NoteError` for an origin that a note cannot carry."""
    if not _is_name(checkpoint.origin):
        raise NoteError(
            "an origin is one word without a plus sign, ronda/polres-tuban for instance"
        )
    return signed(_body(checkpoint), signers)


def signed(text: str, signers: Sequence[tuple[Key, Sign]]) -> str:
    """Any text of whole lines as a signed note."""
    lines = [
        f"{_MARK}{key.name} {base64.b64encode(key.id + sign(text.encode())).decode()}\n"
        for key, sign in signers
    ]
    return text + "\n" + "".join(lines)


def read(note: str) -> Checkpoint:
    """What a note says, whoever signed it. Raises `NoteError`."""
    return _checkpoint(_halves(note)[0])


def verified(note: str, key: Key) -> Checkpoint:
    """What a note says, once the key's signature on it is good. Raises `NoteError`."""
    return _checkpoint(opened(note, key))


def opened(note: str, key: Key) -> str:
    """The text of any signed note, once the key's signature on it is good. Raises `NoteError`."""
    text, signatures = _halves(note)
    for name, signature in signatures:
        if name == key.name and signature[:_ID_BYTES] == key.id:
            try:
                Ed25519PublicKey.from_public_bytes(key.public).verify(
                    signature[_ID_BYTES:], text.encode()
                )
            except InvalidSignature as error:
                raise NoteError(f"the signature of {name} is not good") from error
            return text
    raise NoteError(f"no signature of {key.name} with the id {key.id.hex()}")


def notes_in(text: str) -> list[str]:
    """The notes of a file in which each is followed by an empty line; one alone is such a file."""
    parts = text.strip("\n").split("\n\n")
    return [
        f"{body}\n\n{signatures}\n"
        for body, signatures in zip(parts[::2], parts[1::2], strict=False)
    ]


def _body(checkpoint: Checkpoint) -> str:
    root = base64.b64encode(checkpoint.root).decode()
    return f"{checkpoint.origin}\n{checkpoint.size}\n{root}\n"


def _halves(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The signed text with its last newline, and each signature with the name beside it."""
    text, separator, rest = note.rpartition("\n\n")
    if not separator:
        raise NoteError("not a signed note: a text, an empty line and a signature")
    return f"{text}\n", [_signature(line) for line in rest.split("\n") if line]


def _checkpoint(text: str) -> Checkpoint:
    lines = text.split("\n")[:-1]
    if len(lines) < _LINES:
        raise NoteError("not a checkpoint: origin, size and root, a line each")
    origin, size, root = lines[:_LINES]
    checkpoint = Checkpoint(origin, _number(size), _bytes(root, "the root"))
    if not _is_name(origin) or len(checkpoint.root) != HASH_BYTES:
        raise NoteError("not a checkpoint: its origin or its root has another form")
    return checkpoint


def _signature(line: str) -> tuple[str, bytes]:
    name, _, packed = line.removeprefix(_MARK).partition(" ")
    if not line.startswith(_MARK) or not packed:
        raise NoteError(f"not a signature: {line[:80]}")
    return name, _bytes(packed, f"the signature of {name[:80]}")


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or (text != "0" and text.startswith("0")):
        raise NoteError("not a checkpoint: the size is no number")
    return int(text)


def _bytes(text: str, what: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError(f"{what} is not base64") from error
    if base64.b64encode(found).decode() != text:
        raise NoteError(f"{what} is not written as base64 writes it")
    return found


def _is_name(text: str) -> bool:
    return bool(text) and "+" not in text and not any(each.isspace() for each in text)
