"""The broker's jars: what they are and their hashes (`kafka.lock`), fetched from Maven once."""

import sys
from pathlib import Path
from subprocess import PIPE, run

from ronda.stack.errors import StackError
from ronda.stack.jars.lock import Jar, missing, path_of


def class_path(jars: tuple[Jar, ...], repository: Path) -> list[Path]:
    """The jars in the lock's order, every one with the locked hash; fetches them when they are not
    there. Raises `StackError` when they cannot be had."""
    if missing(jars, repository):
        command = [sys.executable, "-m", "ronda.stack.jars.fetch", str(repository)]
        fetching = run(command, stdout=PIPE, text=True, check=False)
        if fetching.returncode != 0:
            raise StackError(_last_line(fetching.stdout))
    return [path_of(jar, repository) for jar in jars]


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "fetching Apache Kafka's jars failed"
