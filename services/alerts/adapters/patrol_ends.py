"""How far `ronda.patrol` reaches, asked of the broker."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.bus import client_arguments
from shared.settings import KafkaSettings
from shared.topics import PATROL

LIMIT_S = 3.0
"""A broker that is there answers in milliseconds; whoever asks has other things to do."""


class KafkaPatrolEnds:
    """`PatrolEnds` by a client without a group, connected at the first question."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        topic = PATROL.physical(settings.topic_prefix)
        self._partitions = [TopicPartition(topic, n) for n in range(PATROL.partitions)]
        self._client: AIOKafkaConsumer | None = None

    async def ends(self) -> Mapping[int, int]:
        """End offset by partition, empty partitions left out; raises OSError."""
        try:
            async with asyncio.timeout(LIMIT_S):
                client = await self._connected()
                ends = await client.end_offsets(self._partitions)
                beginnings = await client.beginning_offsets(self._partitions)
        except (KafkaError, TimeoutError) as error:
            await self.close()
            raise OSError(f"the broker does not say where {PATROL.name} ends: {error!r}") from error
        return {each.partition: end for each, end in ends.items() if end > beginnings[each]}

    async def close(self) -> None:
        """Disconnects."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(KafkaError):
                await client.stop()

    async def _connected(self) -> AIOKafkaConsumer:
        if self._client is None:
            client = AIOKafkaConsumer(
                client_id="alerts-patrol-ends",
                group_id=None,
                enable_auto_commit=False,
                **client_arguments(self._settings),
            )
            try:
                await client.start()
            except BaseException:
                await client.stop()
                raise
            self._client = client
        return self._client
