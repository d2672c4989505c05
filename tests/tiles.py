"""Writes small PMTiles archives (version 3): one tile, the same everywhere and at every zoom."""

import gzip
import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MVT, PNG = 1, 2
ZOOMS = range(16)
EXTENT = 4096
_NONE, _GZIP = 1, 2
_HEADER_BYTES = 127

Point = tuple[int, int]


def write_archive(
    path: Path, tile: bytes, kind: int, metadata: Mapping[str, Any] | None = None
) -> Path:
    """The tile for every place of `ZOOMS`; metadata is what the archive tells of itself."""
    everywhere = sum(4**zoom for zoom in ZOOMS)
    # Entries, then of each: id, run, length, and offset plus one.
    directory = b"".join(varint(each) for each in (1, 0, everywhere, len(tile), 1))
    sections = [directory, gzip.compress(json.dumps(metadata or {}).encode()), b"", tile]
    compressed = [gzip.compress(sections[0]), *sections[1:]]
    offset, places = _HEADER_BYTES, b""
    for section in compressed:
        places += struct.pack("<2Q", offset, len(section))
        offset += len(section)
    counts = struct.pack("<3Q", everywhere, 1, 1)
    kinds = bytes([1, _GZIP, _NONE, kind, ZOOMS[0], ZOOMS[-1]])
    world = struct.pack("<4iB2i", -1_800_000_000, -850_000_000, 1_800_000_000, 850_000_000, 9, 0, 0)
    path.write_bytes(b"PMTiles\x03" + places + counts + kinds + world + b"".join(compressed))
    return path


def png(red: int, green: int, blue: int, side: int = 256) -> bytes:
    """A picture of one colour."""
    rows = (b"\0" + bytes((red, green, blue)) * side) * side
    size = struct.pack(">2I5B", side, side, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", size), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


def mvt(layers: Mapping[str, Sequence[tuple[int, Mapping[str, str], Sequence[Point]]]]) -> bytes:
    """A vector tile: by layer, features of a geometry (1 point, 2 line, 3 polygon), their
    properties, and their points in 4096ths of the tile (Mapbox Vector Tile 2.1)."""
    return b"".join(field(3, _layer(name, features)) for name, features in layers.items())


def _layer(name: str, features: Sequence[tuple[int, Mapping[str, str], Sequence[Point]]]) -> bytes:
    names = sorted({key for _, properties, _ in features for key in properties})
    values = sorted({value for _, properties, _ in features for value in properties.values()})
    found = b""
    for geometry, properties, points in features:
        tags = [
            at
            for key, value in properties.items()
            for at in (names.index(key), values.index(value))
        ]
        body = field(2, packed(tags)) + varint(3 << 3) + varint(geometry)
        found += field(2, body + field(4, packed(_commands(geometry, points))))
    keys = b"".join(field(3, key.encode()) for key in names)
    texts = b"".join(field(4, field(1, value.encode())) for value in values)
    version, extent = varint(15 << 3) + varint(2), varint(5 << 3) + varint(EXTENT)
    return version + field(1, name.encode()) + found + keys + texts + extent


def _commands(geometry: int, points: Sequence[Point]) -> list[int]:
    deltas: list[int] = []
    last = (0, 0)
    for point in points:
        deltas += [_zigzag(here - before) for here, before in zip(point, last, strict=True)]
        last = point
    moved, drawn = deltas[:2], deltas[2:]
    lines = [len(drawn) // 2 << 3 | 2, *drawn] if drawn else []
    return [1 << 3 | 1, *moved, *lines, *([1 << 3 | 7] if geometry == 3 else [])]


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def packed(numbers: Sequence[int]) -> bytes:
    """Numbers as protobuf packs them."""
    return b"".join(varint(number) for number in numbers)


def field(number: int, content: bytes) -> bytes:
    """A protobuf field of bytes."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(number: int) -> bytes:
    """A protobuf varint."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])
