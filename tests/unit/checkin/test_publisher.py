"""The group commit on a fake producer: who waits for what, and what a failure does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka.errors import OutOfOrderSequenceNumber
from prometheus_client import CollectorRegistry

from services.checkin.adapters import publisher as adapter
from services.checkin.adapters.publisher import GroupCommit, Limits
from services.checkin.domain.stamping import Outgoing
from services.checkin.metrics import Metrics
from services.checkin.ports import Unavailable
from shared.clock import system_clock
from shared.health import Progress
from shared.topics import INCIDENT, PATROL, TopicSpec
from tests.unit.checkin.fakes import FakeBroker
from tests.waiting import eventually


def record(value: bytes, *, key: bytes = b"k", topic: TopicSpec = PATROL) -> Outgoing:
    return Outgoing(topic, key, value, ())


@asynccontextmanager
async def committing(
    broker: FakeBroker, limits: Limits | None = None, ready: Progress | None = None
) -> AsyncIterator[GroupCommit]:
    async with GroupCommit(
        broker.producer,
        prefix="p.",
        limits=limits or Limits(),
        metrics=Metrics(CollectorRegistry()),
        delivering=ready or Progress(system_clock),
        turning=Progress(system_clock),
    ) as commit:
        yield commit


async def test_what_arrives_in_one_turn_is_one_batch_per_topic_and_partition() -> None:
    broker = FakeBroker()
    async with committing(broker) as commit:
        await asyncio.gather(
            *(commit.publish([record(b"%d" % n)]) for n in range(10)),
            commit.publish([record(b"other", topic=INCIDENT)]),
        )
    assert [(topic, len(values)) for topic, _, values in broker.batches] == [
        ("p.ronda.patrol", 10),
        ("p.ronda.incident", 1),
    ]


async def test_there_is_one_flush_at_a_time_and_what_comes_meanwhile_is_the_next() -> None:
    broker = FakeBroker()
    broker.acknowledges = False
    async with committing(broker) as commit:
        first = asyncio.create_task(commit.publish([record(b"1")]))
        await eventually(lambda: broker.values == [b"1"])
        later = [asyncio.create_task(commit.publish([record(b"%d" % n)])) for n in (2, 3)]
        await eventually(lambda: commit._open.records == 2)
        assert broker.values == [b"1"]
        assert not first.done()
        broker.acknowledge()
        await first
        await eventually(lambda: len(broker.batches) == 2)
        assert not any(task.done() for task in later)
        broker.acknowledge()
        await asyncio.gather(*later)
    assert broker.batches[1][2] == [b"2", b"3"]


async def test_a_full_batch_is_followed_by_another_in_order() -> None:
    broker = FakeBroker()
    async with committing(broker) as commit:
        await commit.publish([record(bytes([n]) * 100_000) for n in range(6)])
        await commit.publish([record(b"x" * 262_144), record(b"y")])
    assert [value[:1] for value in broker.values] == [bytes([n]) for n in range(6)] + [b"x", b"y"]
    assert [len(values) for _, _, values in broker.batches] == [2, 2, 2, 1, 1]


async def test_whoever_leaves_leaves_the_others_their_answer() -> None:
    broker = FakeBroker()
    broker.acknowledges = False
    async with committing(broker) as commit:
        leaving, staying = (asyncio.create_task(commit.publish([record(b"1")])) for _ in range(2))
        await eventually(lambda: len(broker.values) == 2)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        broker.acknowledge()
        await staying


async def test_a_batch_that_failed_is_told_to_those_who_wait_for_it_alone() -> None:
    broker = FakeBroker()
    broker.acknowledges = False
    async with committing(broker) as commit:
        bad = asyncio.create_task(commit.publish([record(b"1")]))
        good = asyncio.create_task(commit.publish([record(b"2", topic=INCIDENT)]))
        await eventually(lambda: len(broker.waiting) == 2)
        broker.waiting[0].set_exception(OutOfOrderSequenceNumber())
        broker.acknowledge()
        await good
        with pytest.raises(Unavailable):
            await bad


async def test_a_poisoned_producer_is_given_up_and_a_new_one_takes_over() -> None:
    broker = FakeBroker()
    broker.acknowledges = False
    async with committing(broker) as commit:
        refused = asyncio.create_task(commit.publish([record(b"1")]))
        await eventually(lambda: broker.waiting)
        broker.acknowledge(OutOfOrderSequenceNumber())
        with pytest.raises(Unavailable):
            await refused
        broker.acknowledges = True
        await eventually(lambda: _published(commit, b"2"))
        await eventually(lambda: broker.producers[0].stopped)
    assert len(broker.producers) == 2
    assert broker.values == [b"1", b"2"]


async def _published(commit: GroupCommit, value: bytes) -> bool:
    await commit.publish([record(value)])
    return True


async def test_silence_beyond_the_timeout_fails_those_in_flight_and_those_in_line() -> None:
    broker = FakeBroker()
    broker.acknowledges = False
    async with committing(broker, Limits(ack_timeout_s=0.2)) as commit:
        flying = asyncio.create_task(commit.publish([record(b"1")]))
        await eventually(lambda: broker.waiting)
        waiting = asyncio.create_task(commit.publish([record(b"2")]))
        for task in (flying, waiting):
            with pytest.raises(Unavailable):
                await task
    assert broker.values == [b"1"]


async def test_while_kafka_is_away_the_answer_is_no_at_once_and_yes_when_it_is_back() -> None:
    broker = FakeBroker()
    broker.up = False
    ready = Progress(system_clock)
    async with committing(broker, ready=ready) as commit:
        with pytest.raises(Unavailable, match="does not answer") as refusal:
            await commit.publish([record(b"1")])
        assert refusal.value.retry_after_s >= 1
        assert not ready.ready().ok
        broker.up = True
        await eventually(lambda: _published(commit, b"1"))
        assert ready.ready().ok
    assert broker.values == [b"1"]


async def test_an_idle_producer_is_probed_and_given_up_when_kafka_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adapter, "PROBE_EVERY_S", 0.02)
    broker = FakeBroker()
    async with committing(broker) as commit:
        await eventually(lambda: broker.producers[0].client.probes > 2)
        broker.up = False
        broker.producers[0].client.answers = False

        async def refuses() -> bool:
            try:
                await commit.publish([record(b"1")])
            except Unavailable:
                return True
            return False

        await eventually(refuses)


@pytest.mark.parametrize("limits", [Limits(pending_records=3), Limits(pending_bytes=30)])
async def test_more_than_may_wait_is_refused_whole_and_the_rest_is_kept(limits: Limits) -> None:
    broker = FakeBroker()
    broker.acknowledges = False
    async with committing(broker, limits) as commit:
        taken = asyncio.create_task(commit.publish([record(b"a" * 10), record(b"b" * 10)]))
        await eventually(lambda: len(broker.values) == 2)
        with pytest.raises(Unavailable, match="too much is waiting"):
            await commit.publish([record(b"c" * 10), record(b"d" * 10)])
        third = asyncio.create_task(commit.publish([record(b"e" * 10)]))
        await eventually(lambda: commit._open.records == 1)
        broker.acknowledge()
        await taken
        await eventually(lambda: broker.waiting)
        broker.acknowledge()
        await third
        broker.acknowledges = True
        await commit.publish([record(letter * 10) for letter in (b"f", b"g", b"h")])
    assert b"".join(value[:1] for value in broker.values) == b"abefgh"


async def test_the_end_of_the_service_leaves_nobody_waiting() -> None:
    broker = FakeBroker()
    broker.acknowledges = False
    async with committing(broker) as commit:
        flying = asyncio.create_task(commit.publish([record(b"1")]))
        await eventually(lambda: broker.waiting)
        waiting = asyncio.create_task(commit.publish([record(b"2")]))
        await eventually(lambda: commit._open.records == 1)
    for task in (flying, waiting):
        with pytest.raises(Unavailable):
            await task
    assert broker.producers[0].stopped
