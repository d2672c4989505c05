"""Gathering evidence from witnesses that share no code with what they testify about."""

from collections import Counter
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.topics import ALERT, INCIDENT, PATROL, TopicSpec
from tests.faults.checker import Archived, Coordinates, Evidence, Promise
from tests.faults.world import World

WITNESSED = (PATROL, INCIDENT, ALERT)
PAGE = 1000


async def gather(world: World, promises: list[Promise]) -> Evidence:
    """What the ledger, the topics, the archive and the provider say, now."""
    rows = await _archive_rows(world)
    told = [row["event"] for row in rows if row["status"] == "event" and row["topic"] == ALERT.name]
    return Evidence(
        promises=promises,
        topics=await _coordinates(world),
        archive=[_archived(row) for row in rows],
        decisions=_about("alert", told),
        deliveries=list(world.provider.deliveries),
        posts={post.name: post.id for post in world.plan.posts},
        visits=_about("visit", told),
        due=world.due,
        tasks=[*_about("vulnerability", told), *_about("task", told)],
    )


def _about(noun: str, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["type"].startswith(f"ronda.{noun}.")]


async def topic_lengths(world: World) -> dict[str, int]:
    """Records on each witnessed topic."""
    counted = Counter(topic for topic, _, _ in await _coordinates(world))
    return {topic.name: counted[topic.name] for topic in WITNESSED}


async def _coordinates(world: World) -> list[Coordinates]:
    """Each record of the witnessed topics, read with bare clients from the beginning."""
    found: list[Coordinates] = []
    for topic in WITNESSED:
        found += await _read(world.kafka.bootstrap_servers, topic)
    return found


async def _read(bootstrap_servers: str, topic: TopicSpec) -> list[Coordinates]:
    """From the beginning to the ends of now; an assertion fails if fewer records came by."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        enable_auto_commit=False,
        # The default, "latest", races with the seek and may pass over everything.
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        for partition, beginning in (await consumer.beginning_offsets(partitions)).items():
            consumer.seek(partition, beginning)
        found: list[Coordinates] = []
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                found += [(record.topic, record.partition, record.offset) for record in records]
        assert len(found) >= sum(ends.values()), f"{topic.name}: {len(found)} of {ends}"
        return found
    finally:
        await consumer.stop()


async def _archive_rows(world: World) -> list[dict[str, Any]]:
    token = world.token("auditor", "auditor")
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params: dict[str, str | int] = {"limit": PAGE}
        if cursor:
            params["cursor"] = cursor
        answer = await world.client.get(
            f"{world.stack.url('archive')}/v1/events",
            params=params,
            headers={"Authorization": f"Bearer {token}"},
        )
        answer.raise_for_status()
        page = answer.json()
        rows += page["items"]
        cursor = page["next"]
        if not cursor:
            names = {topic.name for topic in WITNESSED}
            return [row for row in rows if row["topic"] in names]


def _archived(row: dict[str, Any]) -> Archived:
    return Archived(
        event=row["id"],
        status=row["status"],
        coordinates=(row["topic"], row["partition"], row["offset"]),
    )
