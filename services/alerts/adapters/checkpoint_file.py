"""The archive's newest checkpoint, from the file into which it puts each of them for others.

alerts may read neither the archive's topic nor its tables; a file that was published for strangers
is for us too. What is read is shown and not believed: its signature is for whoever checks it.
"""

import asyncio
import os
import re
from pathlib import Path

from msgspec import Struct

TAIL_BYTES = 16 * 1024
"""Several notes, whoever has signed them; what comes before is not read."""
LIMIT_S = 2.0
"""The file may lie on a share of another machine."""

_NOTE = re.compile(
    r"^(\S[^\n]{0,200})\n(\d{1,19})\n([A-Za-z0-9+/]{43}=)\n\n((?:\u2014 [^\n]{1,400}\n){1,8})\n",
    re.MULTILINE,
)


class Seal(Struct, frozen=True, kw_only=True):
    """A signed note as it stands in the file, and what it says: so many leaves of which log.

    Without a note `why` is a stable word for what is missing: `not_configured`, `unreadable` or
    `empty`.
    """

    note: str | None = None
    origin: str | None = None
    size: int | None = None
    why: str | None = None


class CheckpointFile:
    """Reads the end of the file when it is asked; without a path there is no checkpoint."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._reading: asyncio.Task[bytes] | None = None

    async def newest(self) -> Seal:
        """The newest note that is there as a whole; never raises."""
        if self._path is None:
            return Seal(why="not_configured")
        # A share that hangs holds one thread, however often it is asked for.
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(asyncio.to_thread(_tail, self._path))
        try:
            async with asyncio.timeout(LIMIT_S):
                content = await asyncio.shield(self._reading)
        except FileNotFoundError:
            return Seal(why="empty")
        except (OSError, TimeoutError):
            return Seal(why="unreadable")
        return _newest(content.decode("utf-8", errors="replace"))


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        return file.read(TAIL_BYTES)


def _newest(text: str) -> Seal:
    notes = list(_NOTE.finditer(text))
    if not notes:
        return Seal(why="unreadable" if text.strip() else "empty")
    last = notes[-1]
    return Seal(note=last[0].removesuffix("\n"), origin=last[1], size=int(last[2]))
