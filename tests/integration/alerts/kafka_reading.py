"""Reading a whole topic, for assertions."""

import asyncio

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from shared.bus import client_arguments
from shared.settings import KafkaSettings
from shared.topics import TopicSpec


async def records_of(
    settings: KafkaSettings, topic: TopicSpec
) -> list["ConsumerRecord[bytes | None, bytes | None]"]:
    """Every record that the topic holds now, in the order of its offsets by partition."""
    name = topic.physical(settings.topic_prefix)
    partitions = [TopicPartition(name, number) for number in range(topic.partitions)]
    consumer = AIOKafkaConsumer(
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        **client_arguments(settings),
    )
    records: list[ConsumerRecord[bytes | None, bytes | None]] = []
    async with consumer, asyncio.timeout(20):
        consumer.assign(partitions)
        left = {each: end for each, end in (await consumer.end_offsets(partitions)).items() if end}
        while left:
            for partition, batch in (await consumer.getmany(timeout_ms=200)).items():
                records += batch
                if partition in left and batch[-1].offset + 1 >= left[partition]:
                    del left[partition]
    return sorted(records, key=lambda record: (record.partition, record.offset))
