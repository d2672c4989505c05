"""Which topics come in, and how their records reach the intake."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.alerts.ports import Incoming, Store
from shared.bus import BatchConsumer, Record
from shared.crash import crash_point
from shared.health import Progress
from shared.logging import logger
from shared.settings import KafkaSettings
from shared.topics import INCIDENT, PATROL, POSITION, TopicSpec

LIMIT_S = 10.0

OnRecords = Callable[[Sequence[Incoming]], Awaitable[None]]

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Route:
    """A topic, the consumer group that reads it, and how many records go into one transaction."""

    topic: TopicSpec
    group: str
    max_records: int


# A group each: a flood of positions or a backlog of check-ins never delays a report.
ROUTES: tuple[Route, ...] = (
    Route(INCIDENT, "alerts-incident", 200),
    Route(PATROL, "alerts-patrol", 500),
    Route(POSITION, "alerts-position", 1000),
)


class Inlet:
    """One route: reads on from the position that is stored with our effects, wherever the group is.

    After the database was restored from a backup the group is ahead of it; then the records between
    are read again. Records below the stored position are skipped by the intake.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        route: Route,
        *,
        store: Store,
        on_records: OnRecords,
        progress: Progress,
    ) -> None:
        self.topic = route.topic
        self._store = store
        self._on_records = on_records
        self._expected: dict[int, int] = {}
        """The next offset by partition, as far as this process saw it go by without a gap."""
        self.consumer = BatchConsumer(
            settings,
            topics=[route.topic],
            group=route.group,
            handle=self._handle,
            progress=progress,
            max_records=route.max_records,
        )

    async def _handle(self, records: Sequence[Record]) -> None:
        partitions = {record.partition for record in records}
        skipped = {number for number in partitions if await self._rewound(number, records)}
        incoming = [
            Incoming(
                topic=self.topic.name,
                partition=record.partition,
                offset=record.offset,
                value=record.value,
            )
            for record in records
            if record.partition not in skipped
        ]
        if incoming:
            await self._on_records(incoming)
            crash_point(f"{self.topic.name}.committed")
        for record in incoming:
            self._expected[record.partition] = record.offset + 1

    async def _rewound(self, partition: int, records: Sequence[Record]) -> bool:
        """Whether the partition had to be sought back, because the batch begins after a gap.

        Raises LookupError when our position lies beyond the end of the topic.
        """
        first = next(record for record in records if record.partition == partition)
        consumer = self.consumer.consumer
        if consumer is None or self._expected.get(partition) == first.offset:
            return False
        async with self._store.transaction() as transaction:
            stored = (await transaction.positions()).get((self.topic.name, partition), 0)
        physical = TopicPartition(first.topic, partition)
        beginning, end = await _extent(consumer, physical)
        if stored > end:
            raise LookupError(
                f"{first.topic}[{partition}] ends at {end} but {stored} was reached: if the topic "
                "was made anew, its rows of the table alerts.position must be deleted"
            )
        wanted = max(stored, beginning)
        if first.offset <= wanted:
            return False
        _log.warning("reading again", topic=first.topic, partition=partition, offset=wanted)
        consumer.seek(physical, wanted)
        return True


async def _extent(consumer: AIOKafkaConsumer, partition: TopicPartition) -> tuple[int, int]:
    async with asyncio.timeout(LIMIT_S):
        beginnings = await consumer.beginning_offsets([partition])
        ends = await consumer.end_offsets([partition])
    return beginnings[partition], ends[partition]
