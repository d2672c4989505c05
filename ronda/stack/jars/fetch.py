"""Fetches the locked jars with jgo and lets none through whose hash is not the locked one.

A program of its own (`python -m ronda.stack.jars.fetch FOLDER`), run only when a jar is missing:
jgo is an optional dependency and takes half a second to import.
"""

import fcntl
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

import requests
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ronda.stack.errors import StackError
from ronda.stack.jars.lock import Jar, load, missing, path_of, sha256_of

_PARALLEL = 8
_TIMEOUT_SECONDS = 30
_WAY_ROUND = (
    "check the network (a mirror goes under [repositories] of jgo's configuration file), "
    "or set RONDA_KAFKA_BOOTSTRAP_SERVERS to a broker that you have"
)

Download = Callable[[Jar], Path]


def maven(repository: Path) -> MavenContext:
    """jgo's view of Maven: our own cache folder, the user's mirrors first, then Maven Central."""
    mirrors = GlobalSettings.load().repositories
    return MavenContext(
        repo_cache=repository,
        remote_repos={**mirrors, "central": MAVEN_CENTRAL_URL},
        timeout=_TIMEOUT_SECONDS,
    )


def download_with(context: MavenContext) -> Download:
    """A download that jgo does; a file that is there already is taken as it is."""

    def download(jar: Jar) -> Path:
        component = context.project(jar.group, jar.artifact).at_version(jar.version)
        return Path(component.artifact().resolve())

    return download


def fetch(
    jars: tuple[Jar, ...],
    repository: Path,
    *,
    download: Download,
    console: Console | None = None,
) -> None:
    """Fetches what is missing or damaged.

    Raises `StackError` when Maven cannot be reached or sends something else than was locked.
    """
    repository.mkdir(parents=True, exist_ok=True)
    with _alone(repository):
        wanting = missing(jars, repository)
        if wanting:
            _fetch_all(wanting, repository, download, console)


@contextmanager
def _alone(repository: Path) -> Iterator[None]:
    """Two starts at once must not write the same file."""
    with (repository / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch_all(
    jars: list[Jar], repository: Path, download: Download, console: Console | None
) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        Progress(
            *columns, TimeElapsedColumn(), console=console or Console(stderr=True)
        ) as progress,
        ThreadPoolExecutor(_PARALLEL) as threads,
    ):
        task = progress.add_task("Fetching Apache Kafka (jars)", total=len(jars))
        running = [threads.submit(_fetch, jar, repository, download) for jar in jars]
        try:
            for done in as_completed(running):
                done.result()
                progress.advance(task)
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise


def _fetch(jar: Jar, repository: Path, download: Download) -> None:
    # A download that was cut short leaves a part behind, which jgo would take for the whole.
    path_of(jar, repository).unlink(missing_ok=True)
    try:
        path = download(jar)
    except (requests.RequestException, OSError, RuntimeError) as error:
        raise StackError(
            f"{jar} could not be fetched from Maven ({type(error).__name__}): {_WAY_ROUND}"
        ) from error
    found = sha256_of(path)
    if found != jar.sha256:
        path.unlink()
        raise StackError(
            f"{jar} is not the file that was locked and will not be run: "
            f"its SHA-256 is {found}, the lock says {jar.sha256}"
        )


def main(arguments: list[str]) -> int:
    """Fetches into the folder that is the only argument; 1 after a sentence on stdout, which
    whoever started this reads; the bar is for people, on stderr."""
    repository = Path(arguments[0])
    try:
        fetch(load(), repository, download=download_with(maven(repository)))
    except StackError as error:
        sys.stdout.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
