"""What the archive itself has to say, recorded on `ronda.audit`: looks at a person's past first."""

import asyncio

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from services.archive.ports import Unavailable
from shared.events.envelope import KAFKA_HEADERS, Event
from shared.events.registry import encode
from shared.settings import KafkaSettings
from shared.topics import AUDIT, partition_for

WITHIN_S = 5.0


class KafkaAccessLog:
    """`AccessLog` on a started producer."""

    def __init__(self, producer: AIOKafkaProducer, settings: KafkaSettings) -> None:
        self._producer = producer
        self._topic = AUDIT.physical(settings.topic_prefix)

    async def record(self, event: Event) -> None:
        """See `AccessLog`."""
        key = (event.unit or "").encode()
        try:
            async with asyncio.timeout(WITHIN_S):
                await self._producer.send_and_wait(
                    self._topic,
                    encode(event),
                    key=key,
                    partition=partition_for(key, AUDIT.partitions),
                    headers=list(KAFKA_HEADERS),
                )
        except (KafkaError, TimeoutError) as error:
            raise Unavailable(
                "the bus does not take it now, and what is not recorded is not done"
            ) from error
