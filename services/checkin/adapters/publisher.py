"""Group commit: what arrives while a flush is in flight becomes the next flush.

Each flush is one record batch per topic and partition, acknowledged by all replicas, and there is
one flush at a time: that keeps order per key, bounds memory, and is faster than two. Whatever goes
wrong, a poisoned idempotent producer and a silent broker alike, is answered in one way: nobody is
told "accepted", the producer is given up, and a new one is made as soon as Kafka answers.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from services.checkin.domain.stamping import Outgoing
from services.checkin.metrics import Metrics
from services.checkin.ports import Unavailable
from shared.events.envelope import KAFKA_HEADERS
from shared.health import Progress
from shared.logging import logger
from shared.topics import DEVICE, INCIDENT, MEDIA, PATROL, POSITION, QUARANTINE, partition_for

TOPICS = (PATROL, INCIDENT, POSITION, DEVICE, QUARANTINE, MEDIA)
PROBE_EVERY_S = 5.0
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 2.0
FAREWELL_S = 5.0
_HEADERS = list(KAFKA_HEADERS)

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of what waits for Kafka. A flush that takes longer than `ack_timeout_s` has failed."""

    ack_timeout_s: float = 10.0
    pending_records: int = 50_000
    pending_bytes: int = 32 * 1024 * 1024


@dataclass(eq=False, slots=True)
class _Batch:
    """A record batch, and those who wait for it: each is told None or what went wrong.

    Each has a future of its own, so that one who leaves takes nobody's answer away.
    """

    topic: str
    partition: int
    builder: BatchBuilder
    loop: asyncio.AbstractEventLoop
    waiters: list[asyncio.Future[str | None]] = field(default_factory=list)
    delivery: asyncio.Future[object] | None = None

    def wait(self) -> "asyncio.Future[str | None]":
        """What becomes of the batch, for one more who wants to know."""
        waiter: asyncio.Future[str | None] = self.loop.create_future()
        self.waiters.append(waiter)
        return waiter

    def settle(self, otherwise: str) -> str | None:
        """Tells the waiters; `otherwise` is said where no acknowledgement has come."""
        delivery = self.delivery
        if delivery is None or not delivery.done():
            failure: str | None = otherwise
            if delivery is not None:
                delivery.add_done_callback(_disregarded)
        else:
            error = delivery.exception()
            failure = None if error is None else repr(error)
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(failure)
        return failure


@dataclass(slots=True)
class _Group:
    """What the next flush will carry."""

    batches: list[_Batch] = field(default_factory=list)
    open: dict[tuple[str, int], _Batch] = field(default_factory=dict)
    records: int = 0
    bytes: int = 0

    def settle(self, otherwise: str) -> str | None:
        """Tells all waiters; returns the first failure."""
        failures = [batch.settle(otherwise) for batch in self.batches]
        return next((failure for failure in failures if failure is not None), None)


class GroupCommit:
    """The `Publisher` on Kafka. `delivering` is its progress for readiness: an acknowledged flush,
    or an answered probe when idle. `turning` is for liveness: the loop goes round, Kafka or not."""

    def __init__(
        self,
        make_producer: Callable[[], AIOKafkaProducer],
        *,
        prefix: str,
        limits: Limits,
        metrics: Metrics,
        delivering: Progress,
        turning: Progress,
    ) -> None:
        self._make_producer = make_producer
        self._physical = {topic.name: topic.physical(prefix) for topic in TOPICS}
        self._limits = limits
        self._metrics = metrics
        self._delivering = delivering
        self._turning = turning
        self._producer: AIOKafkaProducer | None = None
        # From entering on. Asking which loop runs asks the system for the process id each time.
        self._loop: asyncio.AbstractEventLoop
        self._pause_s = FIRST_PAUSE_S
        self._wake = asyncio.Event()
        self._open = _Group()
        self._in_flight = _Group()
        self._loop_task: asyncio.Task[None] | None = None
        self._farewells: set[asyncio.Task[None]] = set()
        metrics.pending_bytes.set_function(lambda: self._open.bytes + self._in_flight.bytes)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        await self._turn()
        self._loop_task = asyncio.create_task(self._run(), name="group commit")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop_task is not None:
            self._loop_task.cancel()
            await asyncio.gather(self._loop_task, return_exceptions=True)
        self._let_go("the service is stopping")
        await asyncio.gather(*self._farewells, return_exceptions=True)

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Returns once all replicas have every record; raises `Unavailable`."""
        producer = self._producer
        if producer is None:
            raise Unavailable("Kafka does not answer", retry_after_s=5)
        self._admit(records)
        touched = {self._append(producer, record) for record in records}
        self._wake.set()
        for outcome in [batch.wait() for batch in touched]:
            if await outcome is not None:
                raise Unavailable("Kafka did not acknowledge in time", retry_after_s=5)

    def _admit(self, records: Sequence[Outgoing]) -> None:
        count = self._open.records + self._in_flight.records + len(records)
        size = sum(len(record.value) for record in records)
        size += self._open.bytes + self._in_flight.bytes
        if count > self._limits.pending_records or size > self._limits.pending_bytes:
            raise Unavailable("too much is waiting for Kafka", retry_after_s=1)

    def _append(self, producer: AIOKafkaProducer, record: Outgoing) -> _Batch:
        group, topic = self._open, record.topic
        place = topic.name, partition_for(record.key, topic.partitions)
        group.records += 1
        group.bytes += len(record.value)
        batch = group.open.get(place)
        if batch is not None and _appended(batch.builder, record):
            return batch
        builder = producer.create_batch()
        batch = _Batch(self._physical[topic.name], place[1], builder, self._loop)
        group.open[place] = batch
        group.batches.append(batch)
        _appended(batch.builder, record)  # an empty batch takes a record of any size
        return batch

    async def _run(self) -> None:
        while True:
            await self._turn()

    async def _turn(self) -> None:
        """Connects, flushes or probes, whichever is due; never raises but when it is cancelled."""
        self._turning.made()
        try:
            if self._producer is None:
                await self._connect()
                return
            try:
                async with asyncio.timeout(PROBE_EVERY_S):
                    await self._wake.wait()
            except TimeoutError:
                await self._probe(self._producer)
            else:
                await self._flush(self._producer)
        except Exception as error:
            self._give_up(repr(error))

    async def _connect(self) -> None:
        producer = self._make_producer()
        try:
            async with asyncio.timeout(self._limits.ack_timeout_s):
                await producer.start()
                for topic in self._physical.values():
                    await producer.partitions_for(topic)
        except BaseException as error:
            self._part_from(producer)
            if not isinstance(error, Exception):
                raise
            self._delivering.failed(repr(error))
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            return
        self._pause_s = FIRST_PAUSE_S
        self._producer = producer
        self._is_up()
        _log.info("Kafka answers")

    async def _probe(self, producer: AIOKafkaProducer) -> None:
        async with asyncio.timeout(self._limits.ack_timeout_s):
            await producer.client.fetch_all_metadata()
        self._is_up()

    async def _flush(self, producer: AIOKafkaProducer) -> None:
        self._wake.clear()
        group = self._in_flight = self._open
        self._open = _Group()
        started = perf_counter()
        try:
            async with asyncio.timeout(self._limits.ack_timeout_s):
                for batch in group.batches:
                    batch.delivery = await producer.send_batch(
                        batch.builder, batch.topic, partition=batch.partition
                    )
                await asyncio.wait([batch.delivery for batch in group.batches if batch.delivery])
        finally:
            failure = group.settle("no acknowledgement in time")
            self._in_flight = _Group()
        if failure is not None:
            self._give_up(failure)
            return
        self._metrics.flush_s.observe(perf_counter() - started)
        self._metrics.flush_records.observe(group.records)
        self._is_up()

    def _is_up(self) -> None:
        self._delivering.made()
        self._metrics.kafka_up.set(1)

    def _give_up(self, why: str) -> None:
        """Parts from a producer that failed.

        After an error that it must not repeat, an idempotent producer fails for ever, and after a
        timeout nobody knows what it still sends; events that were not answered for come again.
        """
        if self._producer is not None:
            self._metrics.kafka_failures.inc()
            _log.warning("producer given up", error=why, waiting=self._open.records)
        self._delivering.failed(why)
        self._metrics.kafka_up.set(0)
        self._let_go(why)

    def _let_go(self, why: str) -> None:
        """Tells everybody who waits, and takes no more until there is another producer."""
        waiting, self._open = self._open, _Group()
        waiting.settle(why)
        self._wake.clear()
        producer, self._producer = self._producer, None
        if producer is not None:
            self._part_from(producer)

    def _part_from(self, producer: AIOKafkaProducer) -> None:
        task = asyncio.create_task(_stopped(producer), name="producer's farewell")
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)


def _disregarded(delivery: "asyncio.Future[object]") -> None:
    """Looks at an outcome that comes too late, because asyncio complains of those nobody saw."""
    if not delivery.cancelled():
        delivery.exception()


def _appended(builder: BatchBuilder, record: Outgoing) -> bool:
    metadata = builder.append(timestamp=None, key=record.key, value=record.value, headers=_HEADERS)
    return metadata is not None


async def _stopped(producer: AIOKafkaProducer) -> None:
    """Stops a producer that may never deliver what it holds: its own `stop` waits for that."""
    producer._closed = True
    try:
        async with asyncio.timeout(FAREWELL_S):
            await producer._sender.close()
    except Exception as error:
        _log.info("producer stopped the hard way", error=repr(error))
    finally:
        await producer.client.close()
