"""One topic from the command line: read whole, written in order. Where no broker answers, it says
what to mend."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NamedTuple

from aiokafka.errors import KafkaError

from shared.bus import producer
from shared.clock import system_clock
from shared.events.envelope import KAFKA_HEADERS, Event
from shared.events.registry import encode
from shared.follow import Apply, Follower
from shared.health import Progress
from shared.mendable import MendableError
from shared.settings import KafkaSettings
from shared.topics import TopicSpec

CLIENT_ID = "ronda-command"
_READ_WITHIN = timedelta(seconds=30)


class UnreachableError(MendableError):
    """Kafka or PostgreSQL did not answer; `str()` names the setting that says where it is."""


class Outgoing(NamedTuple):
    """A record to be written: to which partition, under which key."""

    value: bytes | None
    partition: int = 0
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = KAFKA_HEADERS


async def write(kafka: KafkaSettings, topic: TopicSpec, records: Iterable[Outgoing]) -> None:
    """Sends the records one by one, each after the acknowledgement of the one before it."""
    async with answering(kafka):
        sender = producer(kafka, client_id=CLIENT_ID)
        try:
            await sender.start()
            for record in records:
                await sender.send_and_wait(
                    topic.physical(kafka.topic_prefix),
                    record.value,
                    key=record.key,
                    partition=record.partition,
                    headers=list(record.headers),
                )
        finally:
            await sender.stop()


async def publish(kafka: KafkaSettings, topic: TopicSpec, *events: Event) -> None:
    """Sends events to a topic of one partition."""
    await write(kafka, topic, (Outgoing(encode(event)) for event in events))


async def read(kafka: KafkaSettings, topic: TopicSpec, feed: Apply) -> None:
    """Gives `feed` everything that the topic holds now."""
    progress = Progress(system_clock)
    async with answering(kafka):
        follower = Follower(
            kafka,
            topic,
            feed,
            client_id=CLIENT_ID,
            clock=system_clock,
            progress=progress,
            within=_READ_WITHIN,
        )
        async with follower:
            return


@asynccontextmanager
async def answering(kafka: KafkaSettings) -> AsyncIterator[None]:
    """Raises `UnreachableError` where the broker does not do what is asked of it in the block."""
    try:
        yield
    except (KafkaError, OSError) as error:  # a time that ran out is an OSError
        raise UnreachableError(
            f"Kafka at {kafka.bootstrap_servers} does not answer as it should "
            f"({error or type(error).__name__}): start it, or set RONDA_KAFKA_BOOTSTRAP_SERVERS "
            "to where it listens; `ronda doctor` looks at it closely"
        ) from error
