"""Writes `kafka.lock` anew: resolves the broker's dependencies and hashes every jar.

`./run lock` runs it; the differences are reviewed like any other change.
"""

import tempfile
from pathlib import Path

from rich.console import Console

from ronda.stack.jars.fetch import download_with, maven
from ronda.stack.jars.lock import LOCK_FILE, Jar, render, sha256_of

KAFKA_VERSION = "4.4.0"
_BROKER = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}"
# Without a binding for SLF4J 1.7 the broker says nothing at all; it must be of log4j's own version.
_BINDING = ("org.apache.logging.log4j", "log4j-slf4j-impl")
_BINDING_LIKE = "log4j-core"


def resolve(repository: Path) -> tuple[Jar, ...]:
    """The broker's runtime closure, sorted behind the broker itself, with hashes."""
    context = maven(repository)
    inputs, transitive = context.resolver.resolve([context.create_dependency(_BROKER)])
    names = [
        (dependency.groupId, dependency.artifactId, dependency.version)
        for dependency in [*inputs, *transitive]
    ]
    logging_version = next(version for _, artifact, version in names if artifact == _BINDING_LIKE)
    names.append((*_BINDING, logging_version))
    download = download_with(context)
    jars = []
    for name in [names[0], *sorted(names[1:])]:
        path = download(Jar(*name, sha256=""))
        jars.append(Jar(*name, sha256=sha256_of(path)))
    return tuple(jars)


def main() -> None:
    """Resolves in an empty folder, so that no damaged file of a cache can enter the lock."""
    with tempfile.TemporaryDirectory(prefix="ronda-jars-") as folder:
        jars = resolve(Path(folder))
    LOCK_FILE.write_text(render(jars), encoding="utf-8")
    Console().print(f"{LOCK_FILE.name}: {len(jars)} jars of Apache Kafka {KAFKA_VERSION}")


if __name__ == "__main__":
    main()
