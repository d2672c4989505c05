"""Consuming on a real broker: nothing is lost to a bad header, an exception or a restart."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from ronda.stack.kafka import EmbeddedKafka
from ronda.stack.ports import LOOPBACK, free_port
from shared import bus
from shared.bus import BatchConsumer, Record, producer
from shared.clock import system_clock
from shared.follow import Follower
from shared.health import Progress
from shared.provision import ProvisionError, create_topics
from shared.settings import KafkaSettings
from shared.topics import INCIDENT, PATROL, PLAN, TOPICS
from tests.integration.shared.endless import GRACE_S, Endless
from tests.waiting import eventually


class _Sink:
    """Keeps what it is handed; raises first for the values it is told to stumble over."""

    def __init__(self, *stumble_over: bytes) -> None:
        self.values: list[bytes | None] = []
        self.coordinates: list[tuple[int, int]] = []
        self._stumble_over = set(stumble_over)

    async def __call__(self, records: Sequence[Record]) -> None:
        for record in records:
            if record.value in self._stumble_over:
                self._stumble_over.discard(record.value)
                raise RuntimeError("the database is away")
        self.values.extend(record.value for record in records)
        self.coordinates.extend((record.partition, record.offset) for record in records)


@pytest.fixture
async def sender(topics: KafkaSettings) -> AsyncIterator[AIOKafkaProducer]:
    client = producer(topics, client_id="test")
    await client.start()
    yield client
    await client.stop()


def _consumer(settings: KafkaSettings, sink: _Sink, progress: Progress) -> BatchConsumer:
    return BatchConsumer(
        settings, topics=[PATROL, INCIDENT], group="test", handle=sink, progress=progress
    )


async def test_records_with_bad_headers_and_tombstones_reach_the_handler(
    topics: KafkaSettings, sender: AIOKafkaProducer
) -> None:
    patrol = PATROL.physical(topics.topic_prefix)
    for value, headers in (
        (b"good", [("content-type", b"application/json")]),
        (b"not utf-8", [("x", b"\xff\xfe")]),
        (b"null header", [("x", None)]),
        (None, []),
        (b"last", []),
    ):
        await sender.send_and_wait(patrol, value, key=b"k", partition=2, headers=headers)
    sink = _Sink()
    async with _consumer(topics, sink, Progress(system_clock)):
        await eventually(lambda: len(sink.values) == 5)
    assert sink.values == [b"good", b"not utf-8", b"null header", None, b"last"]


async def test_a_batch_whose_handler_fails_comes_again_until_it_succeeds(
    topics: KafkaSettings, sender: AIOKafkaProducer
) -> None:
    patrol = PATROL.physical(topics.topic_prefix)
    sink = _Sink(b"3", b"7")
    progress = Progress(system_clock)
    async with _consumer(topics, sink, progress):
        for number in range(10):
            await sender.send_and_wait(patrol, str(number).encode(), partition=number % 2)
        await eventually(lambda: len(set(sink.values)) == 10)
    for partition in (0, 1):
        offsets = [offset for number, offset in sink.coordinates if number == partition]
        assert sorted(set(offsets)) == list(range(5))


async def test_a_second_start_continues_where_the_first_one_stopped(
    topics: KafkaSettings, sender: AIOKafkaProducer
) -> None:
    patrol = PATROL.physical(topics.topic_prefix)
    first, second = _Sink(), _Sink()
    await sender.send_and_wait(patrol, b"before", partition=0)
    async with _consumer(topics, first, Progress(system_clock)):
        await eventually(lambda: first.values == [b"before"])
    await sender.send_and_wait(patrol, b"after", partition=0)
    async with _consumer(topics, second, Progress(system_clock)):
        await eventually(lambda: b"after" in second.values)
    assert second.values == [b"after"]


async def test_a_handler_that_is_cut_off_has_ended_before_the_consumer_has(
    topics: KafkaSettings, sender: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "GRACE_S", GRACE_S)
    work = Endless()

    async def handle(_: Sequence[Record]) -> None:
        await work.run()

    progress = Progress(system_clock)
    async with BatchConsumer(
        topics, topics=[PATROL], group="test", handle=handle, progress=progress
    ):
        await sender.send_and_wait(PATROL.physical(topics.topic_prefix), b"1", partition=0)
        await work.begun.wait()
    assert work.ended.is_set()


async def test_an_idle_consumer_makes_progress_and_shows_no_lag(topics: KafkaSettings) -> None:
    progress = Progress(system_clock)
    async with _consumer(topics, _Sink(), progress) as consumer:
        await eventually(lambda: progress.ready().ok and consumer.lag)
        assert set(consumer.lag.values()) == {0}


async def test_a_consumer_is_behind_while_a_backlog_waits_however_busy_it_is(
    topics: KafkaSettings, sender: AIOKafkaProducer
) -> None:
    may_go_on = asyncio.Event()
    may_go_on.set()

    async def slow(records: Sequence[Record]) -> None:
        del records
        await may_go_on.wait()

    consumer = BatchConsumer(
        topics,
        topics=[PATROL],
        group="slow",
        handle=slow,
        progress=Progress(system_clock),
        max_records=2,
    )
    assert consumer.freshness.lag_s() is None

    def behind(at_least_s: float) -> bool:
        lag_s = consumer.freshness.lag_s()
        return lag_s is not None and lag_s >= at_least_s

    def known() -> bool:
        return consumer.freshness.lag_s() is not None

    async with consumer:
        assert await eventually(known, within=30)
        may_go_on.clear()
        for number in range(8):
            await sender.send_and_wait(
                PATROL.physical(topics.topic_prefix), str(number).encode(), partition=0
            )
        assert await eventually(lambda: behind(4), within=30)
        may_go_on.set()
        assert await eventually(lambda: known() and not behind(4), within=30)


async def test_a_consumer_that_stopped_for_good_is_made_anew(
    topics: KafkaSettings, sender: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "STUCK_PULSES", 2)
    sink = _Sink()
    async with _consumer(topics, sink, Progress(system_clock)) as consumer:
        await sender.send_and_wait(PATROL.physical(topics.topic_prefix), b"before", partition=0)
        await eventually(lambda: sink.values == [b"before"])
        client = consumer.consumer
        assert client is not None
        client.pause(*client.assignment())
        await sender.send_and_wait(PATROL.physical(topics.topic_prefix), b"after", partition=0)
        await eventually(lambda: b"after" in sink.values, within=30)
    assert sink.values.count(b"before") == 1


async def test_a_consumer_that_does_not_learn_where_to_go_on_is_made_anew(
    topics: KafkaSettings, sender: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(_: object) -> bool:
        raise KafkaError("the coordinator is not there yet")

    monkeypatch.setattr(bus, "STUCK_PULSES", 2)
    sink = _Sink()
    async with _consumer(topics, sink, Progress(system_clock)) as consumer:
        await sender.send_and_wait(PATROL.physical(topics.topic_prefix), b"before", partition=0)
        await eventually(lambda: sink.values == [b"before"])
        await eventually(lambda: consumer.lag)
        client = consumer.consumer
        assert client is not None
        # As when a broker that has just started refuses to tell the committed offsets.
        coordinator = client._coordinator
        coordinator._maybe_refresh_commit_offsets = refused
        coordinator.request_rejoin()
        await sender.send_and_wait(PATROL.physical(topics.topic_prefix), b"after", partition=0)
        await eventually(lambda: b"after" in sink.values, within=40)
    assert sink.values.count(b"before") == 1


async def test_consuming_and_producing_go_on_by_themselves_after_the_broker_was_killed(
    tmp_path: Path,
) -> None:
    async with EmbeddedKafka(tmp_path / "kafka") as broker:
        settings = KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
        await create_topics(settings)
        sink = _Sink()
        sender = producer(settings, client_id="test")
        await sender.start()
        try:
            async with _consumer(settings, sink, Progress(system_clock)) as consumer:
                await sender.send_and_wait(PATROL.name, b"before", partition=0)
                await eventually(lambda: sink.values == [b"before"])
                await eventually(lambda: consumer.freshness.lag_s() is not None, within=30)
                await broker.kill()
                # Nothing comes, and nobody can say that nothing waits.
                await eventually(lambda: (consumer.freshness.lag_s() or 0) > 3, within=30)
                await broker.start()
                await sender.send_and_wait(PATROL.name, b"after", partition=0)
                await eventually(lambda: b"after" in sink.values, within=30)
        finally:
            await sender.stop()


async def test_a_follower_knows_the_whole_topic_when_it_is_entered_and_follows_on(
    topics: KafkaSettings, sender: AIOKafkaProducer
) -> None:
    plan = PLAN.physical(topics.topic_prefix)
    for number in range(200):
        await sender.send(plan, str(number).encode(), partition=0)
    await sender.flush()
    seen: list[bytes | None] = []
    async with Follower(
        topics,
        PLAN,
        lambda records: seen.extend(record.value for record in records),
        client_id="test",
        clock=system_clock,
        progress=Progress(system_clock),
    ) as follower:
        assert seen == [str(number).encode() for number in range(200)]
        assert follower.offsets == {0: 200}
        await eventually(lambda: follower.freshness.lag_s() is not None)
        await sender.send_and_wait(plan, b"news", partition=0)
        await eventually(lambda: seen[-1] == b"news")


async def test_a_fold_that_fails_says_so_and_is_given_the_same_records_again(
    topics: KafkaSettings, sender: AIOKafkaProducer
) -> None:
    seen: list[bytes | None] = []
    progress = Progress(system_clock)
    failures = 0

    def fold(records: Sequence[Record]) -> None:
        nonlocal failures
        if failures < 2:
            failures += 1
            raise LookupError("not yet")
        seen.extend(record.value for record in records)

    async with Follower(
        topics, PLAN, fold, client_id="test", clock=system_clock, progress=progress
    ) as follower:
        for value in (b"1", b"2", b"3"):
            await sender.send_and_wait(PLAN.physical(topics.topic_prefix), value, partition=0)
        await eventually(lambda: follower.offsets == {0: 3})
    assert failures == 2
    assert seen == [b"1", b"2", b"3"]


async def test_a_broker_that_is_still_starting_is_waited_for(tmp_path: Path) -> None:
    broker = EmbeddedKafka(tmp_path / "kafka", port=free_port())
    settings = KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
    making = asyncio.create_task(create_topics(settings))
    async with broker:
        assert len((await making).created) == len(TOPICS)


async def test_a_broker_that_never_answers_is_named_with_what_to_mend() -> None:
    nowhere = KafkaSettings(bootstrap_servers=f"{LOOPBACK}:{free_port()}")
    with pytest.raises(ProvisionError, match="RONDA_KAFKA_BOOTSTRAP_SERVERS"):
        await create_topics(nowhere, within=0)


async def test_topics_are_made_once_and_a_wrong_number_of_partitions_is_an_error(
    topics: KafkaSettings,
) -> None:
    again = await create_topics(topics)
    assert again.created == []
    assert len(again.present) == len(TOPICS)
    strange = KafkaSettings(topics.bootstrap_servers, topic_prefix=f"{topics.topic_prefix}x.")
    await _make_with_one_partition(strange)
    with pytest.raises(ProvisionError, match="1 partitions where 6 are declared"):
        await create_topics(strange)


async def _make_with_one_partition(settings: KafkaSettings) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(PATROL.physical(settings.topic_prefix), 1, 1)])
    finally:
        await admin.close()
