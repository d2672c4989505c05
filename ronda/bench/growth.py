"""Whether the archive keeps its pace as it grows: two databases, one with ten times the rows.

What Kafka costs per event is the same in both and is left out, which makes the ratio stricter.
"""

import gc
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter

import msgspec
from aiokafka import ConsumerRecord
from psycopg import AsyncConnection

from ronda.bench import processes
from ronda.bench.figures import BenchError, Figure, Pair, Sample
from ronda.bench.ground import Ground
from ronda.bench.traffic import SITES
from ronda.stack.postgres import drop_database
from services.archive.app import Keep, storing
from services.archive.migrations import make_coming_months, upgrade
from shared.bus import Record
from shared.clock import system_clock
from shared.events.envelope import KAFKA_HEADERS
from shared.events.identity import new_id
from shared.topics import PATROL

GOAL = 0.85
GROWN = 10
"""How many times the rows of the small database the large one has."""
ROUND = 24_000
POLL = 4_800
_EVERY = timedelta(milliseconds=10)
_LATE_SHARE = 0.01
_LATE = timedelta(hours=10)
_DELAY_S = 20.0

_encode = msgspec.json.encode


@dataclass(slots=True)
class Log:
    """A patrol topic without end: a hundred events a second unless told, some of them from phones
    that were offline for hours. Every so many may be `restricted` to commanders."""

    since: datetime
    every: timedelta = _EVERY
    restricted: int | None = None
    dice: random.Random = field(default_factory=lambda: random.Random(20261123))  # noqa: S311 - the same each time
    made: int = 0

    def records(self, number: int) -> list[Record]:
        """The next ones, as many in each partition, as a poll gives them."""
        first, partitions = self.made // PATROL.partitions, PATROL.partitions
        self.made += number
        return [
            self._record(partition, first + offset)
            for partition in range(partitions)
            for offset in range(number // partitions)
        ]

    def _record(self, partition: int, offset: int) -> Record:
        number = offset * PATROL.partitions + partition
        at = self.since + number * self.every
        value = _encode(self._event(number, at))
        moment = int(at.timestamp() * 1000)
        sizes = (len(value), 0)
        key = b"site-%d" % (number % SITES)
        return ConsumerRecord(
            *(PATROL.name, partition, offset, moment, 1, key, value, None, *sizes, KAFKA_HEADERS)
        )

    def _event(self, number: int, at: datetime) -> dict[str, object]:
        if self.dice.random() < _LATE_SHARE:
            happened = at - self.dice.random() * _LATE
        else:
            happened = at - timedelta(seconds=self.dice.expovariate(1 / _DELAY_S))
        is_restricted = self.restricted is not None and number % self.restricted == 0
        return ({"restrictedto": "commander"} if is_restricted else {}) | {
            "specversion": "1.0",
            "id": new_id(happened),
            "source": "ronda/bench",
            "type": "ronda.visit.checked_in.v1",
            "subject": f"site-{number % SITES}",
            "time": happened,
            "unit": "polda-jatim/polres-tuban",
            "actor": "p-bench",
            "device": f"bench-{number % SITES}",
            "deviceseq": number,
            "receivedtime": at,
            "channel": "app",
            "data": {"crew": "R-07", "method": "manual"},
        }


@dataclass(slots=True)
class Archive:
    """A database and the records that go into it."""

    url: str
    keep: Keep
    log: Log

    async def fill(self, rows: int) -> None:
        """Brings it to so many rows."""
        while self.log.made < rows:
            await self.keep(self.log.records(POLL))

    async def rest(self) -> None:
        """What the server would do some time later is done now, and not while it is measured."""
        async with await AsyncConnection.connect(self.url, autocommit=True) as connection:
            await connection.execute("VACUUM ANALYZE")
            await connection.execute("CHECKPOINT")

    async def sample(self, ground: Ground) -> Sample:
        """The rate of one round."""
        polls = [self.log.records(POLL) for _ in range(ROUND // POLL)]
        events = sum(map(len, polls))
        database_s, cpu_s, start = _database_s(ground), time.process_time(), perf_counter()
        for poll in polls:
            await self.keep(poll)
        seconds = perf_counter() - start
        return Sample(
            events=events,
            rate=events / seconds,
            cpu_us=(time.process_time() - cpu_s) / events * 1e6,
            database_us=(_database_s(ground) - database_s) / events * 1e6,
            rss_mb=processes.rss_mb(ground.postgres.pid),
        )

    async def check(self) -> None:
        """Raises `BenchError` unless every record is a row of both tables."""
        counting = "SELECT (SELECT count(*) FROM archive.record), count(*) FROM archive.event"
        async with await AsyncConnection.connect(self.url) as connection:
            row = await (await connection.execute(counting)).fetchone()
        if row != (self.log.made, self.log.made):
            raise BenchError(f"records and events must count {self.log.made}, they count {row}")


async def measure(ground: Ground) -> Figure:
    """Rounds into the large database and the small one, in turn."""
    rows = ground.extent.rows
    # As the service does: looking at each batch's objects again and again finds nothing.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    since = system_clock() - rows * _EVERY
    async with (
        archive(ground, "small", Log(since)) as small,
        archive(ground, "large", Log(since)) as large,
    ):
        for each, wanted in ((small, rows // GROWN), (large, rows)):
            ground.step(f"Growth: filling {wanted:,} rows")
            await each.fill(wanted)
            await each.rest()
        pairs = []
        for number in range(1, ground.extent.pairs + 1):
            ground.step(f"Growth: pair {number} of {ground.extent.pairs}")
            # Now one first, now the other: whatever the server still writes is not always one's.
            order = (large, small) if number % 2 else (small, large)
            samples = {each.url: await each.sample(ground) for each in order}
            pairs.append(Pair(ours=samples[large.url], floor=samples[small.url]))
        await small.check()
        await large.check()
    return Figure(
        name="archive_growth",
        title=f"Archive, at {rows:,} rows (ours) and at {rows // GROWN:,} (floor)",
        measure="rate",
        goal=GOAL,
        pairs=pairs,
    )


@asynccontextmanager
async def archive(ground: Ground, name: str, log: Log) -> AsyncIterator[Archive]:
    """An empty one, for as long as the block lasts."""
    url = await ground.postgres.create_database(f"bench_{name}")
    try:
        await upgrade(url)
        await make_coming_months(url)
        async with storing(url) as keep:
            yield Archive(url, keep, log)
    finally:
        await drop_database(ground.postgres.url("postgres"), f"bench_{name}")


def _database_s(ground: Ground) -> float:
    return processes.cpu_s(ground.postgres.pid)
