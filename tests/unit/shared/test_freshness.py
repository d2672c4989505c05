"""How far what is known is behind what Kafka was given: not how busy its reader is."""

from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
from aiokafka import ConsumerRecord, TopicPartition
from hypothesis import given

from shared.freshness import Freshness, slowest
from tests.fakes import ManualClock

NOW = datetime(2024, 2, 12, 20, 0, tzinfo=UTC)
ONE, OTHER = TopicPartition("ronda.patrol", 0), TopicPartition("ronda.patrol", 1)


def a_record(partition: TopicPartition, at: datetime) -> "ConsumerRecord[bytes, bytes]":
    return ConsumerRecord(
        topic=partition.topic,
        partition=partition.partition,
        offset=0,
        timestamp=int(at.timestamp() * 1000),
        timestamp_type=1,
        key=b"",
        value=b"",
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=(),
    )


def test_before_anything_is_known_there_is_no_lag_to_tell() -> None:
    freshness = Freshness(lambda: NOW)
    assert freshness.lag_s() is None
    freshness.holds([ONE, OTHER])
    assert freshness.lag_s() is None
    freshness.caught_up(ONE, NOW)
    assert freshness.lag_s() is None
    freshness.caught_up(OTHER, NOW)
    assert freshness.lag_s() == 0


def test_whoever_works_through_a_backlog_is_behind_by_the_age_of_what_it_took_last() -> None:
    clock = ManualClock(NOW)
    freshness = Freshness(clock)
    freshness.holds([ONE, OTHER])
    freshness.caught_up(OTHER, NOW)
    for minutes in (10, 5, 1):
        freshness.took([a_record(ONE, NOW - timedelta(minutes=minutes))])
        assert freshness.lag_s() == minutes * 60
    freshness.caught_up(ONE, NOW)
    assert freshness.lag_s() == 0


def test_a_new_record_in_a_topic_that_was_quiet_for_hours_makes_nobody_hours_late() -> None:
    freshness = Freshness(lambda: NOW)
    freshness.holds([ONE])
    freshness.took([a_record(ONE, NOW - timedelta(hours=5))])
    freshness.caught_up(ONE, NOW - timedelta(seconds=1))
    assert freshness.lag_s() == 1


def test_a_partition_that_went_to_another_replica_counts_no_more() -> None:
    freshness = Freshness(lambda: NOW)
    freshness.holds([ONE, OTHER])
    freshness.caught_up(ONE, NOW - timedelta(minutes=5))
    freshness.caught_up(OTHER, NOW)
    freshness.holds([OTHER])
    assert freshness.lag_s() == 0
    freshness.holds([])
    assert freshness.lag_s() == 0


@given(st.lists(st.one_of(st.none(), st.floats(-1, 1e6)), min_size=1))
def test_of_several_the_slowest_counts_and_one_that_is_not_known_hides_nothing(
    lags: list[float | None],
) -> None:
    found = slowest([lambda lag=lag: lag for lag in lags])  # type: ignore[misc]
    if None in lags:
        assert found is None
    else:
        assert found == max(max(0.0, lag) for lag in lags if lag is not None)
