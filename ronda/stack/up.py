"""The whole stack: Kafka and PostgreSQL, topics and migrations, the plan, the three services."""

import asyncio
import fcntl
import os
import shlex
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from ronda import plans
from ronda.stack.errors import StackError
from ronda.stack.kafka import EmbeddedKafka
from ronda.stack.keys import keys_folder, make_keys, signing_key_file
from ronda.stack.lan import Lan, installing, prepared
from ronda.stack.ports import free_port, require_free
from ronda.stack.postgres import EmbeddedPostgres
from ronda.stack.reviving import Server, revive_for_ever
from ronda.stack.services import Say, SupervisedService, running_services
from ronda.stack.settings import StackSettings
from ronda.stack.specs import SEALING, host_of, port_setting, service_specs
from ronda.stack.tending import tend_for_ever
from ronda.stack.writer import writer_url
from ronda.tables import answering
from services.alerts.migrations import upgrade as upgrade_alerts
from services.archive.migrations import upgrade as upgrade_archive
from services.archive.settings import retention_terms
from shared.auth import DEFAULT_TTL, Issuer, key_files
from shared.clock import system_clock
from shared.provision import create_topics
from shared.settings import Environment, KafkaSettings
from shared.tasks import cancelled


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack, as its users see it."""

    data: Path
    kafka: KafkaSettings
    database_url: str
    services: dict[str, SupervisedService]
    lan: Lan | None = None

    def url(self, service: str) -> str:
        """The root of a service's HTTP paths."""
        return self.services[service].spec.url

    def token(
        self,
        *,
        actor: str,
        name: str,
        role: str,
        unit: str,
        device: str | None = None,
        ttl: timedelta = DEFAULT_TTL,
    ) -> str:
        """A token as the issuer of this role signs it: checkin for phones, alerts for the rest."""
        issuer = Issuer(signing_key_file(self.data, role))
        return issuer.token(
            actor=actor,
            name=name,
            role=role,
            unit=unit,
            device=device,
            ttl=ttl,
            now=system_clock(),
        )

    @property
    def environment_file(self) -> Path:
        """A file that a shell can source, for the other commands of `ronda`."""
        return self.data / "ronda.env"

    def write_environment(self) -> None:
        """Writes `environment_file`; it holds the database's password."""
        variables = {
            "RONDA_DATA": str(self.data),
            "RONDA_KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "RONDA_TOPIC_PREFIX": self.kafka.topic_prefix,
            "RONDA_DATABASE_URL": self.database_url,
            "RONDA_AUTH_KEYS_FILE": str(key_files(keys_folder(self.data))["keys"]),
        }
        archive = self.services["archive"].spec.environment
        # What seals by hand must name the log as the service does.
        variables |= {name: archive[name] for name in SEALING if name in archive}
        if self.lan is not None:
            variables["RONDA_APP_URL"] = self.lan.app_url
        self.environment_file.touch(mode=0o600)
        self.environment_file.write_text(
            "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())
        )


@asynccontextmanager
async def running_stack(settings: StackSettings, say: Say) -> AsyncIterator[Stack]:
    """Everything, ready; stopped in reverse at the end, with no process left behind.

    Raises `StackError` with one sentence when something cannot be had.
    """
    settings = _with_ports(settings)
    # Before the minutes that a first start takes, not after them.
    for name, port in settings.http_ports.items():
        host = host_of(name, settings)
        require_free(port, user=name, setting=port_setting(name), host=host)
    async with AsyncExitStack() as running:
        data = running.enter_context(_data_folder(settings.data, say))
        make_keys(data)
        kafka, database_url = await _backends(settings, data, say, running)
        await _prepare(settings, kafka, database_url, say)
        lan = await _lan(settings, data, running)
        archive_url = await _archive(settings, database_url, say, running)
        specs = service_specs(settings, data, kafka, database_url, lan, archive_url=archive_url)
        services = await running.enter_async_context(
            running_services(specs, logs=data / "logs", say=say, verbose=settings.verbose)
        )
        stack = Stack(
            data=data,
            kafka=kafka,
            database_url=database_url,
            services={service.spec.name: service for service in services},
            lan=lan,
        )
        stack.write_environment()
        try:
            yield stack
        finally:
            say("Stopping ...")


async def _archive(
    settings: StackSettings, database_url: str, say: Say, running: AsyncExitStack
) -> str | None:
    """A role of the archive's own in the embedded database, whose owner then tends its tables."""
    if settings.database_url is not None:
        return None
    terms = retention_terms(Environment(os.environ))
    task = asyncio.create_task(tend_for_ever(database_url, terms, say))
    running.push_async_callback(cancelled, task)
    return await writer_url(database_url)


async def _lan(settings: StackSettings, data: Path, running: AsyncExitStack) -> Lan | None:
    if settings.lan_address is None:
        return None
    lan = prepared(
        data / "tls",
        settings.lan_address,
        checkin_port=settings.checkin_port,
        install_port=settings.install_port,
    )
    await running.enter_async_context(installing(lan, settings.install_port))
    return lan


def _with_ports(settings: StackSettings) -> StackSettings:
    return replace(
        settings,
        checkin_port=settings.checkin_port or free_port(),
        alerts_port=settings.alerts_port or free_port(),
        archive_port=settings.archive_port or free_port(),
    )


@contextmanager
def _data_folder(wanted: Path | None, say: Say) -> Iterator[Path]:
    if wanted is None:
        data = Path(tempfile.mkdtemp(prefix="ronda-"))
        data.chmod(0o711)  # for PostgreSQL, which runs as another user when we are root
        say(f"Data go to {data} and are removed at the end; keep them with --data DIR")
        try:
            yield data
        finally:
            shutil.rmtree(data, ignore_errors=True)
        return
    data = wanted.resolve()
    data.mkdir(parents=True, exist_ok=True)
    with (data / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StackError(
                f"{data} is in use by another `ronda up`: stop that one, or choose another --data"
            ) from error
        yield data


async def _backends(
    settings: StackSettings, data: Path, say: Say, running: AsyncExitStack
) -> tuple[KafkaSettings, str]:
    """Kafka and PostgreSQL, given or embedded; the embedded ones start side by side."""

    def revive(name: str, server: Server) -> None:
        task = asyncio.create_task(revive_for_ever(name, server, say), name=f"revive {name}")
        running.push_async_callback(cancelled, task)

    async def kafka() -> KafkaSettings:
        if settings.kafka is not None:
            return settings.kafka
        say("Starting Kafka ...")
        broker = EmbeddedKafka(data / "kafka", port=settings.kafka_port)
        await running.enter_async_context(broker)
        revive("Kafka", broker)
        return KafkaSettings(broker.bootstrap_servers, topic_prefix=settings.topic_prefix)

    async def database_url() -> str:
        if settings.database_url is not None:
            return settings.database_url
        say("Starting PostgreSQL ...")
        server = EmbeddedPostgres(data / "postgres", port=settings.postgres_port)
        await running.enter_async_context(server)
        revive("PostgreSQL", server)
        return server.url()

    try:
        async with asyncio.TaskGroup() as starting:
            broker, database = (
                starting.create_task(kafka()),
                starting.create_task(database_url()),
            )
    except* StackError as group:
        raise _first(group) from group
    return broker.result(), database.result()


def _first(group: BaseExceptionGroup[StackError]) -> StackError:
    first = group.exceptions[0]
    return first if isinstance(first, StackError) else _first(first)


async def _prepare(
    settings: StackSettings, kafka: KafkaSettings, database_url: str, say: Say
) -> None:
    """Topics, tables, and a plan unless there is one already."""
    say("Creating topics and tables ...")
    async with answering(database_url):
        await asyncio.gather(
            create_topics(kafka), upgrade_alerts(database_url), upgrade_archive(database_url)
        )
    plan = await plans.published(kafka)
    if plan is None and settings.plan is None:
        say("No plan is published yet, so every site is unknown; `ronda plan apply FILE` does it")
        return
    if plan is None and settings.plan is not None:
        plan = settings.plan
        await plans.publish(kafka, plan, actor=plans.whoami())
        say(f"Applied the plan of {plan.operation.name} ({plan.version})")
    if plan is not None and plan.phase_at(system_clock()) is None:
        say(
            "No phase of the plan is of today, so no visits are due: say the phase with "
            "`POST /v1/situation`, or apply a plan whose phases are"
        )
