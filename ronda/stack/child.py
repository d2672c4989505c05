"""A child process that writes to a log file and never outlives us."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from ronda.stack import lifeline

_TAIL_BYTES = 8_192


class Child:
    """One running child. On Linux it is ended by the kernel when we are, even by `kill -9`.

    It leads a session of its own: a Ctrl-C in the terminal reaches only us, and we stop the
    children in our order.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @classmethod
    async def start(
        cls,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> Self:
        """Starts `command`; its output is appended to `log`. `death_signal` is what it gets when
        we die without having stopped it."""
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-S",
                lifeline.__file__,
                str(os.getpid()),
                str(death_signal.value),
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=env,
                cwd=cwd,
                start_new_session=True,
            )
        return cls(name, process, log)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative is the signal that ended it."""
        return self._process.returncode

    async def wait(self) -> int:
        """Waits for its end and gives the exit code."""
        return await self._process.wait()

    async def stop(self, *, by: signal.Signals = signal.SIGTERM, within: float) -> None:
        """Asks it to end; what has not ended `within` seconds is killed."""
        if self.exit_code is not None:
            return
        self._signal(by)
        try:
            await asyncio.wait_for(self._process.wait(), within)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """Ends it with SIGKILL, its own children included."""
        self._signal(signal.SIGKILL)
        await self._process.wait()

    def _signal(self, which: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            if which is signal.SIGKILL:
                os.killpg(self.pid, which)
            else:
                self._process.send_signal(which)

    def tail(self, lines: int = 20) -> str:
        """The last lines of its log."""
        with self.log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - _TAIL_BYTES))
            text = log.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])
