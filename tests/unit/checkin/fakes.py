"""Stand-ins for what the intake talks to."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords

from services.checkin.adapters.news import News
from services.checkin.domain.devices import Registry
from services.checkin.domain.inbox import Inbox, Place
from services.checkin.domain.stamping import Outgoing
from services.checkin.ports import Unavailable
from shared.events.envelope import Envelope, Event
from shared.plan.model import Plan, Situation
from tests.unit.checkin.builders import NOW
from tests.unit.checkin.phones import Phone


class FakePlans:
    """A plan that never changes."""

    def __init__(self, plan: Plan | None) -> None:
        self.plan = plan

    def situation(self, now: datetime) -> Situation:
        return Situation()


class FakeDevices(News):
    """Phones, without a topic to fold them from."""

    def __init__(self, *phones: Phone) -> None:
        super().__init__()
        self.registry = Registry()
        for phone in phones:
            for event in phone.enrolment():
                self.registry.feed(event, NOW)


class FakeInbox(News):
    """What comes down, without a topic to fold it from."""

    def __init__(self) -> None:
        super().__init__()
        self.inbox = Inbox()
        self.position: dict[int, int] = {}

    def feed(self, event: Event | Envelope, place: Place) -> None:
        self.inbox.feed(event, place)
        self.position[place.partition] = place.offset + 1
        self.announce()


class FakePublisher:
    """Keeps what it was given, or is away, or slow."""

    def __init__(self) -> None:
        self.records: list[Outgoing] = []
        self.away: Unavailable | None = None
        self.calls = 0
        self._acknowledged = asyncio.Event()
        self._acknowledged.set()

    def hold(self) -> asyncio.Event:
        """Keeps everybody waiting until the event is set."""
        self._acknowledged.clear()
        return self._acknowledged

    async def publish(self, records: Sequence[Outgoing]) -> None:
        self.calls += 1
        if self.away is not None:
            raise self.away
        await self._acknowledged.wait()
        self.records += records


class FakeClient:
    """The part of aiokafka's client that a producer is probed by and parted from with."""

    def __init__(self) -> None:
        self.probes = 0
        self.answers = True

    async def fetch_all_metadata(self) -> None:
        self.probes += 1
        if not self.answers:
            raise ConnectionError("no broker")

    async def close(self) -> None:
        pass


class FakeProducer:
    """aiokafka's producer as far as a group commit sees it. Batches are real ones.

    Deliveries wait for `acknowledge`; `broker` keeps what was sent, in order, as lists of values.
    """

    def __init__(self, broker: "FakeBroker") -> None:
        self.broker = broker
        self.client = FakeClient()
        self.stopped = False
        self._sender = self
        self._closed = False

    async def start(self) -> None:
        if not self.broker.up:
            raise ConnectionError("connection refused")
        self.broker.producers.append(self)

    async def partitions_for(self, topic: str) -> set[int]:
        return set(range(6))

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(262_144, 0)

    async def send_batch(
        self, builder: BatchBuilder, topic: str, *, partition: int
    ) -> asyncio.Future[Any]:
        delivery: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.broker.take(topic, partition, bytes(builder._build()), delivery)
        return delivery

    async def close(self) -> None:
        self.stopped = True


class FakeBroker:
    """Acknowledges when told to, or at once while `acknowledges` is true."""

    def __init__(self) -> None:
        self.up = True
        self.acknowledges = True
        self.producers: list[FakeProducer] = []
        self.batches: list[tuple[str, int, list[bytes]]] = []
        self.waiting: list[asyncio.Future[Any]] = []

    def producer(self) -> Any:
        """What a group commit is given to make producers with."""
        return FakeProducer(self)

    def take(
        self, topic: str, partition: int, buffer: bytes, delivery: "asyncio.Future[Any]"
    ) -> None:
        self.batches.append((topic, partition, _values(buffer)))
        if self.acknowledges:
            delivery.set_result(None)
        else:
            self.waiting.append(delivery)

    def acknowledge(self, error: Exception | None = None) -> None:
        """Answers every delivery that waits."""
        waiting, self.waiting = self.waiting, []
        for delivery in waiting:
            if delivery.done():
                continue
            if error is None:
                delivery.set_result(None)
            else:
                delivery.set_exception(error)

    @property
    def values(self) -> list[bytes]:
        """Every value that came, in order."""
        return [value for _, _, values in self.batches for value in values]


def _values(buffer: bytes) -> list[bytes]:
    records = MemoryRecords(buffer)
    values: list[bytes] = []
    while records.has_next():
        batch: DefaultRecordBatch | None = records.next_batch()
        assert batch is not None
        values += [record.value for record in batch]
    return values
