"""An export as a ZIP file: lines of JSON and whole texts, and a manifest with all their digests."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from services.archive.domain.lines import FORMAT

MANIFEST = "manifest.json"


class ZipBundle:
    """`Bundle` into a file that appears under its name only when it is whole."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._beside = file.with_name(f".{file.name}.part")
        self._zip = ZipFile(self._beside, "w", ZIP_DEFLATED, compresslevel=6)
        self._members: dict[str, dict[str, Any]] = {}

    @contextmanager
    def member(self, name: str) -> Iterator["Member"]:
        """A member that is written in pieces; one at a time."""
        with self._zip.open(_info(name), "w", force_zip64=True) as stream:
            made = Member(stream)
            yield made
        self._members[name] = {
            "sha256": made.digest.hexdigest(), "bytes": made.size, "lines": made.lines,
        }  # fmt: skip

    def text(self, name: str, content: str) -> None:
        """A member that is a text."""
        with self.member(name) as member:
            # What nobody could read may hold half a character, which is no text to anybody.
            member.write(content.encode(errors="backslashreplace"))

    def close(self, manifest: dict[str, Any], sign: Any = None) -> dict[str, Any]:
        """Writes the manifest and gives the file its name."""
        whole = {"format": FORMAT, **manifest, "files": self._members}
        content = json.dumps(whole, ensure_ascii=False, indent=1).encode()
        self._zip.writestr(_info(MANIFEST), content)
        if sign is not None:
            digest = sha256(content).hexdigest()
            self._zip.writestr(_info("manifest.signed.txt"), sign(digest).encode())
        self._zip.close()
        self._beside.replace(self._file)
        return whole

    def abandon(self) -> None:
        """Leaves nothing behind; harmless once it is closed."""
        self._zip.close()
        self._beside.unlink(missing_ok=True)


class Member:
    """What goes into a member, counted and digested."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.digest = sha256()
        self.size = 0
        self.lines = 0

    def write(self, content: bytes) -> None:
        """Bytes as they are."""
        self._stream.write(content)
        self.digest.update(content)
        self.size += len(content)

    def add(self, lines: Iterable[dict[str, Any]]) -> None:
        """A line of JSON each."""
        texts = [json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines]
        self.lines += len(texts)
        if texts:
            self.write(("\n".join(texts) + "\n").encode())


def _info(name: str) -> ZipInfo:
    # A file's date says nothing here, and today's would make equal exports differ.
    info = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info
