"""The lock of the broker's jars: `group:artifact:version sha256`, one a line, in their order."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from ronda.stack.errors import StackError

LOCK_FILE = Path(__file__).with_name("kafka.lock")
_LINE = re.compile(
    r"(?P<group>[^:\s]+):(?P<artifact>[^:\s]+):(?P<version>[^:\s]+) (?P<sha>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class Jar:
    """One locked jar; `sha256` in lower-case hex."""

    group: str
    artifact: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


def parse(text: str) -> tuple[Jar, ...]:
    """The jars that a lock names. Raises `StackError` with the line that is not as it should be."""
    jars = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise StackError(f"kafka.lock, line {number}: not `group:artifact:version sha256`")
        jars.append(Jar(match["group"], match["artifact"], match["version"], match["sha"]))
    if not jars:
        raise StackError("kafka.lock names no jar")
    return tuple(jars)


def render(jars: tuple[Jar, ...]) -> str:
    """The text of a lock, as `parse` reads it."""
    head = "# The embedded broker's class path. `./run lock` makes this file; nobody edits it.\n"
    return head + "".join(f"{jar} {jar.sha256}\n" for jar in jars)


def load() -> tuple[Jar, ...]:
    """The committed lock."""
    return parse(LOCK_FILE.read_text(encoding="utf-8"))


def sha256_of(path: Path) -> str:
    """A file's SHA-256 in lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def path_of(jar: Jar, repository: Path) -> Path:
    """Where a jar lies in a Maven repository folder."""
    folder = repository.joinpath(*jar.group.split("."), jar.artifact, jar.version)
    return folder / f"{jar.artifact}-{jar.version}.jar"


def missing(jars: tuple[Jar, ...], repository: Path) -> list[Jar]:
    """The jars that are not there, or are there with another hash than the locked one."""

    def is_intact(jar: Jar) -> bool:
        path = path_of(jar, repository)
        return path.exists() and sha256_of(path) == jar.sha256

    return [jar for jar in jars if not is_intact(jar)]


def fingerprint(jars: tuple[Jar, ...]) -> str:
    """One short hash of the whole lock, to name what is derived from it."""
    return hashlib.sha256(render(jars).encode()).hexdigest()[:16]
