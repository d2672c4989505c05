"""`ronda doctor`: whether this machine has what `ronda up` needs."""

import asyncio
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import psycopg
import typer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from ronda import pages
from ronda.commands.terminal import Json, answer_json, answers
from ronda.stack.cache import cache_dir
from ronda.stack.errors import StackError
from ronda.stack.jars.lock import load, missing
from ronda.stack.java import find_java
from ronda.stack.ports import is_free
from ronda.stack.postgres import programs
from ronda.stack.privilege import as_user, user_for_postgres
from ronda.stack.settings import DEFAULT_PORTS, PROJECT
from shared.bus import client_arguments
from shared.settings import Environment, SettingsError

_SECONDS = 10
_OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `detail` says what was found, and what to do when it is not well."""

    name: str
    well: bool
    detail: str


def doctor(json: Json = False) -> None:
    """Check Java, the jars, PostgreSQL, Kafka, the ports and the pages; exit code 1 when something
    is wrong.

    Example:  ronda doctor --json
    """
    findings = list(examine(Environment(os.environ)))
    if json:
        answer_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark, style = ("well ", "green") if finding.well else ("wrong", "red")
            answers.print(mark, style=style, end=" ")
            answers.print(f"{finding.name:<12}{' '.join(finding.detail.split())}", markup=False)
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


def examine(environment: Environment) -> Iterator[Finding]:
    """Every finding. What is given by the settings is reached instead of being looked for here."""
    yield _python()
    if environment.optional("RONDA_KAFKA_BOOTSTRAP_SERVERS"):
        yield _checked("kafka", lambda: asyncio.run(_reach_kafka(environment)))
    else:
        yield _checked("java", _java)
        yield _checked("jars", _jars)
    if environment.optional("RONDA_DATABASE_URL"):
        yield _checked("postgresql", lambda: _reach_database(environment))
    else:
        yield _checked("postgresql", _postgres)
    for service, port in DEFAULT_PORTS.items():
        setting = f"RONDA_{service.upper()}_PORT"
        yield _port(service, int(environment.number(setting, port)), setting)
    yield _checked("pages", _pages)


def _checked(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, well=True, detail=look())
    except (StackError, SettingsError, pages.PagesError) as error:
        return Finding(name, well=False, detail=str(error))


def _python() -> Finding:
    well = sys.version_info[:2] >= _OLDEST_PYTHON
    return Finding("python", well, f"{platform.python_version()} ({sys.executable})")


def _java() -> str:
    java = find_java()
    return f"Java {java.version} ({java.executable})"


def _jars() -> str:
    jars = load()
    wanting = missing(jars, cache_dir() / "jars")
    if wanting:
        return f"{len(wanting)} of {len(jars)} jars are fetched from Maven by the next `ronda up`"
    return f"{len(jars)} jars, all as they were locked"


def _postgres() -> str:
    program = programs() / "postgres"
    command = as_user(user_for_postgres(), [program, "--version"], reaching=[program])
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise StackError(f"{program} does not run: {error}") from error
    return answer.stdout.strip()


async def _reach_kafka(environment: Environment) -> str:
    kafka = environment.kafka()
    admin = AIOKafkaAdminClient(client_id="ronda-doctor", **client_arguments(kafka))
    try:
        async with asyncio.timeout(_SECONDS):
            await admin.start()
            cluster = await admin.describe_cluster()
    except (KafkaError, OSError, TimeoutError) as error:
        raise StackError(f"{kafka.bootstrap_servers} does not answer: {error}") from error
    finally:
        await admin.close()
    return f"{kafka.bootstrap_servers} answers; {len(cluster['brokers'])} broker(s)"


def _reach_database(environment: Environment) -> str:
    url = environment.database_url().replace("postgresql+psycopg://", "postgresql://")
    try:
        with psycopg.connect(url, connect_timeout=_SECONDS) as connection:
            info = connection.info
            return f"PostgreSQL {info.server_version // 10_000} at {info.host}:{info.port} answers"
    except psycopg.OperationalError as error:
        raise StackError(f"RONDA_DATABASE_URL: {str(error).strip()}") from error


def _port(service: str, port: int, setting: str) -> Finding:
    if port == 0 or is_free(port):
        return Finding(f"port {port}", well=True, detail=f"free for {service}")
    detail = f"taken, and {service} needs it: stop what listens there, or set {setting}"
    return Finding(f"port {port}", well=False, detail=detail)


def _pages() -> str:
    if not pages.is_checkout(PROJECT):
        return "came built with the installation"
    stale = pages.stale(PROJECT)
    if not stale:
        return "built from the present sources"
    names = ", ".join(folder.relative_to(PROJECT).as_posix() for folder in stale)
    return f"`ronda pages build` has something to do in {names}"
