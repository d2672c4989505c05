"""Kafka as Ronda uses it: one kind of producer, one kind of consumer.

Producing: `acks=all`, idempotent, lz4. Consuming: FastStream batches of raw records, acknowledged
after the handler and sought back to on any exception, with a pause of our own in between. A handler
raises only for what a retry may mend; data that is wrong goes to quarantine or dead letter.
"""

import asyncio
import dataclasses
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from itertools import chain
from types import TracebackType
from typing import Any, Self, TypeAlias

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaMessage
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from shared.freshness import Freshness
from shared.health import Progress
from shared.logging import logger
from shared.settings import KafkaSettings
from shared.tasks import cancelled, ended
from shared.topics import MAX_RECORD_BYTES, TopicSpec

Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"
BatchHandler: TypeAlias = Callable[[Sequence[Record]], Awaitable[None]]

REQUEST_TIMEOUT_MS = 10_000
METADATA_MAX_AGE_MS = 30_000
SESSION_TIMEOUT_MS = 6_000
"""A consumer that is silent this long loses its partitions to another replica."""
POLL_MS = 1_000
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
GRACE_S = 10.0
"""For what is in hand when the consumer ends."""
PULSE_S = 1.0
STUCK_PULSES = 20
"""So many pulses in a row with something to read, or without knowing where to go on, and nothing
read or in hand: made anew."""
UNASSIGNED_PULSES = 60
POSITIONS_WITHIN_S = 1.0
SETTLING_PULSES = 10
"""Whoever has no partition after so many belongs to a group that is large enough without it."""
REVIVE_WITHIN_S = 30.0

_log = logger(__name__)


def client_arguments(settings: KafkaSettings) -> dict[str, Any]:
    """What every aiokafka client needs to reach the brokers."""
    tls = settings.security_protocol.endswith("SSL")
    return {
        "bootstrap_servers": settings.bootstrap_servers.split(","),
        "security_protocol": settings.security_protocol,
        "ssl_context": _tls(settings) if tls else None,
        "sasl_mechanism": settings.sasl_mechanism or "PLAIN",
        "sasl_plain_username": settings.sasl_username,
        "sasl_plain_password": settings.sasl_password,
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "metadata_max_age_ms": METADATA_MAX_AGE_MS,
    }


def producer(settings: KafkaSettings, *, client_id: str, linger_ms: int = 0) -> AIOKafkaProducer:
    """A producer that answers only for what all replicas have; the caller starts and stops it.

    One record over `MAX_RECORD_BYTES` kills an idempotent producer for good, so whoever sends
    checks sizes first.
    """
    return AIOKafkaProducer(
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        linger_ms=linger_ms,
        max_batch_size=262_144,
        max_request_size=MAX_RECORD_BYTES,
        **client_arguments(settings),
    )


class BatchConsumer:
    """Hands batches of raw records to `handle`, at least once, in order per partition."""

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        topics: Sequence[TopicSpec],
        group: str,
        handle: BatchHandler,
        progress: Progress,
        max_records: int = 1000,
        listener: ConsumerRebalanceListener | None = None,
    ) -> None:
        self._handle = handle
        self._progress = progress
        self._pause_s = FIRST_PAUSE_S
        self._failing = False
        self._busy = False
        self._still = 0
        self._stack = AsyncExitStack()
        self._positions: dict[TopicPartition, int] = {}
        self._in_hand: set[TopicPartition] = set()
        self.freshness = Freshness(progress.clock)
        self.lag: dict[tuple[str, int], int] = {}
        """Records behind the end, by topic and partition, as of the last pulse."""
        self.held: set[TopicPartition] = set()
        """Partitions that the handler has paused on purpose: they make nobody stuck."""
        self._broker = KafkaBroker(
            settings.bootstrap_servers.split(","),
            security=_security(settings),
            client_id=group,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            metadata_max_age_ms=METADATA_MAX_AGE_MS,
            consumer_only=True,
            allow_auto_create_topics=False,
            apply_types=False,
            graceful_timeout=GRACE_S,
            logger=None,
        )
        self._subscriber = self._broker.subscriber(
            *(topic.physical(settings.topic_prefix) for topic in topics),
            batch=True,
            group_id=f"{settings.topic_prefix}{group}",
            group_instance_id=settings.instance,
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=SESSION_TIMEOUT_MS // 4,
            ack_policy=AckPolicy.NACK_ON_ERROR,
            auto_offset_reset="earliest",
            max_records=max_records,
            max_partition_fetch_bytes=4 * MAX_RECORD_BYTES,
            parser=_parse,
            decoder=_decode,
            listener=listener,
        )
        self._subscriber(self._consume)
        self._max_records = max_records
        # Its own sleeps after each empty poll, blind to what arrives meanwhile.
        self._subscriber.get_msg = self._polled  # type: ignore[method-assign]

    async def __aenter__(self) -> Self:
        await self._broker.start()
        self._stack.push_async_callback(self._loops_ended, self._broker.stop)
        pulse = asyncio.create_task(self._pulse(), name="consumer pulse")
        self._stack.push_async_callback(cancelled, pulse)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def consumer(self) -> AIOKafkaConsumer | None:
        """The client underneath, once started."""
        return self._subscriber.consumer

    async def _loops_ended(self, stop: Callable[[], Awaitable[None]]) -> None:
        """Stops FastStream, and its loops with it, which it forgets as it cancels them."""
        loops = list(self._subscriber.tasks)
        await stop()
        await ended(loops, within_s=GRACE_S)

    async def _polled(self, consumer: AIOKafkaConsumer) -> tuple[Record, ...]:
        found = await consumer.getmany(timeout_ms=POLL_MS, max_records=self._max_records)
        self._in_hand = set(found)
        return tuple(chain.from_iterable(found.values()))

    async def _consume(self, records: Sequence[Record]) -> None:
        self._busy = True
        try:
            await self._handle(records)
        except Exception as error:
            self._failing = True
            # Without a pause of ours the refetch after the seek is a tight loop.
            self._progress.failed(repr(error))
            _log.warning("batch failed, trying again", error=repr(error), pause_s=self._pause_s)
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
            raise
        finally:
            self._busy = False
            self._in_hand.clear()
        self.freshness.took(records)
        self._pause_s = FIRST_PAUSE_S
        self._failing = False
        self._progress.made()

    async def _pulse(self) -> None:
        """Keeps `lag` true and counts idleness at the end of the topics as progress."""
        while True:
            await asyncio.sleep(PULSE_S)
            consumer = self.consumer
            if consumer is None:
                continue
            try:
                await self._measure(consumer)
                if self._still >= (STUCK_PULSES if self._positions else UNASSIGNED_PULSES):
                    await self._revive()
            except (KafkaError, TimeoutError, AssertionError) as error:
                self._progress.failed(f"the broker does not answer: {error!r}")

    async def _measure(self, consumer: AIOKafkaConsumer) -> None:
        assigned = consumer.assignment()
        if assigned != self._positions.keys():
            self._failing = False  # what failed may be another replica's now
        if not assigned:
            self.lag.clear()
            self._positions = {}
            self._still += 1
            if self._still >= SETTLING_PULSES:
                self.freshness.holds(())
            self._progress.made()
            return
        self.freshness.holds(assigned)
        measured_at = self._progress.clock()
        async with asyncio.timeout(5):
            ends = await consumer.end_offsets(assigned)
        try:
            async with asyncio.timeout(POSITIONS_WITHIN_S):
                positions = {each: await consumer.position(each) for each in assigned}
        except (KafkaError, TimeoutError) as error:
            # The broker answers, and the client does not learn where to go on.
            self._progress.failed(f"the position is not known: {error!r}")
            self._still += 0 if self._busy else 1
            return
        self._count_lag(ends, positions, measured_at)
        self._judge_stillness(ends, positions)

    def _count_lag(
        self,
        ends: Mapping[TopicPartition, int],
        positions: dict[TopicPartition, int],
        measured_at: datetime,
    ) -> None:
        """How far behind it is, partition by partition, and which have nothing left to read."""
        # Changed in place: the metrics hold this dictionary.
        self.lag.clear()
        for partition, position in positions.items():
            behind = max(0, ends[partition] - position)
            self.lag[partition.topic, partition.partition] = behind
            if not (behind or self._failing or partition in self._in_hand):
                self.freshness.caught_up(partition, measured_at)

    def _judge_stillness(
        self, ends: Mapping[TopicPartition, int], positions: dict[TopicPartition, int]
    ) -> None:
        """Whether there is progress, as a consumer that stands still is made anew."""
        waiting = [ends[each] > positions[each] for each in positions.keys() - self.held]
        # A batch that fails and is sought back moves the positions too, and is no progress.
        moves = not any(waiting) or positions != self._positions
        if moves and not self._failing:
            self._progress.made()
        self._still = 0 if moves or self._failing or self._busy else self._still + 1
        self._positions = positions

    async def _revive(self) -> None:
        """A client that stopped for good, as was seen once after a broker's crash, is replaced.

        Only while the broker answers: a client that cannot say goodbye would keep its partitions.
        """
        self._still = 0
        _log.error("consumer is stuck and is made anew", behind=sum(self.lag.values()))
        async with asyncio.timeout(REVIVE_WITHIN_S):
            await self._loops_ended(self._subscriber.stop)
            await self._subscriber.start()


async def _parse(
    records: tuple[Record, ...],
    original: Callable[[tuple[Record, ...]], Awaitable[KafkaMessage]],
) -> KafkaMessage:
    """FastStream's own parser decodes every header and loses the whole batch when one is null or
    not UTF-8, so it is shown a bare record instead; the real ones travel as `raw_message`."""
    parsed = await original((dataclasses.replace(records[0], headers=(), value=b""),))
    parsed.raw_message = records
    return parsed


async def _decode(message: KafkaMessage) -> Any:
    return message.raw_message


def _tls(settings: KafkaSettings) -> ssl.SSLContext:
    return ssl.create_default_context(
        cafile=str(settings.ssl_ca_file) if settings.ssl_ca_file else None
    )


def _security(settings: KafkaSettings) -> BaseSecurity | None:
    if settings.security_protocol == "PLAINTEXT":
        return None
    tls = settings.security_protocol.endswith("SSL")
    context = _tls(settings) if tls else None
    if not settings.security_protocol.startswith("SASL"):
        return BaseSecurity(ssl_context=context, use_ssl=True)
    mechanisms = {
        "PLAIN": SASLPlaintext,
        "SCRAM-SHA-256": SASLScram256,
        "SCRAM-SHA-512": SASLScram512,
    }
    return mechanisms[settings.sasl_mechanism or "PLAIN"](
        username=settings.sasl_username or "",
        password=settings.sasl_password or "",
        ssl_context=context,
        use_ssl=tls,
    )
