"""Every topic of the registry, read in batches of raw records."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import cast

from services.archive.domain.classify import Received, classify
from services.archive.domain.kept import Batch, is_aside
from shared.bus import BatchConsumer, Record
from shared.health import Progress
from shared.settings import KafkaSettings
from shared.topics import TOPICS

GROUP = "archive"
MAX_RECORDS = 5_000
_partition = attrgetter("topic", "partition")

Keep = Callable[[Sequence[Batch]], Awaitable[None]]


def batch_consumer(settings: KafkaSettings, *, keep: Keep, progress: Progress) -> BatchConsumer:
    """A member of the archive's group that hands classified batches to `keep`.

    Its committed offsets are a hint: the store's heads are the position.
    """

    async def handle(records: Sequence[Record]) -> None:
        await keep(batches(records, settings.topic_prefix))

    return BatchConsumer(
        settings,
        topics=TOPICS,
        group=GROUP,
        handle=handle,
        progress=progress,
        max_records=MAX_RECORDS,
    )


def batches(records: Sequence[Record], prefix: str) -> list[Batch]:
    """One classified batch per partition; a poll brings each partition's records together."""
    made = []
    for (topic, partition), group in groupby(records, key=_partition):
        name = topic.removeprefix(prefix)
        kept = [classify(cast("Received", record)) for record in group]
        made.append(Batch(name, partition, kept[0].offset, kept, aside=is_aside(name)))
    return made
