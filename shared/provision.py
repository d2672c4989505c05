"""Creating the topics that the registry declares; services never create one by accident."""

import asyncio
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, TopicAlreadyExistsError, for_code

from shared.bus import client_arguments
from shared.mendable import MendableError
from shared.settings import KafkaSettings
from shared.topics import TOPICS

TIMEOUT_MS = 30_000
REACHABLE_WITHIN_S = 60.0
"""A broker that starts at the same time as its topics' job is waited for this long."""
_PAUSE_S = 0.25


class ProvisionError(MendableError):
    """A topic could not be made or is not as declared; `str()` says which and what to mend."""


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What was done, by physical topic name."""

    created: list[str]
    present: list[str]


async def create_topics(
    settings: KafkaSettings, *, replication: int = 1, within: float = REACHABLE_WITHIN_S
) -> Provisioned:
    """Creates the missing topics and checks the partitions of the present ones.

    Harmless when repeated. A topic with another number of partitions is an error: keys would move.
    Raises `ProvisionError`, also when no broker answers within `within` seconds.
    """
    admin = await _reached(settings, within)
    try:
        wanted = {topic.physical(settings.topic_prefix): topic for topic in TOPICS}
        existing = set(await admin.list_topics()) & set(wanted)
        missing = [
            NewTopic(
                name,
                topic.partitions,
                replication,
                topic_configs=topic.config(single_broker=replication == 1),
            )
            for name, topic in wanted.items()
            if name not in existing
        ]
        if missing:
            answer = await admin.create_topics(missing, timeout_ms=TIMEOUT_MS)
            _check_created(answer.topic_errors)
        for name, count in (await _partitions(admin, sorted(wanted))).items():
            if count != wanted[name].partitions:
                raise ProvisionError(
                    f"topic {name} has {count} partitions where {wanted[name].partitions} are "
                    "declared; use another RONDA_TOPIC_PREFIX or move its records first"
                )
        return Provisioned(created=sorted(set(wanted) - existing), present=sorted(existing))
    finally:
        await admin.close()


async def _reached(settings: KafkaSettings, within: float) -> AIOKafkaAdminClient:
    deadline = asyncio.get_running_loop().time() + within
    while True:
        admin = AIOKafkaAdminClient(client_id="ronda-provision", **client_arguments(settings))
        try:
            await admin.start()
        except KafkaConnectionError as error:
            await admin.close()
            if asyncio.get_running_loop().time() >= deadline:
                raise ProvisionError(
                    f"no broker answers at {settings.bootstrap_servers}: start Kafka, or set "
                    "RONDA_KAFKA_BOOTSTRAP_SERVERS to where it listens"
                ) from error
            await asyncio.sleep(_PAUSE_S)
        else:
            return admin


async def _partitions(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, int]:
    """Partitions by topic, once each of them has a leader: a topic is usable a moment after it
    was made."""
    async with asyncio.timeout(TIMEOUT_MS / 1000):
        while True:
            topics = await admin.describe_topics(names)
            if all(_usable(topic) for topic in topics):
                return {topic["topic"]: len(topic["partitions"]) for topic in topics}
            await asyncio.sleep(0.05)


def _usable(topic: dict[str, Any]) -> bool:
    leaders = [partition["leader"] for partition in topic["partitions"]]
    return topic["error_code"] == 0 and bool(leaders) and min(leaders) >= 0


def _check_created(errors: list[tuple[str, int, str]]) -> None:
    for name, code, message in errors:
        error = for_code(code)
        # Another process made it in between: that is what was wanted.
        if code and error is not TopicAlreadyExistsError:
            raise ProvisionError(f"topic {name}: {error.__name__}: {message}")
