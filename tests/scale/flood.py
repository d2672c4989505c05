"""`python -m tests.scale.flood`: what one flooding phone does to the answers of others.

Twenty enrolled phones send a signed event each quarter of a second; then the same beside one such
phone that sends as fast as 64 connections can, all that it has saved up at first. Prints both p99
and their ratio, which is to stay below 2; exit code 1 where it does not. A measurement, and no
test: it depends on what else the machine does, so it is taken `ROUNDS` times in turn, each time
with another flooding phone, and the median counts.
"""

import asyncio
import itertools
import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import msgspec
import uvloop

from ronda.bench import traffic
from ronda.bench.figures import percentile
from ronda.bench.ground import Extent, Ground, ground
from ronda.bench.load import Order, send
from ronda.stack.child import Child
from ronda.stack.keys import signing_key_file
from ronda.stack.services import SupervisedService, running_services
from shared.auth import Issuer
from shared.bus import producer
from shared.clock import system_clock
from shared.events.registry import encode
from shared.settings import KafkaSettings
from shared.topics import DEVICE
from tests.unit.checkin.phones import Phone

PHONES, PAUSE_S, SECONDS, ROUNDS = 20, 0.25, 8.0, 5
POOL = 2_000
"""Requests that the flooding phone has signed before it sends."""
WORST_RATIO = 2.0
PREFIX = "flood."


async def measure(place: Ground) -> list[tuple[float, float]]:
    """The p99 of others in milliseconds, without and with the flood, round by round."""
    await place.prepare(PREFIX)
    phones = await _enrolled(place, place.settings(PREFIX))
    flooding, others = phones[:ROUNDS], phones[ROUNDS:]
    spec = place.service("checkin", PREFIX)
    async with running_services([spec], logs=place.folder / "logs", say=place.step) as services:
        await _others(place, services[0], others, 2.0)
        found = []
        for number in range(ROUNDS):
            place.step(f"round {number + 1} of {ROUNDS}")
            quiet = percentile(await _others(place, services[0], others, SECONDS), 0.99) * 1000
            flood = await _flood(place, services[0], flooding[number])
            loud = percentile(await _others(place, services[0], others, SECONDS), 0.99) * 1000
            await flood.wait()
            place.step(f"{quiet:.1f} ms, {loud:.1f} ms beside the flood; {flood.tail(1)}")
            found.append((quiet, loud))
        return found


async def _enrolled(place: Ground, services: KafkaSettings) -> list[Phone]:
    """Phones that checkin knows, those that flood first."""
    phones = [Phone(code=f"FLOOD-{number}") for number in range(ROUNDS + PHONES)]
    until = system_clock() + timedelta(hours=3)
    async with producer(services, client_id="flood") as kafka:
        for phone in phones:
            for event in (phone.invitation(expires_at=until), phone.enrolled()):
                await kafka.send_and_wait(
                    DEVICE.physical(services.topic_prefix), encode(event), partition=0
                )
    return phones


def _token(place: Ground, phone: Phone) -> str:
    claims = phone.sender()
    return Issuer(signing_key_file(place.folder, "officer")).token(
        actor=claims.actor,
        name=claims.name,
        role=claims.role,
        unit=claims.unit,
        now=system_clock(),
        ttl=timedelta(hours=3),
        device=claims.device,
        key=claims.key,
    )


def _event(phone: Phone, number: int) -> dict[str, Any]:
    unsigned = traffic.position(number, system_clock())
    return phone.signed(unsigned | {"device": phone.id})


async def _flood(place: Ground, service: SupervisedService, phone: Phone) -> Child:
    order = Order(
        port=service.spec.port,
        kind="position",
        batch=False,
        connections=64,
        seconds=SECONDS,
    )
    token = _token(place, phone)
    requests = [traffic.single(token, _event(phone, number)) for number in range(POOL)]
    file = place.folder / "flood.requests"
    file.write_bytes(msgspec.msgpack.encode(requests))
    environment = {**os.environ, "RONDA_BENCH_ORDER": msgspec.json.encode(order).decode()}
    command = [sys.executable, "-m", "tests.scale.flood", str(file)]
    return await Child.start("flood", command, log=place.new_log("flood"), env=environment)


def _send_all_of(file: Path) -> None:
    """The flooding phone, a process of its own: what was signed before, round and round."""
    order = msgspec.json.decode(os.environ["RONDA_BENCH_ORDER"], type=Order)
    requests = msgspec.msgpack.decode(file.read_bytes(), type=list[bytes])
    print(uvloop.run(send(order, itertools.cycle(requests))))


async def _others(
    place: Ground, service: SupervisedService, phones: Sequence[Phone], seconds: float
) -> Sequence[float]:
    latencies: list[float] = []
    async with httpx.AsyncClient(base_url=service.spec.url, timeout=30, trust_env=False) as client:
        await asyncio.gather(
            *(
                _one(place, client, phone, number, seconds, latencies)
                for number, phone in enumerate(phones)
            )
        )
    return latencies


async def _one(
    place: Ground,
    client: httpx.AsyncClient,
    phone: Phone,
    number: int,
    seconds: float,
    latencies: list[float],
) -> None:
    loop = asyncio.get_running_loop()
    headers = {"Authorization": f"Bearer {_token(place, phone)}"}
    await asyncio.sleep(PAUSE_S * number / PHONES)
    until = loop.time() + seconds
    while loop.time() < until:
        event = _event(phone, number)
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
    if sys.argv[1:]:
        _send_all_of(Path(sys.argv[1]))
    else:
        sys.exit(asyncio.run(_main()))
