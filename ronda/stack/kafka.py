"""Apache Kafka as a child process: one KRaft node, broker and controller in one."""

import asyncio
import base64
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from ronda.stack.cache import cache_dir
from ronda.stack.child import Child
from ronda.stack.errors import StackError
from ronda.stack.jars import class_path
from ronda.stack.jars.lock import load
from ronda.stack.java import find_java
from ronda.stack.jvm import Jvm
from ronda.stack.ports import LOOPBACK, free_port, require_free

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.05
_PROBE_TIMEOUT_MS = 2_000


def broker_properties(data: Path, port: int, controller_port: int) -> Mapping[str, str]:
    """`server.properties` of one durable, quick-starting node that only this machine can reach."""
    listener = f"PLAINTEXT://{LOOPBACK}:{port}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"{listener},CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": listener,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",
        "log.message.timestamp.type": "LogAppendTime",
        "offsets.topic.num.partitions": "3",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "3",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "3",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        # A consumer that was killed is replaced after this, not after Kafka's 45 seconds.
        "group.min.session.timeout.ms": "1000",
        "log.cleaner.dedupe.buffer.size": "2097152",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "num.recovery.threads.per.data.dir": "2",
        "background.threads": "2",
        # The controller keeps a killed broker's place for this long before the next may take it.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
    }


@dataclass(slots=True)
class EmbeddedKafka:
    """A broker under `data_dir`; `port` 0 takes a free one and keeps it across restarts.

    `start`, `stop` and `kill` may follow each other: the same port, the same data. `for_speed` is
    for load tests: a broker that is quick to start is not the quickest when it runs.
    """

    data_dir: Path
    port: int = 0
    start_seconds: float = _START_SECONDS
    for_speed: bool = False
    _controller_port: int = field(default=0, init=False)
    child: Child | None = field(default=None, init=False)
    """The process; None as soon as it was told to end."""
    _jvm: Jvm | None = field(default=None, init=False)

    @property
    def bootstrap_servers(self) -> str:
        """`host:port` for clients."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        """The broker's own log file."""
        return self.data_dir / "kafka.log"

    @property
    def _archive_in_making(self) -> Path:
        return self.data_dir / "classes.jsa"

    @property
    def pid(self) -> int:
        """The broker's process id. Raises `StackError` when it does not run."""
        if self.child is None:
            raise StackError("the embedded Kafka is not running")
        return self.child.pid

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Starts the broker and returns when it answers a request for metadata.

        Raises `StackError` with the end of the broker's log when it does not come up in time.
        """
        if self.port == 0:
            self.port = free_port()
        require_free(self.port, user="Kafka", setting="RONDA_KAFKA_PORT")
        self._controller_port = free_port()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        jvm = self._jvm = await asyncio.to_thread(_jvm, for_speed=self.for_speed)
        deadline = time.monotonic() + self.start_seconds
        properties = self._write_properties()
        if not (self.data_dir / "topics" / "meta.properties").exists():
            await self._format(jvm, properties, deadline)
        command = jvm.command("kafka.Kafka", str(properties), make=self._archive_in_making)
        self.child = await Child.start("kafka", command, log=self.log)
        try:
            await self._until_ready(self.child, deadline)
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """Stops the broker in order; kills it when it takes too long."""
        child, self.child = self.child, None
        if child is None:
            return
        await child.stop(within=_STOP_SECONDS)
        if self._jvm is not None:
            await asyncio.to_thread(self._jvm.adopt, self._archive_in_making)

    async def kill(self) -> None:
        """Ends the broker as a power cut would."""
        child, self.child = self.child, None
        if child is not None:
            await child.kill()

    def _write_properties(self) -> Path:
        values = broker_properties(self.data_dir / "topics", self.port, self._controller_port)
        path = self.data_dir / "server.properties"
        path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
        return path

    async def _format(self, jvm: Jvm, properties: Path, deadline: float) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # With "=", because one id in 64 begins with a dash and would be read as an option.
        command = jvm.command(
            "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(properties)
        )
        child = await Child.start("kafka-format", command, log=self.log)
        try:
            code = await asyncio.wait_for(child.wait(), max(1.0, deadline - time.monotonic()))
        except BaseException:
            await child.kill()
            raise
        if code != 0:
            raise StackError(f"Kafka's storage could not be formatted:\n{child.tail()}")

    async def _until_ready(self, child: Child, deadline: float) -> None:
        while not (await self._port_is_open() and await self._answers()):
            if child.exit_code is not None:
                raise StackError(
                    f"Kafka ended with code {child.exit_code} while starting; "
                    f"the end of {child.log}:\n{child.tail()}"
                )
            if time.monotonic() > deadline:
                raise StackError(
                    f"Kafka did not answer within {self.start_seconds:.0f} s; "
                    f"the end of {child.log}:\n{child.tail()}"
                )
            await asyncio.sleep(_POLL_SECONDS)

    async def _port_is_open(self) -> bool:
        # Asked first because aiokafka logs an error for each refused connection.
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, self.port)
        except OSError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True

    async def _answers(self) -> bool:
        admin = AIOKafkaAdminClient(
            bootstrap_servers=self.bootstrap_servers, request_timeout_ms=_PROBE_TIMEOUT_MS
        )
        try:
            await admin.start()
            cluster = await admin.describe_cluster()
        except (KafkaError, OSError, TimeoutError):
            return False
        finally:
            await admin.close()
        return bool(cluster["brokers"])


def _jvm(*, for_speed: bool) -> Jvm:
    jvm = Jvm(find_java(), tuple(class_path(load(), cache_dir() / "jars")), for_speed)
    jvm.prepare()
    return jvm
