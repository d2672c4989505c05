"""HTTP to Kafka: checkin beside bare ASGI with group commit and nothing else."""

from dataclasses import dataclass

from ronda.bench import processes
from ronda.bench.figures import BenchError, Figure, Pair, Sample
from ronda.bench.ground import Ground
from ronda.bench.load import Order
from ronda.stack.services import SupervisedService, running_services
from shared.topics import POSITION

OURS, FLOOR = "ingest.ours.", "ingest.floor."
_WARM_UP_S = 1.0


@dataclass(frozen=True, slots=True)
class _Way:
    name: str
    title: str
    goal: float
    batch: bool
    connections: int


WAYS = (
    _Way("ingest_single", "Ingest, one event per POST, 64 connections", 0.5, False, 64),
    _Way("ingest_batch", "Ingest, 500 events per POST, 8 connections", 0.3, True, 8),
)


async def measure(ground: Ground) -> list[Figure]:
    """Single events, then batches; both servers run all the time and only one is loaded."""
    ground.step("Ingest: starting checkin and its floor")
    await ground.prepare(OURS)
    await ground.prepare(FLOOR)
    specs = [
        ground.service("checkin", OURS),
        ground.floor("intake", FLOOR, topic=POSITION.physical(FLOOR)),
    ]
    async with running_services(specs, logs=ground.folder / "logs", say=ground.step) as sides:
        return [await _figure(ground, way, *sides) for way in WAYS]


async def _figure(
    ground: Ground, way: _Way, ours: SupervisedService, floor: SupervisedService
) -> Figure:
    ground.step(f"{way.title}: warming up")
    for side in (ours, floor):
        await ground.load(_order(way, side, _WARM_UP_S))
    pairs = []
    for number in range(1, ground.extent.pairs + 1):
        ground.step(f"{way.title}: pair {number} of {ground.extent.pairs}")
        pairs.append(
            Pair(
                ours=await _sample(ground, way, ours, OURS),
                floor=await _sample(ground, way, floor, FLOOR),
            )
        )
    return Figure(name=way.name, title=way.title, measure="rate", goal=way.goal, pairs=pairs)


async def _sample(ground: Ground, way: _Way, side: SupervisedService, prefix: str) -> Sample:
    if side.pid is None:
        raise BenchError(f"{side.spec.name} is not running; its log: {side.log}")
    before, cpu = await ground.stored(POSITION, prefix), processes.cpu_s(side.pid)
    seen = await ground.load(_order(way, side, ground.extent.seconds))
    cpu = processes.cpu_s(side.pid) - cpu
    stored = await ground.stored(POSITION, prefix) - before
    if stored != seen.events:
        raise BenchError(f"{side.spec.name} accepted {seen.events} events, Kafka has {stored}")
    return Sample(
        events=seen.events,
        rate=seen.events / seen.seconds,
        cpu_us=cpu / seen.events * 1e6,
        rss_mb=processes.rss_mb(side.pid),
        p50_ms=seen.p50_ms,
        p99_ms=seen.p99_ms,
    )


def _order(way: _Way, side: SupervisedService, seconds: float) -> Order:
    return Order(
        port=side.spec.port,
        kind="position",
        batch=way.batch,
        connections=way.connections,
        seconds=seconds,
    )
