"""The Kafka log beyond its batches: what it still holds, and where to read on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from services.archive.ports import Unavailable
from shared.bus import BatchConsumer, client_arguments
from shared.settings import KafkaSettings
from shared.topics import MAX_RECORD_BYTES

ASK_MS = 5_000
LOOK_AGAIN_S = 1.0


class KafkaLog:
    """`Log` for the partitions that `consumer` reads.

    Questions go through a client without a group: the group's own position may be moved by a
    rebalance between the question and its answer. They are rare.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self.consumer: BatchConsumer | None = None

    async def first_from(self, topic: str, partition: int, offset: int) -> int | None:
        """See `Log`."""
        async with self._asking(topic, partition) as (client, place):
            if offset >= (await client.end_offsets([place]))[place]:
                return None
            client.seek(place, offset)
            records = await client.getmany(place, timeout_ms=ASK_MS, max_records=1)
            if not records:
                raise Unavailable(f"the broker did not show {topic}/{partition} in time")
            return int(records[place][0].offset)

    async def end(self, topic: str, partition: int) -> int:
        """See `Log`."""
        async with self._asking(topic, partition) as (client, place):
            return int((await client.end_offsets([place]))[place])

    def go_to(self, topic: str, partition: int, offset: int) -> None:
        """See `Log`."""
        client = self._reader
        # Lost to a rebalance: its next owner compares with the head for itself.
        if client is not None and self._place(topic, partition) in client.assignment():
            client.seek(self._place(topic, partition), offset)

    def hold(self, topic: str, partition: int, offset: int) -> None:
        """See `Log`."""
        self.go_to(topic, partition, offset)
        client, place = self._reader, self._place(topic, partition)
        if client is not None and self.consumer is not None and place in client.assignment():
            client.pause(place)
            self.consumer.held.add(place)

    def let_go_of(self, topic: str, partition: int) -> bool:
        """See `Log`."""
        client, place = self._reader, self._place(topic, partition)
        if self.consumer is not None:
            self.consumer.held.discard(place)
        if client is None or place not in client.assignment():
            return False
        client.resume(place)
        return True

    @property
    def _reader(self) -> AIOKafkaConsumer | None:
        return None if self.consumer is None else self.consumer.consumer

    def _place(self, topic: str, partition: int) -> TopicPartition:
        return TopicPartition(f"{self._settings.topic_prefix}{topic}", partition)

    @asynccontextmanager
    async def _asking(
        self, topic: str, partition: int
    ) -> AsyncIterator[tuple[AIOKafkaConsumer, TopicPartition]]:
        client = AIOKafkaConsumer(
            group_id=None,
            enable_auto_commit=False,
            # What retention has removed: on with the first record that is left.
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=4 * MAX_RECORD_BYTES,
            **client_arguments(self._settings),
        )
        place = self._place(topic, partition)
        try:
            await client.start()
            client.assign([place])
            yield client, place
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            raise Unavailable(f"the broker does not answer: {error!r}") from error
        finally:
            await client.stop()


async def look_again_for_ever(look_again: Callable[[], None]) -> None:
    """Runs until cancelled."""
    while True:
        await asyncio.sleep(LOOK_AGAIN_S)
        look_again()
