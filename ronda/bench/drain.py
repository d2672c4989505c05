"""Kafka to PostgreSQL: archive beside a bare consumer that fills the same two tables."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

from aiokafka import AIOKafkaConsumer
from psycopg import AsyncConnection

from ronda.bench import processes
from ronda.bench.figures import BenchError, Figure, Pair, Sample
from ronda.bench.ground import Ground, places_of
from ronda.bench.load import Order
from ronda.stack.child import Child
from ronda.stack.postgres import drop_database
from ronda.stack.services import ServiceSpec, running_services
from services.archive.migrations import upgrade
from shared.bus import client_arguments
from shared.topics import PATROL

PREFIX = "drain."
GOAL = 0.5
_GROUP = f"{PREFIX}archive"
_TEMPLATE = "bench_template"
_LOOK_EVERY_S = 0.01
_PATIENCE_S = 120.0
_FILL_S = 120.0

# One of the two is empty; the floor's offsets begin at 0.
_KEPT = (
    "SELECT (SELECT coalesce(sum(records), 0) FROM archive.segment"
    " JOIN archive.topic ON topic.id = segment.topic WHERE name = %s)"
    " + (SELECT coalesce(sum(next_offset), 0) FROM archive.floor_position)"
)
_FLOOR_TABLE = (
    "CREATE TABLE archive.floor_position (partition int PRIMARY KEY, next_offset bigint NOT NULL)"
)
_COUNTED = (
    "SELECT (SELECT count(*) FROM archive.record WHERE topic = t.id AND event_id IS NOT NULL),"
    " (SELECT count(*) FROM archive.event WHERE topic = t.id) FROM archive.topic AS t"
    " WHERE name = %s"
)


_Side = Callable[[Ground, str], ServiceSpec]


@dataclass(frozen=True, slots=True)
class _Moment:
    """How far a side was, when, and what it had used by then."""

    kept: int
    at: float
    cpu_s: float
    database_s: float


async def measure(ground: Ground) -> Figure:
    """Fills the topic once with events that checkin stamped; each run drains all of it."""
    await ground.prepare(PREFIX)
    await _fill(ground)
    await _make_template(ground)
    pairs = []
    for number in range(1, ground.extent.pairs + 1):
        ground.step(f"Archive: pair {number} of {ground.extent.pairs}")
        pairs.append(Pair(ours=await _sample(ground, _ours), floor=await _sample(ground, _floor)))
    return Figure(
        name="archive_drain",
        title=f"Archive, {ground.extent.events:,} events from Kafka into PostgreSQL",
        measure="rate",
        goal=GOAL,
        pairs=pairs,
    )


def _ours(ground: Ground, url: str) -> ServiceSpec:
    return ground.service("archive", PREFIX, url)


def _floor(ground: Ground, url: str) -> ServiceSpec:
    return ground.floor("archive", PREFIX, url, topic=PATROL.physical(PREFIX))


async def _fill(ground: Ground) -> None:
    ground.step(f"Archive: filling the topic with {ground.extent.events:,} events")
    checkin = ground.service("checkin", PREFIX)
    order = Order(
        port=checkin.port,
        kind="visit",
        batch=True,
        connections=4,
        seconds=_FILL_S,
        events=ground.extent.events,
    )
    async with running_services([checkin], logs=ground.folder / "logs", say=ground.step):
        await ground.load(order)
    stored = await ground.stored(PATROL, PREFIX)
    if stored != ground.extent.events:
        raise BenchError(f"the topic was to hold {ground.extent.events} events, it has {stored}")


async def _make_template(ground: Ground) -> None:
    url = await ground.postgres.create_database(_TEMPLATE)
    await upgrade(url)
    async with await AsyncConnection.connect(url) as connection:
        await connection.execute(_FLOOR_TABLE)


@asynccontextmanager
async def _fresh_database(ground: Ground) -> AsyncIterator[str]:
    url = await ground.postgres.create_database("bench_archive", template=_TEMPLATE)
    try:
        yield url
    finally:
        await drop_database(ground.postgres.url("postgres"), "bench_archive")


async def _rewind(ground: Ground) -> None:
    """The archive's group begins anew, as one that never read anything."""
    consumer = AIOKafkaConsumer(
        group_id=_GROUP,
        enable_auto_commit=False,
        **client_arguments(ground.settings(PREFIX)),
    )
    async with consumer:
        consumer.assign(places_of(PATROL, PREFIX))
        await consumer.commit(dict.fromkeys(places_of(PATROL, PREFIX), 0))


async def _sample(ground: Ground, side: _Side) -> Sample:
    await _rewind(ground)
    async with (
        _fresh_database(ground) as url,
        await AsyncConnection.connect(url, autocommit=True) as looking,
        ground.child(side(ground, url)) as child,
    ):
        async with asyncio.timeout(_PATIENCE_S):
            first, last = await _watch(ground, looking, child)
        await _check(ground, looking)
        return _between(first, last, rss_mb=processes.rss_mb(child.pid))


async def _watch(ground: Ground, looking: AsyncConnection, child: Child) -> tuple[_Moment, _Moment]:
    """The first moment at which something is committed, and the one at which all of it is."""
    first = None
    while child.exit_code is None:
        kept = await _kept(looking)
        if kept and first is None:
            first = _moment(ground, child, kept)
        if first is not None and kept >= ground.extent.events:
            return first, _moment(ground, child, kept)
        await asyncio.sleep(_LOOK_EVERY_S)
    raise BenchError(f"{child.name} ended with code {child.exit_code}:\n{child.tail()}")


def _moment(ground: Ground, child: Child, kept: int) -> _Moment:
    at = perf_counter()
    return _Moment(kept, at, processes.cpu_s(child.pid), processes.cpu_s(ground.postgres.pid))


async def _kept(looking: AsyncConnection) -> int:
    row = await (await looking.execute(_KEPT, (PATROL.physical(PREFIX),))).fetchone()
    return int(row[0]) if row else 0


async def _check(ground: Ground, looking: AsyncConnection) -> None:
    """Raises `BenchError` unless every event is a row of both tables."""
    row = await (await looking.execute(_COUNTED, (PATROL.physical(PREFIX),))).fetchone()
    wanted = (ground.extent.events, ground.extent.events)
    if row != wanted:
        raise BenchError(f"records and events must count {wanted}, they count {row}")


def _between(first: _Moment, last: _Moment, *, rss_mb: float) -> Sample:
    events = last.kept - first.kept
    if events <= 0:
        raise BenchError("everything was one commit: take more events")
    return Sample(
        events=events,
        rate=events / (last.at - first.at),
        cpu_us=(last.cpu_s - first.cpu_s) / events * 1e6,
        database_us=(last.database_s - first.database_s) / events * 1e6,
        rss_mb=rss_mb,
    )
