"""`python -m tests.scale.flood`: what one flooding phone does to the answers of others.

Twenty phones send an event each quarter of a second; then the same beside one phone that sends as
fast as 64 connections can. Prints both p99 and their ratio, which is to stay below 2; exit code 1
where it does not. A measurement, and no test: it depends on what else the machine does, so it is
taken `ROUNDS` times in turn and the median counts.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from statistics import median

import httpx
import msgspec

from ronda.bench import traffic
from ronda.bench.figures import percentile
from ronda.bench.ground import Extent, Ground, ground
from ronda.bench.load import Order
from ronda.stack.child import Child
from ronda.stack.keys import signing_key_file
from ronda.stack.services import SupervisedService, running_services
from shared.auth import Issuer
from shared.clock import system_clock

PHONES, PAUSE_S, SECONDS, ROUNDS, START_S = 20, 0.25, 8.0, 5, 3.0
WORST_RATIO = 2.0
PREFIX = "flood."


async def measure(place: Ground) -> list[tuple[float, float]]:
    """The p99 of others in milliseconds, without and with the flood, round by round."""
    await place.prepare(PREFIX)
    spec = place.service("checkin", PREFIX)
    async with running_services([spec], logs=place.folder / "logs", say=place.step) as services:
        await _others(place, services[0], 2.0)
        found = []
        for number in range(ROUNDS):
            place.step(f"round {number + 1} of {ROUNDS}")
            quiet = percentile(await _others(place, services[0], SECONDS), 0.99) * 1000
            flood = await _flood(place, services[0])
            loud = percentile(await _others(place, services[0], SECONDS), 0.99) * 1000
            await flood.wait()
            place.step(f"{quiet:.1f} ms, {loud:.1f} ms beside the flood; {flood.tail(1)}")
            found.append((quiet, loud))
        return found


def _token(place: Ground, device: str) -> str:
    return Issuer(signing_key_file(place.folder, "officer")).token(
        actor=device,
        name=device,
        role="officer",
        unit="polda-jatim/polres-tuban",
        now=system_clock(),
        device=device,
    )


async def _flood(place: Ground, service: SupervisedService) -> Child:
    order = Order(
        port=service.spec.port,
        kind="position",
        batch=False,
        connections=64,
        seconds=SECONDS + START_S,
    )
    environment = {
        **os.environ,
        "RONDA_BENCH_ORDER": msgspec.json.encode(order).decode(),
        # Of the phone `bench-0`, whose events the load generator makes too.
        "RONDA_BENCH_TOKEN": _token(place, "bench-0"),
    }
    command = [sys.executable, "-m", "ronda.bench.load"]
    child = await Child.start("flood", command, log=place.new_log("flood"), env=environment)
    await asyncio.sleep(START_S)  # that of the generator is no flood
    return child


async def _others(place: Ground, service: SupervisedService, seconds: float) -> Sequence[float]:
    latencies: list[float] = []
    async with httpx.AsyncClient(base_url=service.spec.url, timeout=30, trust_env=False) as client:
        await asyncio.gather(
            *(_phone(place, client, number, seconds, latencies) for number in range(1, PHONES + 1))
        )
    return latencies


async def _phone(
    place: Ground, client: httpx.AsyncClient, number: int, seconds: float, latencies: list[float]
) -> None:
    loop = asyncio.get_running_loop()
    headers = {"Authorization": f"Bearer {_token(place, f'bench-{number}')}"}
    await asyncio.sleep(PAUSE_S * number / PHONES)
    until = loop.time() + seconds
    while loop.time() < until:
        event = traffic.position(number, system_clock())
        started = loop.time()
        answer = await client.post("/v1/events", json=event, headers=headers)
        latencies.append(loop.time() - started)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        await asyncio.sleep(PAUSE_S)


async def _main() -> int:
    async with ground(Extent(), print) as place:
        rounds = await measure(place)
    ratio = median(loud / quiet for quiet, loud in rounds)
    print(f"p99 of others beside a flood: {ratio:.2f} times that without (at most {WORST_RATIO:g})")
    return int(ratio > WORST_RATIO)


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
