"""From a report's POST to the webhook: checkin and alerts beside three bare processes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

from ronda.bench import processes, traffic
from ronda.bench.answers import Answers
from ronda.bench.figures import BenchError, Figure, Pair, Sample, percentile
from ronda.bench.ground import Ground
from ronda.bench.sink import Sink, sink
from ronda.stack.services import running_services
from services.alerts.migrations import upgrade
from shared.clock import system_clock
from shared.topics import INCIDENT

GOAL = 3.0
RATE = 10
_TEMPLATE = "bench_alerts"
_WARM_UP = 10
_ANSWER_S = 10.0
_ARRIVAL_S = 60.0


@dataclass(frozen=True, slots=True)
class _Chain:
    """A running chain: where its first process listens, and all its processes."""

    port: int
    pids: tuple[int, ...]


_Running = Callable[[Ground, Sink, str], AbstractAsyncContextManager[_Chain]]


async def measure(ground: Ground) -> Figure:
    """One chain runs at a time, because an idle one still turns its clocks.

    Each has topics and a database of its own: what one run has left open would weigh on the next.
    """
    await upgrade(await ground.postgres.create_database(_TEMPLATE))
    pairs = []
    async with sink() as webhook:
        for number in range(1, ground.extent.pairs + 1):
            ground.step(f"Report to webhook: pair {number} of {ground.extent.pairs}")
            pairs.append(
                Pair(
                    ours=await _sample(ground, webhook, _ours, f"chain{number}-ours"),
                    floor=await _sample(ground, webhook, _floor, f"chain{number}-floor"),
                )
            )
    return Figure(
        name="report_to_webhook",
        title=f"Report to webhook, {RATE} reports a second",
        measure="p50_ms",
        goal=GOAL,
        pairs=pairs,
    )


async def _sample(ground: Ground, webhook: Sink, side: _Running, name: str) -> Sample:
    reports = round(RATE * ground.extent.seconds)
    await ground.prepare(f"{name}.", sites=reports + _WARM_UP, webhook=webhook.url)
    await ground.postgres.create_database(name, template=_TEMPLATE)
    async with side(ground, webhook, name) as chain:
        await _latencies(ground, webhook, chain, range(reports, reports + _WARM_UP))
        cpu, started = processes.cpu_s(*chain.pids), perf_counter()
        latencies = await _latencies(ground, webhook, chain, range(reports))
        seconds = perf_counter() - started
        return Sample(
            events=reports,
            rate=reports / seconds,
            cpu_us=(processes.cpu_s(*chain.pids) - cpu) / reports * 1e6,
            rss_mb=processes.rss_mb(*chain.pids),
            p50_ms=percentile(latencies, 0.5) * 1000,
            p99_ms=percentile(latencies, 0.99) * 1000,
        )


@asynccontextmanager
async def _ours(ground: Ground, webhook: Sink, name: str) -> AsyncIterator[_Chain]:
    url, prefix = ground.postgres.url(name), f"{name}."
    specs = [ground.service(service, prefix, url) for service in ("checkin", "alerts")]
    async with running_services(specs, logs=ground.folder / "logs", say=ground.step) as services:
        yield _Chain(specs[0].port, tuple(each.pid for each in services if each.pid is not None))


@asynccontextmanager
async def _floor(ground: Ground, webhook: Sink, name: str) -> AsyncIterator[_Chain]:
    url, prefix = ground.postgres.url(name), f"{name}."
    intake = ground.floor("intake", prefix, topic=INCIDENT.physical(prefix))
    async with (
        running_services([intake], logs=ground.folder / "logs", say=ground.step) as services,
        ground.child(ground.floor("alerts", prefix, url)) as second,
        ground.child(ground.floor("notifier", prefix, webhook=webhook.url)) as third,
    ):
        pids = [*(each.pid for each in services if each.pid is not None), second.pid, third.pid]
        yield _Chain(intake.port, tuple(pids))


async def _latencies(ground: Ground, webhook: Sink, chain: _Chain, sites: range) -> list[float]:
    """Seconds from the start of each POST to its webhook; a report from each of the sites."""
    sent = await _send(ground.token(), chain.port, sites)
    try:
        await webhook.until(set(sent), within=_ARRIVAL_S)
    except TimeoutError as error:
        missing = len(sent.keys() - webhook.arrivals.keys())
        raise BenchError(f"{missing} of {len(sent)} reports never reached the webhook") from error
    return [webhook.arrivals[event] - at for event, at in sent.items()]


async def _send(token: str, port: int, sites: range) -> dict[str, float]:
    """Posts `RATE` a second; when each was sent, by its id."""
    sent: dict[str, float] = {}
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        begin = perf_counter()
        for turn, site in enumerate(sites):
            at = await _until(begin + turn / RATE)
            event = traffic.report(site, system_clock(), f"site-{site}")
            sent[event["id"]] = at
            writer.write(traffic.single(token, event))
            await _accepted(reader)
    finally:
        writer.close()
    return sent


async def _until(due: float) -> float:
    """Waits; the moment from which the report's latency counts.

    One that had to wait for the answer before it is late already: it counts from when it was due.
    """
    wait = due - perf_counter()
    if wait <= 0:
        return due
    await asyncio.sleep(wait)
    return perf_counter()


async def _accepted(reader: asyncio.StreamReader) -> None:
    answers, status = Answers(), None
    async with asyncio.timeout(_ANSWER_S):
        while status is None:
            data = await reader.read(65_536)
            if not data:
                raise BenchError("the intake closed the connection")
            status = answers.feed(data)
    if status != 202:
        raise BenchError(f"the intake answered {status}")
