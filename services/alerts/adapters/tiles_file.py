"""The deployment's base map: one PMTiles archive, which browsers read piece by piece."""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.settings import SettingsError

SETTING = "RONDA_MAP_TILES_FILE"
CHUNK_BYTES = 262_144

_HEADER_BYTES = 127
_MAGIC = b"PMTiles"
_VERSION = 3
_SECTIONS = struct.Struct("<8Q")
"""From byte 8: offset and length of root directory, metadata, leaf directories, tiles."""
_KINDS = {1: "MVT", 2: "PNG", 3: "JPEG", 4: "WebP", 5: "AVIF"}
_READABLE = {1, 2}
"""Compressions that a browser undoes by itself: none and gzip. Header bytes 97 to 99, after the
specification of PMTiles 3: of the directories, of the tiles, and the kind of the tiles."""


@dataclass(frozen=True, slots=True)
class Edition:
    """The file as it is now: what a browser has of another edition does not fit."""

    size: int
    tag: str
    """A strong ETag, with its quotes."""


@dataclass(frozen=True, slots=True)
class TilesFile:
    """An archive that was looked at when the service started."""

    path: Path

    @classmethod
    def checked(cls, path: Path) -> "TilesFile":
        """Raises `SettingsError` for a file that is missing, unreadable, cut short, or nothing that
        the board can draw."""
        try:
            with path.open("rb") as file:
                header, size = file.read(_HEADER_BYTES), os.fstat(file.fileno()).st_size
        except OSError as error:
            raise SettingsError(
                f"{SETTING}: {path} cannot be read ({error.strerror}); name a file that this "
                "service may read, or leave it out"
            ) from error
        if fault := _fault(header, size):
            raise SettingsError(f"{SETTING}: {path} {fault}")
        return cls(path)

    def edition(self) -> Edition:
        """Raises OSError while the file is not there."""
        return _edition(self.path.stat())

    def parts(self, edition: Edition, start: int, length: int) -> Iterator[bytes]:
        """The bytes from `start` on, in pieces. Raises OSError when the file has been replaced."""
        with self.path.open("rb") as file:
            if _edition(os.fstat(file.fileno())) != edition:
                raise OSError(f"{self.path} was replaced while it was being sent")
            file.seek(start)
            while length > 0 and (part := file.read(min(length, CHUNK_BYTES))):
                length -= len(part)
                yield part


def _edition(of: os.stat_result) -> Edition:
    return Edition(of.st_size, f'"{of.st_mtime_ns:x}-{of.st_size:x}"')


def _fault(header: bytes, size: int) -> str | None:
    """What is wrong with the archive, as the end of a sentence about it."""
    if not header.startswith(_MAGIC):
        return "is no PMTiles archive; `pmtiles convert` makes one from MBTiles"
    if len(header) < _HEADER_BYTES or header[7] != _VERSION:
        return f"is no PMTiles archive of version {_VERSION}; `pmtiles convert` makes one"
    if header[99] not in _KINDS:
        return f"holds tiles that the board cannot draw; it draws {', '.join(_KINDS.values())}"
    if not {header[97], header[98]} <= _READABLE:
        return "is compressed as no browser reads it; make it with gzip"
    sections = _SECTIONS.unpack_from(header, 8)
    if max(map(sum, zip(sections[::2], sections[1::2], strict=True))) > size:
        return "is shorter than its header says; copy it anew"
    return None
