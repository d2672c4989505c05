"""What hashes and signatures prove, with the standard library only.

Ed25519 is that of RFC 8032 §5.1, trees are those of RFC 9162 §2.1. This file becomes a part of
`verify.py`, which travels inside every export.
"""

import base64
import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256, sha512
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Line = dict[str, Any]
Point = tuple[int, int, int, int]


class Unreadable(ValueError):
    """Not an export that this program knows."""


# --- Ed25519, RFC 8032 §5.1 --------------------------------------------------

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)
_ZERO = (0, 1, 1, 0)


def _plus(a: Point, b: Point) -> Point:
    left, right = (a[1] - a[0]) * (b[1] - b[0]) % _P, (a[1] + a[0]) * (b[1] + b[0]) % _P
    c, d = 2 * a[3] * b[3] * _D % _P, 2 * a[2] * b[2] % _P
    e, f, g, h = right - left, d - c, d + c, right + left
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(number: int, point: Point) -> Point:
    total = _ZERO
    while number:
        if number & 1:
            total = _plus(total, point)
        point = _plus(point, point)
        number >>= 1
    return total


def _point(encoded: bytes) -> Point | None:
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P or (not x and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _encoded(point: Point) -> bytes:
    inverse = pow(point[2], _P - 2, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_BASE = _point(bytes.fromhex("58" + "66" * 31)) or _ZERO


def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature (64 bytes) of the message is one of the public key (32 bytes)."""
    key = _point(public) if len(public) == 32 else None
    s = int.from_bytes(signature[32:], "little")
    if key is None or len(signature) != 64 or s >= _L:
        return False
    k = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % _L
    negative = (_P - key[0], key[1], key[2], _P - key[3])
    return _encoded(_plus(_times(s, _BASE), _times(k, negative))) == signature[:32]


# --- Merkle trees, RFC 9162 §2.1 ---------------------------------------------


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node."""
    return sha256(b"\x01" + left + right).digest()


def tree_levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """The nodes whose leaves are all there, by level."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = zip(below[::2], below[1::2], strict=False)
        levels.append([node_hash(left, right) for left, right in pairs])
    return levels


def prefix_root(levels: Sequence[Sequence[bytes]], size: int) -> bytes:
    """The root over the first `size` leaves."""
    found, end = None, size
    for level, nodes in enumerate(levels):
        if end >> level & 1:
            node = nodes[(end >> level) - 1]
            found = node if found is None else node_hash(node, found)
    return sha256().digest() if found is None else found


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaves' hashes."""
    return prefix_root(tree_levels(leaves), len(leaves))


def path_root(leaf: bytes, index: int, size: int, path: Iterable[bytes]) -> bytes | None:
    """Where an inclusion path leads; None when it is not of a tree of this size."""
    if not 0 <= index < size:
        return None
    node, last = leaf, size - 1
    for sibling in path:
        if not last:
            return None
        if index & 1 or index == last:
            node = node_hash(sibling, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        index, last = index >> 1, last >> 1
    return None if last else node


# --- What is hashed ----------------------------------------------------------


def _microseconds(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def _place(line: Line) -> bytes:
    name = str(line["topic"]).encode()
    return struct.pack(">H", len(name)) + name + struct.pack(">I", line["partition"])


def _value(line: Line, name: str) -> bytes:
    if line.get(name + "_base64") is not None:
        content = base64.b64decode(line[name + "_base64"])
    elif line[name] is None:
        return b"\x00"
    else:
        content = str(line[name]).encode()
    return struct.pack(">BI", 1, len(content)) + content


def record_leaf(line: Line) -> bytes:
    """The leaf of a record's line; nothing where no record has such numbers."""
    if line.get("leaf") is not None:
        return bytes.fromhex(str(line["leaf"]))
    try:
        numbers = struct.pack(">Qq", line["offset"], _microseconds(line["appended_at"]))
        content = b"".join(_value(line, name) for name in ("key", "value", "headers"))
        return leaf_hash(bytes.fromhex(line["salt"]) + _place(line) + numbers + content)
    except struct.error:
        return b""


def segment_leaf(line: Line) -> bytes:
    """The leaf of a segment's line."""
    try:
        numbers = struct.pack(">QQI", line["first_offset"], line["next_offset"], line["records"])
        committed = struct.pack(">q", _microseconds(line["committed_at"]))
        hashes = bytes.fromhex(line["root"]) + bytes.fromhex(line["previous"])
        return leaf_hash(b"ronda.segment.v1\n" + _place(line) + numbers + hashes + committed)
    except struct.error:
        return b""


# --- Signed notes ------------------------------------------------------------


def notes_in(text: str) -> list[str]:
    """The notes of a file, each followed by an empty line."""
    parts = text.strip("\n").split("\n\n")
    return [
        body + "\n\n" + signed + "\n" for body, signed in zip(parts[::2], parts[1::2], strict=False)
    ]


def read_note(note: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint; raises `Unreadable`."""
    lines = note.partition("\n\n")[0].split("\n")
    try:
        size, root = int(lines[1]), base64.b64decode(lines[2], validate=True)
    except (IndexError, ValueError) as error:
        raise Unreadable("not a checkpoint") from error
    if len(root) != 32 or str(size) != lines[1] or size < 0:
        raise Unreadable("not a checkpoint")
    return lines[0], size, root


def is_signed(note: str, keys: Iterable[str]) -> bool:
    """Whether one of the keys, NAME+ID+BASE64, signed the note; raises `Unreadable` for others."""
    body, _, signatures = note.partition("\n\n")
    found = []
    for line in filter(None, signatures.split("\n")):
        mark, _, rest = line.partition(" ")
        name, _, packed = rest.partition(" ")
        try:
            found.append((name, base64.b64decode(packed, validate=True)))
        except ValueError:
            return False
        if mark != "\u2014":
            return False
    return any(_signed(key, (body + "\n").encode(), found) for key in keys)


def _signed(key: str, text: bytes, signatures: Sequence[tuple[str, bytes]]) -> bool:
    name, number, packed = key.strip().split("+", 2)
    public = base64.b64decode(packed)
    identity = sha256(name.encode() + b"\n" + public).digest()[:4]
    if identity.hex() != number or public[:1] != b"\x01":
        raise Unreadable("not a key: " + key)
    return any(
        signer == name and raw[:4] == identity and ed25519_verify(public[1:], text, raw[4:])
        for signer, raw in signatures
    )
