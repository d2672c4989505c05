"""Creating the topics that the registry declares; services never create one by accident."""

from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.bus import client_arguments
from shared.settings import KafkaSettings
from shared.topics import TOPICS

TIMEOUT_MS = 30_000


class ProvisionError(RuntimeError):
    """A topic could not be made or is not as declared; `str()` says which and what to mend."""


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What was done, by physical topic name."""

    created: list[str]
    present: list[str]


async def create_topics(settings: KafkaSettings, *, replication: int = 1) -> Provisioned:
    """Creates the missing topics and checks the partitions of the present ones.

    Harmless when repeated. A topic with another number of partitions is an error: keys would move.
    """
    admin = AIOKafkaAdminClient(client_id="ronda-provision", **client_arguments(settings))
    await admin.start()
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
        described = await admin.describe_topics(sorted(existing)) if existing else []
        for topic in described:
            name, count = topic["topic"], len(topic["partitions"])
            if count != wanted[name].partitions:
                raise ProvisionError(
                    f"topic {name} has {count} partitions where {wanted[name].partitions} are "
                    "declared; use another RONDA_TOPIC_PREFIX or move its records first"
                )
        return Provisioned(created=sorted(set(wanted) - existing), present=sorted(existing))
    finally:
        await admin.close()


def _check_created(errors: list[tuple[str, int, str]]) -> None:
    for name, code, message in errors:
        error = for_code(code)
        # Another process made it in between: that is what was wanted.
        if code and error is not TopicAlreadyExistsError:
            raise ProvisionError(f"topic {name}: {error.__name__}: {message}")
