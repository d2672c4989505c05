"""Where the measuring takes place: a broker, a database, and processes on them."""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from ronda import plans
from ronda.bench.figures import BenchError
from ronda.bench.load import Order, Seen
from ronda.bench.plan import bench_plan
from ronda.bench.traffic import SITES
from ronda.stack.child import Child
from ronda.stack.kafka import EmbeddedKafka
from ronda.stack.keys import make_keys, signing_key_file
from ronda.stack.ports import free_port
from ronda.stack.postgres import EmbeddedPostgres
from ronda.stack.services import ServiceSpec
from ronda.stack.settings import StackSettings
from ronda.stack.specs import service_specs
from shared.auth import Issuer
from shared.bus import client_arguments
from shared.clock import system_clock
from shared.plan.model import Plan
from shared.provision import create_topics
from shared.settings import KafkaSettings
from shared.topics import TopicSpec

Step = Callable[[str], None]
"""Told before each thing that takes seconds."""

_TOKEN_TTL = timedelta(hours=3)
_LOAD_GRACE_S = 60.0
_STOP_S = 15.0
_NOWHERE = "http://127.0.0.1:9/"


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured: `pairs` times both sides, each for `seconds` or `events`; `rows` is
    what a large archive has."""

    pairs: int = 3
    seconds: float = 5.0
    events: int = 60_000
    rows: int = 5_000_000


@dataclass(slots=True)
class Ground:
    """A running broker and database. Each prefix is a set of topics of its own."""

    folder: Path
    kafka: EmbeddedKafka
    postgres: EmbeddedPostgres
    extent: Extent
    step: Step
    _logs: int = field(default=0, init=False)

    def settings(self, prefix: str) -> KafkaSettings:
        """How to reach the topics of a prefix."""
        return KafkaSettings(self.kafka.bootstrap_servers, topic_prefix=prefix)

    async def prepare(self, prefix: str, *, sites: int = SITES, webhook: str = _NOWHERE) -> Plan:
        """Makes the topics of a prefix and publishes the plan there."""
        kafka, plan = self.settings(prefix), bench_plan(sites=sites, webhook=webhook)
        await create_topics(kafka)
        await plans.publish(kafka, plan, actor="account:bench")
        return plan

    def service(self, name: str, prefix: str, database_url: str = "") -> ServiceSpec:
        """One of the three services as `ronda up` starts it, on a free port."""
        ports = StackSettings(
            checkin_port=free_port(), alerts_port=free_port(), archive_port=free_port()
        )
        specs = service_specs(ports, self.folder, self.settings(prefix), database_url)
        spec = next(spec for spec in specs if spec.name == name)
        # A member with a name keeps its partitions for a while after it stopped.
        environment = {k: v for k, v in spec.environment.items() if k != "RONDA_INSTANCE"}
        return replace(spec, environment=environment)

    def floor(self, name: str, prefix: str, database_url: str = "", **more: str) -> ServiceSpec:
        """A floor, told the same as a service; `more` are variables after `RONDA_BENCH_`."""
        spec = self.service("alerts", prefix, database_url)
        extra = {f"RONDA_BENCH_{key.upper()}": value for key, value in more.items()}
        return replace(
            spec,
            name=f"floor-{name}",
            module=f"ronda.bench.floors.{name}",
            environment={**spec.environment, **extra},
        )

    def token(self, role: str = "officer") -> str:
        """A token of the role that lasts the whole run."""
        return Issuer(signing_key_file(self.folder, role)).token(
            actor="p-bench",
            name="Bench",
            role=role,
            unit="polda-jatim/polres-tuban",
            ttl=_TOKEN_TTL,
            now=system_clock(),
        )

    @asynccontextmanager
    async def child(self, spec: ServiceSpec) -> AsyncIterator[Child]:
        """A process that is not waited for; stopped at the end."""
        environment = {**os.environ, **spec.environment}
        child = await Child.start(
            spec.name, spec.command, log=self.new_log(spec.name), env=environment
        )
        try:
            yield child
        finally:
            await child.stop(within=_STOP_S)

    async def load(self, order: Order) -> Seen:
        """Lets a load generator carry out an order.

        Raises `BenchError` when it could not, or when anything was not answered 202.
        """
        environment = {
            **os.environ,
            "RONDA_BENCH_ORDER": msgspec.json.encode(order).decode(),
            "RONDA_BENCH_TOKEN": self.token(),
        }
        command = [sys.executable, "-m", "ronda.bench.load"]
        child = await Child.start("load", command, log=self.new_log("load"), env=environment)
        try:
            code = await asyncio.wait_for(child.wait(), order.seconds + _LOAD_GRACE_S)
        finally:
            await child.stop(within=1)
        if code != 0:
            raise BenchError(f"the load generator failed:\n{child.tail()}")
        seen = msgspec.json.decode(child.tail(1), type=Seen)
        if seen.refused:
            raise BenchError(f"{seen.refused} requests were refused")
        return seen

    async def stored(self, topic: TopicSpec, prefix: str) -> int:
        """How many records a topic has ever been given."""
        places = places_of(topic, prefix)
        consumer = AIOKafkaConsumer(**client_arguments(self.settings(prefix)))
        async with consumer:
            consumer.assign(places)
            return sum((await consumer.end_offsets(places)).values())

    def new_log(self, name: str) -> Path:
        """A log file that no other process writes to."""
        self._logs += 1
        return self.folder / f"{self._logs:03}-{name}.log"


def places_of(topic: TopicSpec, prefix: str) -> list[TopicPartition]:
    """A topic's partitions."""
    name = topic.physical(prefix)
    return [TopicPartition(name, number) for number in range(topic.partitions)]


def _make_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ronda-bench-"))
    folder.chmod(0o711)  # for PostgreSQL, which runs as another user when we are root
    make_keys(folder)
    return folder


@asynccontextmanager
async def ground(extent: Extent, step: Step) -> AsyncIterator[Ground]:
    """Kafka and PostgreSQL under a folder that is removed at the end, tuned as `ronda up` has them
    but for the broker's compiler, which here may take its time."""
    folder = _make_folder()
    try:
        step("Starting Kafka and PostgreSQL")
        async with (
            EmbeddedKafka(folder / "kafka", for_speed=True) as kafka,
            EmbeddedPostgres(folder / "postgres") as postgres,
        ):
            yield Ground(folder, kafka, postgres, extent, step)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
