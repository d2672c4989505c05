"""Loops that never give up, and what wakes them."""

import asyncio
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters import loop as looping
from services.alerts.adapters.bell import Bell
from services.alerts.adapters.loop import Loop
from services.alerts.adapters.store import PostgresStore
from services.alerts.adapters.sweeping import Sweeper
from services.alerts.adapters.tables import duty, inbox, nudge
from services.alerts.adapters.ticker import Ticker
from services.alerts.domain.presence import DeviceTrack, Sighting
from services.alerts.domain.sequence import Count, counted
from services.alerts.ports import Duty
from shared.clock import system_clock
from shared.events.identity import derived_id
from shared.events.patrol import Fix
from shared.events.welfare_samples import NUDGE
from shared.health import Progress
from tests.contract.alert_rows import NOW, UNIT, id_of
from tests.fakes import ManualClock
from tests.waiting import eventually

FOREVER = 3600.0


class Steps:
    """A step that does what a list says, then idles."""

    def __init__(self, *outcomes: float | Exception) -> None:
        self._outcomes = list(outcomes)
        self.done = 0

    async def __call__(self) -> float:
        outcome = self._outcomes.pop(0) if self._outcomes else FOREVER
        if isinstance(outcome, Exception):
            raise outcome
        self.done += 1
        return outcome


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looping, "FIRST_PAUSE_S", 0.01)


def a_sighting(event: str, at: datetime) -> Sighting:
    return Sighting(id_of(event), at, -6.9, 112.0, 5.0, False, "p-1", None, UNIT)


def a_loop(steps: Steps, bell: Bell | None = None) -> tuple[Loop, Progress]:
    progress = Progress(system_clock)
    return Loop("test", steps, bell=bell or Bell(), progress=progress), progress


async def test_a_loop_that_fails_goes_on_and_health_knows() -> None:
    steps = Steps(ZeroDivisionError("first"), ZeroDivisionError("second"), 0.0)
    loop, progress = a_loop(steps)
    assert "has not started" in progress.ready().detail
    async with loop.running():
        await eventually(lambda: steps.done >= 2)
        assert progress.ready().ok


async def test_a_loop_that_only_fails_is_not_ready_and_says_why() -> None:
    loop, progress = a_loop(Steps(*[ConnectionResetError("gone")] * 1000))
    async with loop.running():
        await eventually(lambda: "gone" in progress.ready().detail)
        assert not progress.ready().ok


async def test_a_round_that_hangs_is_cut_off() -> None:
    hung = asyncio.Event()
    rounds = 0

    async def step() -> float:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            await hung.wait()
        return FOREVER

    loop = Loop("test", step, bell=Bell(), progress=Progress(system_clock), limit_s=0.05)
    async with loop.running():
        await eventually(lambda: rounds == 2)


async def test_a_bell_ends_the_wait_even_when_it_rang_before() -> None:
    bell, steps = Bell(), Steps()
    loop, _ = a_loop(steps, bell)
    async with loop.running():
        await eventually(lambda: steps.done == 1)
        bell.ring()
        await eventually(lambda: steps.done == 2)
    bell.ring()
    bell.ring()
    async with asyncio.timeout(1):
        await bell.wait(FOREVER)
    assert not bell.rung


class Engine:
    """Counts ticks; `due` is what waits, None for nothing."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.due: datetime | None = None
        self.ticks: list[datetime] = []
        self.bell = Bell()
        self.ticker = Ticker(self.on_tick, self.next_due, self.clock, self.bell)

    async def on_tick(self, now: datetime) -> datetime | None:
        self.ticks.append(now)
        return self.due

    async def next_due(self) -> datetime | None:
        return self.due


@pytest.mark.parametrize(
    ("due_in_s", "sleeps_s"), [(None, 1.0), (60, 1.0), (0.3, 0.3), (0, 0.02), (-5, 0.02)]
)
async def test_the_ticker_sleeps_until_the_next_due_time_and_a_second_at_most(
    due_in_s: float | None, sleeps_s: float
) -> None:
    engine = Engine()
    engine.due = None if due_in_s is None else NOW + timedelta(seconds=due_in_s)
    assert await engine.ticker.tick() == pytest.approx(sleeps_s)


async def test_a_ticker_that_is_woken_early_ticks_only_when_something_is_due() -> None:
    engine = Engine()
    await engine.ticker.tick()
    engine.due = engine.clock.advance(0.2) + timedelta(seconds=0.5)
    assert await engine.ticker.tick() == pytest.approx(0.5)
    engine.due = engine.clock.advance(0.1)
    await engine.ticker.tick()
    assert engine.ticks == [NOW, NOW + timedelta(seconds=0.3)]


async def test_only_what_is_due_before_the_ticker_wakes_by_itself_wakes_it() -> None:
    engine = Engine()

    def rings(seconds: float) -> bool:
        engine.bell.ring_by(NOW + timedelta(seconds=seconds))
        return engine.bell.rung

    assert rings(3600), "before the first tick nothing is known of its sleep"
    await engine.bell.wait(1)
    await engine.ticker.tick()
    assert not rings(1)
    assert rings(0.9)


async def test_the_ticker_ticks_every_second_though_nothing_is_due() -> None:
    engine = Engine()
    for _ in range(3):
        engine.clock.advance(await engine.ticker.tick())
    assert len(engine.ticks) == 3


async def test_a_clock_that_is_set_back_does_not_stop_the_ticker() -> None:
    engine = Engine()
    await engine.ticker.tick()
    engine.clock.advance(-3600)
    assert await engine.ticker.tick() == pytest.approx(1.0)
    assert len(engine.ticks) == 2


async def test_the_sweeper_deletes_only_what_is_old(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with store.transaction() as transaction:
        await transaction.admit([id_of("new")])
    async with engine.begin() as connection:
        old = func.now() - timedelta(days=61)
        await connection.execute(insert(inbox).values(event_id=id_of("old"), at=old))
    assert await Sweeper(engine, system_clock).sweep() > 0
    async with engine.connect() as connection:
        left = (await connection.execute(select(inbox.c.event_id))).scalars().all()
    assert left == [id_of("new")]


async def test_where_crews_and_phones_were_is_forgotten_and_which_numbers_came_is_not(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    now = system_clock()
    ended = now - timedelta(days=2)
    count = counted(Count(), [1, 2], now)
    tracks = [
        DeviceTrack(device, (a_sighting(device, at),), count, actor="p-1")
        for device, at in (("d-new", now), ("d-old", now - timedelta(days=8)))
    ]
    async with store.transaction() as transaction:
        for crew in ("R-1", "R-2"):
            await transaction.save_duty(Duty(crew, UNIT, ended, ("p-1",)))
            await transaction.move(crew, Fix(lat=-6.9, lon=112.0), ended)
        await transaction.end_duty("R-1", ended)
        await transaction.ask(replace(NUDGE, id=derived_id(now - timedelta(days=61), "nudge")))
        await transaction.save_tracks(tracks)

    assert await Sweeper(engine, system_clock).sweep() > 0

    async with engine.connect() as connection:
        placed = select(duty.c.crew).where(duty.c.lat.is_not(None))
        assert (await connection.execute(placed)).scalars().all() == ["R-2"]
        assert (await connection.execute(select(func.count()).select_from(nudge))).scalar() == 0
    async with store.transaction() as transaction:
        new, old = (await transaction.tracks(["d-new", "d-old"])).values()
    assert (new, old.points, old.actor, old.count) == (tracks[0], (), None, count)
