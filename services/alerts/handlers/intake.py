"""Records from the field take effect: one transaction per batch, each event once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.alerts.handlers.demands import Demands
from services.alerts.handlers.field import Field, may_raise
from services.alerts.handlers.recording import Tally
from services.alerts.metrics import Metrics
from services.alerts.ports import Incoming, PlanBook, Store, TopicPartition, Transaction
from shared.clock import Clock
from shared.events.envelope import Envelope
from shared.events.patrol import VisitCheckedIn
from shared.events.position import PositionRecorded
from shared.events.registry import AnyEvent, Undecodable, decode
from shared.logging import logger

_UNDECIDABLE = (ValueError, TypeError, ArithmeticError, LookupError)
"""What an event raises that has no effect which can be worked out or stored."""
_ESCAPED = re.compile(rb"(\\\\)|\\u0000")

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """A record, and what it says or why it says nothing."""

    record: Incoming
    event: AnyEvent | Envelope | None
    problem: str = ""

    @property
    def partition(self) -> TopicPartition:
        """Where it was read."""
        return self.record.topic, self.record.partition

    @property
    def inbox_id(self) -> str | None:
        """The id by which a repeat is known. A position needs none: an older one changes nothing,
        and there are too many of them.
        """
        if self.event is None or isinstance(self.event, Envelope | PositionRecorded):
            return None
        return self.event.id


class Intake:
    """Takes what was consumed from `ronda.patrol`, `ronda.incident` and `ronda.position`."""

    def __init__(
        self, *, store: Store, plans: PlanBook, demands: Demands, clock: Clock, metrics: Metrics
    ) -> None:
        self._store = store
        self._plans = plans
        self._demands = demands
        self._clock = clock
        self._metrics = metrics

    async def on_records(self, records: Sequence[Incoming]) -> None:
        """Everything that a batch causes, committed with its positions, or nothing of it.

        May be called again with the same records after any failure. Records that cannot be read or
        decided become dead letters, each in a transaction of its own; types of the future are
        counted and skipped. Raises only what a retry may mend.
        """
        readings = [_read(record) for record in records]
        if any(isinstance(reading.event, VisitCheckedIn) for reading in readings):
            # Or a scan would find nothing to fulfil, and the visit would be missed later.
            await self._demands.made(self._clock())
        await self._take_apart(readings)

    async def _take_apart(self, readings: Sequence[Reading]) -> None:
        """Parts of the batch, one after the other, until only what is guilty is laid aside."""
        try:
            await self._take_in(readings)
        except _UNDECIDABLE as error:
            if len(readings) == 1:
                await self._take_in([_condemned(readings[0], error)])
                return
            middle = len(readings) // 2
            await self._take_apart(readings[:middle])
            await self._take_apart(readings[middle:])

    async def _take_in(self, readings: Sequence[Reading]) -> None:
        tally = Tally()
        async with self._store.transaction() as transaction:
            if any(may_raise(reading.event) for reading in readings):
                await transaction.lock_operation()
            fresh = await _fresh(transaction, readings, tally)
            field = Field(transaction, self._plans, self._clock(), tally)
            for reading in fresh:
                await _take(transaction, field, reading, tally)
            await field.finish()
            await transaction.advance(_ends(readings))
        tally.count(self._metrics)


def _read(record: Incoming) -> Reading:
    try:
        return Reading(record, decode(_storable(record.value)))
    except Undecodable as error:
        return Reading(record, None, str(error))


def _storable(value: bytes | None) -> bytes | None:
    """The value with the one character replaced that PostgreSQL's text never takes, U+0000: who
    writes it is heard all the same."""
    if value is None or b"\\u0000" not in value:
        return value
    return _ESCAPED.sub(lambda found: found[1] or b"\\ufffd", value)


async def _fresh(
    transaction: Transaction, readings: Sequence[Reading], tally: Tally
) -> list[Reading]:
    """What is not behind the stored positions and was not admitted before under another offset."""
    positions = await transaction.positions()
    ahead = [
        reading
        for reading in readings
        if reading.record.offset >= positions.get(reading.partition, 0)
    ]
    for _ in range(len(readings) - len(ahead)):
        tally.read("replayed")
    new = await transaction.admit([reading.inbox_id for reading in ahead if reading.inbox_id])
    fresh = []
    for reading in ahead:
        if reading.inbox_id is not None and reading.inbox_id not in new:
            tally.read("duplicate")
            continue
        new.discard(reading.inbox_id or "")
        fresh.append(reading)
    return fresh


async def _take(transaction: Transaction, field: Field, reading: Reading, tally: Tally) -> None:
    event = reading.event
    if event is None:
        await transaction.dead_letter(reading.record, reading.problem)
        _log.warning("record became a dead letter", **_place(reading.record))
        tally.read("dead_letter")
        return
    if isinstance(event, Envelope):
        tally.read("future")
        return
    await field.take(event)
    tally.read("taken")


def _condemned(reading: Reading, error: Exception) -> Reading:
    """The record marked: the next attempt lays it aside instead of failing on it."""
    if reading.event is None:
        raise error  # a dead letter already: that it cannot be stored is nobody's but ours to mend
    _log.error(
        "event cannot be decided",
        id=reading.event.id,
        type=reading.event.type,
        error=type(error).__name__,
        **_place(reading.record),
    )
    return Reading(reading.record, None, f"cannot be decided: {error!r}")


def _place(record: Incoming) -> dict[str, str | int]:
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset}


def _ends(readings: Sequence[Reading]) -> Mapping[TopicPartition, int]:
    ends: dict[TopicPartition, int] = {}
    for reading in readings:
        ends[reading.partition] = max(ends.get(reading.partition, 0), reading.record.offset + 1)
    return ends
