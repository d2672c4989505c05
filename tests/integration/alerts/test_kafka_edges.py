"""What the service asks of the broker beside its records: ends of topics, and the plan."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.alerts.adapters.patrol_ends import KafkaPatrolEnds
from services.alerts.adapters.plan_book import FoldedPlan
from shared.clock import system_clock
from shared.follow import Follower
from shared.health import Progress
from shared.settings import KafkaSettings
from shared.topics import PATROL, PLAN, partition_for
from tests.builders import WAREHOUSE, a_checkin, a_plan
from tests.integration.alerts.world import World
from tests.waiting import eventually


async def test_the_ends_are_those_of_the_partitions_that_hold_something(world: World) -> None:
    ends = KafkaPatrolEnds(world.kafka)
    try:
        assert await ends.ends() == {}
        await world.send(a_checkin())
        await world.send(a_checkin())
        partition = partition_for(WAREHOUSE.encode(), PATROL.partitions)
        assert await ends.ends() == {partition: 2}
    finally:
        await ends.close()


async def test_ends_that_cannot_be_read_are_an_error_of_the_world(topics: KafkaSettings) -> None:
    ends = KafkaPatrolEnds(replace(topics, bootstrap_servers="127.0.0.1:1"))
    with pytest.raises(OSError, match=r"ronda\.patrol"):
        await ends.ends()
    await ends.close()


async def test_a_new_plan_is_in_force_without_a_restart(world: World) -> None:
    book = FoldedPlan(system_clock)
    assert book.known().ok
    follower = Follower(
        world.kafka,
        PLAN,
        book.feed,
        client_id="test",
        clock=system_clock,
        progress=Progress(system_clock),
    )
    first = datetime.now(UTC)
    await world.publish(a_plan(version="one"), first)
    async with follower:
        assert book.plan == a_plan(version="one")
        assert book.published_at == first
        await world.send(b"\xff not a plan", PLAN)
        later = first + timedelta(seconds=1)
        await world.publish(a_plan(version="two"), later)
        await eventually(lambda: book.plan == a_plan(version="two"))
        assert book.published_at == later
        assert "two" in book.known().detail
