"""How fast the record is read and checked: one site's day through the service, and all of it.

There is no floor to hold these to: what a reader waits for is a time.
"""

import os
import random
from datetime import datetime, timedelta
from time import perf_counter

import httpx

from ronda.bench.figures import BenchError, Timing
from ronda.bench.ground import Ground
from ronda.bench.growth import Archive, Log, archive
from ronda.bench.traffic import SITES
from ronda.stack.services import running_services
from services.archive.app import checking
from services.archive.handlers.verifying import verify
from shared.clock import system_clock

READ_GOAL_MS = 50.0
VERIFY_GOAL = 50_000.0
ROLE = "commander"
"""Whoever reads: conditions of who may know are asked for every role."""
DAYS_IN_A_PAIR = 7
A_DAY = timedelta(days=1)
_PER_DAY = 864
"""Records of a site: one every hundred seconds."""
_EVERY = A_DAY / (SITES * _PER_DAY)
_RESTRICTED = 50
_TIMEOUT_S = 60.0


async def measure_reading(ground: Ground) -> Timing:
    """Days of sites drawn at random, each asked for once and then read again while it is warm."""
    log = Log(system_clock(), every=_EVERY, restricted=_RESTRICTED)
    async with archive(ground, "read", log) as filled:
        await _fill(ground, filled)
        await ground.prepare("")
        spec = ground.service("archive", "", filled.url)
        services = running_services([spec], logs=ground.folder / "logs", say=ground.step)
        headers = {"Authorization": f"Bearer {ground.token(ROLE)}"}
        url = f"http://127.0.0.1:{spec.port}/v1/events"
        client = httpx.AsyncClient(headers=headers, timeout=_TIMEOUT_S, trust_env=False)
        rounds = []
        async with services, client:
            for site, day in _days(log, DAYS_IN_A_PAIR * ground.extent.pairs):
                ground.step("Reading: one site's day")
                asked = {
                    "site": site, "from": day.isoformat(), "to": (day + A_DAY).isoformat(),
                    "limit": "1000",
                }  # fmt: skip
                await _read(client, url, asked)
                started = perf_counter()
                await _read(client, url, asked)
                rounds.append((perf_counter() - started) * 1000)
    return Timing(
        name="read",
        title=f"One site's day out of {log.made:,} records, as {ROLE}",
        unit="ms",
        goal=READ_GOAL_MS,
        rounds=rounds,
    )


async def measure_verifying(ground: Ground) -> Timing:
    """The whole archive, by as many processes as there are cores."""
    log = Log(system_clock(), every=_EVERY, restricted=_RESTRICTED)
    rounds = []
    async with archive(ground, "verify", log) as filled:
        await _fill(ground, filled)
        for number in range(1, ground.extent.pairs + 1):
            ground.step(f"Verifying: round {number} of {ground.extent.pairs}")
            started = perf_counter()
            async with checking(filled.url, processes=os.cpu_count() or 1) as (shown, walkers):
                verdict = await verify(shown, walkers=walkers)
            rounds.append(verdict.records / (perf_counter() - started))
            if verdict.findings or verdict.records != log.made:
                raise BenchError(f"{log.made} records were kept; the check says {verdict}")
    return Timing(
        name="verify",
        title=f"All of {log.made:,} records checked",
        unit="records/s",
        goal=VERIFY_GOAL,
        rounds=rounds,
    )


async def _fill(ground: Ground, filled: Archive) -> None:
    ground.step(f"Filling {ground.extent.rows:,} rows")
    await filled.fill(ground.extent.rows)
    await filled.rest()


def _days(log: Log, number: int) -> list[tuple[str, datetime]]:
    """Sites and the beginnings of days that the log has whole, where it has one."""
    dice = random.Random(log.made)  # noqa: S311 - the same for the same log
    whole = max(1, log.made // (SITES * _PER_DAY))
    return [
        (f"site-{dice.randrange(SITES)}", log.since + dice.randrange(whole) * A_DAY)
        for _ in range(number)
    ]


async def _read(client: httpx.AsyncClient, url: str, asked: dict[str, str]) -> None:
    answer = await client.get(url, params=asked)
    if answer.status_code != httpx.codes.OK or not answer.json()["items"]:
        raise BenchError(f"{answer.status_code}: {answer.text[:200]}")
