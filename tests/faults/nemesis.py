"""Faults in a random order, from a seed that is printed, until enough of them happened."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from signal import SIGKILL, SIGTERM

from shared.bus import SESSION_TIMEOUT_MS
from tests.faults.load import Load
from tests.faults.world import World
from tests.waiting import eventually

PAUSE_S = (0.2, 1.5)
# Longer than a session lasts, so that others take the place of who is frozen.
FREEZE_S = (SESSION_TIMEOUT_MS / 1000 + 1, SESSION_TIMEOUT_MS / 1000 + 4)
SECOND_WORKS_S = (2.0, 4.0)
PROVIDER_FAILS_S = (2.0, 5.0)
CRASH_WITHIN_S = 60.0
LEAVE_WITHIN_S = 20.0
SENT_WITHIN_S = 600.0
KILLED_TWICE = ("alerts", "archive")
CRASH_POINTS = (
    ("alerts", "outbox.sent"),
    ("alerts", "ronda.patrol.committed"),
    ("alerts", "page.sent"),
    ("archive", "archive.before_commit"),
    ("archive", "archive.after_commit"),
)

Fault = tuple[str, Callable[[], Awaitable[None]]]


@dataclass(slots=True)
class Nemesis:
    """`kills` counts the processes that died by force, and no others."""

    world: World
    load: Load
    dice: random.Random
    say: Callable[[str], None]
    kills: int = 0
    done: Counter[str] = field(default_factory=Counter)

    async def torment(self, kills: int) -> None:
        """Goes on until `kills` processes were killed, spread over the sending of all events; each
        fault is healed before the next. An assertion fails where one could not be done."""
        faults = self._faults()
        # Each kind once in a random order, then at random: no run misses a kind.
        order = self.dice.sample(faults, len(faults))
        while self.kills < kills or order:
            await self._until_sent(min(self.kills / kills, 1.0))
            name, fault = order.pop() if order else self.dice.choice(faults)
            self.say(f"fault {sum(self.done.values()) + 1}: {name}")
            await fault()
            self.done[name] += 1
            await asyncio.sleep(self.dice.uniform(*PAUSE_S))

    def _faults(self) -> list[Fault]:
        services = ("checkin", *KILLED_TWICE, *KILLED_TWICE)
        return [
            *((f"kill {each}", partial(self._kill, each)) for each in services),
            ("kill kafka", self._broker),
            ("kill postgres", self._database),
            *((f"freeze {each}", partial(self._freeze, each)) for each in KILLED_TWICE),
            *((f"second {each}", partial(self._second, each)) for each in KILLED_TWICE),
            *((f"crash at {at}", partial(self._crash, who, at)) for who, at in CRASH_POINTS),
            ("provider fails", self._provider),
        ]

    async def _until_sent(self, share: float) -> None:
        await eventually(
            lambda: self.load.sent >= self.load.events * share, within=SENT_WITHIN_S, every=0.2
        )

    async def _kill(self, service: str) -> None:
        await self.world.kill_service(service)
        self.kills += 1

    async def _broker(self) -> None:
        await self.world.kill_broker()
        self.kills += 1

    async def _database(self) -> None:
        await self.world.kill_database()
        self.kills += 1

    async def _freeze(self, service: str) -> None:
        """The first one is a zombie when it wakes: a second one has its place, which then leaves in
        order."""
        async with self.world.second(service) as second:
            await self.world.freeze(service, self.dice.uniform(*FREEZE_S))
            assert second.exit_code is None, second.tail()
            await second.stop(by=SIGTERM, within=LEAVE_WITHIN_S)
            assert second.exit_code == 0, second.tail()

    async def _second(self, service: str) -> None:
        """Joins, works beside the first one, and is killed."""
        async with self.world.second(service) as second:
            await asyncio.sleep(self.dice.uniform(*SECOND_WORKS_S))
            assert second.exit_code is None, second.tail()
        self.kills += 1

    async def _crash(self, service: str, point: str) -> None:
        async with self.world.second(service, crash_at=point) as second:
            assert await asyncio.wait_for(second.wait(), CRASH_WITHIN_S) == -SIGKILL, point
        self.kills += 1

    async def _provider(self) -> None:
        self.world.provider.failing = True
        await asyncio.sleep(self.dice.uniform(*PROVIDER_FAILS_S))
        self.world.provider.failing = False
