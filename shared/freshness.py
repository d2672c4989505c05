"""Up to which moment what Kafka was given has been taken in: not how busy a reader is, but how far
what it knows is behind."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from aiokafka import ConsumerRecord, TopicPartition

from shared.clock import Clock

Lag: TypeAlias = Callable[[], float | None]
"""Seconds by which something is behind; None while that is not known."""


class Freshness:
    """Of one reader's partitions. A partition is fresh up to the newest record that was taken in,
    or up to the moment at which nothing was waiting."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[TopicPartition, datetime | None] | None = None

    def holds(self, partitions: Iterable[TopicPartition]) -> None:
        """These are read now; of those that are new nothing is known yet."""
        known = self._until or {}
        self._until = {each: known.get(each) for each in partitions}

    def took(self, records: Sequence["ConsumerRecord[bytes | None, bytes | None]"]) -> None:
        """These were taken in."""
        for record in records:
            moment = datetime.fromtimestamp(record.timestamp / 1000, UTC)
            self._know(TopicPartition(record.topic, record.partition), moment)

    def caught_up(self, partition: TopicPartition, at: datetime) -> None:
        """All that had been appended at this moment was taken in."""
        self._know(partition, at)

    def lag_s(self) -> float | None:
        """Seconds by which the slowest partition is behind; None while that is not known."""
        if self._until is None:
            return None
        moments = list(self._until.values())
        if any(moment is None for moment in moments):
            return None
        now = self._clock()
        behind = [now - moment for moment in moments if moment is not None]
        return max(behind, default=timedelta()).total_seconds()

    def _know(self, partition: TopicPartition, moment: datetime) -> None:
        if self._until is None or partition not in self._until:
            return
        known = self._until[partition]
        self._until[partition] = moment if known is None else max(known, moment)


def slowest(lags: Iterable[Lag]) -> float | None:
    """The greatest of several lags; None while one of them is not known."""
    found = [lag() for lag in lags]
    if any(each is None for each in found):
        return None
    return max((max(0.0, each) for each in found if each is not None), default=None)
