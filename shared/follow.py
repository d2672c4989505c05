"""Reading a topic whole and without a group: each replica folds it for itself."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.bus import Record, client_arguments
from shared.clock import Clock
from shared.freshness import Freshness
from shared.health import Progress
from shared.logging import logger
from shared.settings import KafkaSettings
from shared.tasks import cancelled
from shared.topics import MAX_RECORD_BYTES, TopicSpec

Apply = Callable[[Sequence[Record]], Awaitable[None] | None]

POLL_MS = 500
PAUSE_S = 1.0
PULSE_S = 1.0
PULSE_LIMIT_S = 5.0

_log = logger(__name__)


class Follower:
    """Gives every record of a topic to `apply`, in offset order per partition, and keeps on.

    `look_back` None starts at the beginning, else at the first record not older than that.
    What `apply` raises is logged and shown in `progress`, and the same records come again.
    Entering waits (at most `within`) until the ends that were seen at the start are reached, so a
    service that enters its followers first is ready only when it knows what they know.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        topic: TopicSpec,
        apply: Apply,
        *,
        client_id: str,
        clock: Clock,
        progress: Progress,
        look_back: timedelta | None = None,
        within: timedelta = timedelta(seconds=60),
    ) -> None:
        self._settings = settings
        self._topic = topic.physical(settings.topic_prefix)
        self._partitions = topic.partitions
        self._apply = apply
        self._client_id = client_id
        self._clock = clock
        self._progress = progress
        self._look_back = look_back
        self._within = within
        self._stack = AsyncExitStack()
        self.offsets: dict[int, int] = {}
        """The next offset to read, by partition."""
        self.freshness = Freshness(clock)

    async def __aenter__(self) -> Self:
        consumer = AIOKafkaConsumer(
            client_id=self._client_id,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=4 * MAX_RECORD_BYTES,
            **client_arguments(self._settings),
        )
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                # One that could not start must be stopped too.
                self._stack.push_async_callback(consumer.stop)
                await consumer.start()
                ends = await self._assign(consumer)
                while any(self.offsets[number] < end for number, end in ends.items()):
                    await self._read(consumer)
                self._progress.made()  # of an empty topic nothing was read
        except TimeoutError as error:
            await self._stack.aclose()
            raise TimeoutError(
                f"topic {self._topic} could not be read to its end within "
                f"{self._within.total_seconds():.0f} s; is the broker there, and has "
                "`ronda topics apply` made the topic?"
            ) from error
        except BaseException:
            await self._stack.aclose()
            raise
        for task in (self._follow(consumer), self._pulse(consumer)):
            running = asyncio.create_task(task, name=f"follow {self._topic}")
            self._stack.push_async_callback(cancelled, running)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def _assign(self, consumer: AIOKafkaConsumer) -> dict[int, int]:
        """Assigns all partitions at their first wanted offset; returns their present ends."""
        partitions = [TopicPartition(self._topic, number) for number in range(self._partitions)]
        consumer.assign(partitions)
        self.freshness.holds(partitions)
        ends = await consumer.end_offsets(partitions)
        starts = await self._starts(consumer, partitions, ends)
        for partition, offset in starts.items():
            consumer.seek(partition, offset)
        self.offsets = {partition.partition: offset for partition, offset in starts.items()}
        return {partition.partition: end for partition, end in ends.items()}

    async def _starts(
        self,
        consumer: AIOKafkaConsumer,
        partitions: Sequence[TopicPartition],
        ends: dict[TopicPartition, int],
    ) -> dict[TopicPartition, int]:
        beginnings: dict[TopicPartition, int] = await consumer.beginning_offsets(partitions)
        if self._look_back is None:
            return beginnings
        since = int((self._clock() - self._look_back).timestamp() * 1000)
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, since))
        return {
            partition: found[partition].offset if found.get(partition) else ends[partition]
            for partition in partitions
        }

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        batches = await consumer.getmany(timeout_ms=POLL_MS)
        for partition, records in batches.items():
            outcome = self._apply(records)
            if outcome is not None:
                await outcome
            self.offsets[partition.partition] = records[-1].offset + 1
            self.freshness.took(records)
        self._progress.made()

    async def _pulse(self, consumer: AIOKafkaConsumer) -> None:
        """Asks how far the topic reaches: that nothing comes may be because the broker is away."""
        partitions = [TopicPartition(self._topic, number) for number in self.offsets]
        while True:
            at = self._clock()
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(PULSE_LIMIT_S):
                    ends = await consumer.end_offsets(partitions)
                for partition, end in ends.items():
                    if self.offsets[partition.partition] >= end:
                        self.freshness.caught_up(partition, at)
            await asyncio.sleep(PULSE_S)

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            try:
                await self._read(consumer)
            except Exception as error:
                # Whatever it was, a service that goes on without its fold would not know it.
                self._progress.failed(repr(error))
                _log.warning("cannot follow", topic=self._topic, error=repr(error))
                await asyncio.sleep(PAUSE_S)
                for number, offset in self.offsets.items():
                    consumer.seek(TopicPartition(self._topic, number), offset)
