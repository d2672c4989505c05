"""The service is killed at its worst moments, and goes on as if nothing had been."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise

import msgspec
import pytest
from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.tables import notification
from shared.events.alert import Alert
from tests.integration.alerts.world import Operator, World, a_quick_plan, an_operator
from tests.waiting import eventually

WITHIN = 40.0
KILLED = -9


class Process:
    """`python -m services.alerts`, and what it prints."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def url(self) -> str:
        """Where it serves, once it does."""
        url = await eventually(self._url, within=WITHIN)
        assert url is not None
        return url

    async def ended(self) -> int:
        """Waits for its end."""
        async with asyncio.timeout(WITHIN):
            return await self._process.wait()

    async def kill(self) -> None:
        """As by `kill -9`."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    def terminate(self) -> None:
        """Asks it to stop."""
        self._process.terminate()

    def _url(self) -> str | None:
        for line in self.lines:
            if '"listening"' in line:
                return str(msgspec.json.decode(line)["url"])
        return None

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.lines.append(line.decode())


@asynccontextmanager
async def a_process(world: World, crash_at: str | None = None) -> AsyncIterator[Process]:
    environment = os.environ | world.environment()
    if crash_at is not None:
        environment["RONDA_CRASH_AT"] = crash_at
    process = Process(
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.alerts"),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    )
    try:
        yield process
    finally:
        await process.kill()


async def at_level(operator: Operator, level: int) -> Alert:
    async def reached() -> Alert | None:
        alerts = await operator.alerts()
        return next((alert for alert in alerts if alert.level >= level), None)

    found = await eventually(reached, within=WITHIN)
    assert found is not None
    return found


def dedups(world: World) -> list[str]:
    return [got.headers["ronda-dedup"] for got in world.sink.got]


async def nothing_is_lost_or_doubled(world: World, operator: Operator, reports: int) -> None:
    """The ledger of what was promised against what there is."""
    alerts = await operator.alerts("all")
    parts = [part.event for alert in alerts for part in alert.parts]
    assert sorted(parts) == sorted(world.reported)
    assert len(alerts) == reports
    by_id = {event_id: (kind, data) for kind, event_id, data in await world.published()}
    decided = [data for kind, data in by_id.values() if kind.startswith("ronda.alert.")]
    for alert in alerts:
        versions = sorted(data["version"] for data in decided if data["id"] == alert.id)
        assert versions[0] == 1
        assert all(later == earlier + 1 for earlier, later in pairwise(versions))


@pytest.mark.parametrize("crash_at", ["ronda.incident.committed", "outbox.sent", "page.sent"])
async def test_a_crash_between_an_effect_and_its_receipt_changes_nothing(
    world: World, engine: AsyncEngine, crash_at: str
) -> None:
    await world.publish(a_quick_plan(world.sink))
    async with a_process(world, crash_at) as doomed:
        await doomed.url()
        await world.report()
        assert await doomed.ended() == KILLED
    await let_leases_run_out(engine)
    before = dedups(world)
    async with (
        a_process(world) as process,
        an_operator(await process.url(), world.token("Ipda Siti")) as siti,
    ):
        alert = await at_level(siti, 3)
        assert (await siti.command("acknowledge", alert)).status_code == 200
        await eventually(lambda: len(set(dedups(world))) >= 3, within=WITHIN)
        await eventually(lambda: is_told(world, "ronda.alert.acknowledged.v1"), within=WITHIN)
        await nothing_is_lost_or_doubled(world, siti, reports=1)
    # A page that was sent and not recorded is sent again, and says that it is the same. The courier
    # may have had one in hand at any other crash too.
    after = dedups(world)[len(before) :]
    assert len(set(after)) == len(after)
    assert crash_at != "page.sent" or set(before) & set(after)


async def let_leases_run_out(engine: AsyncEngine) -> None:
    """What a claim that died would do after half a minute."""
    async with engine.begin() as connection:
        waiting = notification.c.due_at.is_not(None)
        await connection.execute(update(notification).where(waiting).values(due_at=func.now()))


async def test_a_service_that_is_killed_again_and_again_goes_on_climbing(world: World) -> None:
    await world.publish(a_quick_plan(world.sink))
    for category in ("suspicious_person", "fire", "other"):
        async with a_process(world) as process:
            await process.url()
            before = len(world.sink.got)
            await world.report(category)
            # Killed while it is at work, at a moment that nobody chose.
            await eventually(partial(got_more_than, world, before), within=WITHIN)
            await process.kill()
    async with (
        a_process(world) as process,
        an_operator(await process.url(), world.token("Ipda Siti")) as siti,
    ):
        await eventually(lambda: all_at_the_top(siti), within=WITHIN)
        await nothing_is_lost_or_doubled(world, siti, reports=3)


def got_more_than(world: World, before: int) -> bool:
    return len(world.sink.got) > before


async def all_at_the_top(operator: Operator) -> bool:
    alerts = await operator.alerts()
    return len(alerts) == 3 and all(alert.level == 4 for alert in alerts)


async def is_told(world: World, kind: str) -> bool:
    return kind in {each for each, _, _ in await world.published()}


async def test_it_stops_when_it_is_asked_to(world: World) -> None:
    async with a_process(world) as process:
        await process.url()
        process.terminate()
        assert await process.ended() == 0
        assert not [line for line in process.lines if '"level": "error"' in line]


async def test_a_wrong_setting_is_one_sentence_and_code_2(world: World) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.alerts"),
        env=os.environ | world.environment() | {"RONDA_DATABASE_URL": "mysql://nowhere"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await process.communicate()
    assert process.returncode == 2
    assert complaint.decode().strip().splitlines() == [
        "alerts: RONDA_DATABASE_URL must begin with postgresql://"
    ]
