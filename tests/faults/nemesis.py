"""Faults in a random order, from a seed that is printed, until enough of them happened."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.faults.world import World

PAUSE_S = (0.5, 3.0)
FREEZE_S = (2.0, 12.0)
SECOND_LIVES_S = (3.0, 8.0)
CRASH_POINTS = {
    "alerts": ("outbox.sent", "ronda.patrol.committed"),
    "archive": ("archive.before_commit", "archive.after_commit"),
}


@dataclass(slots=True)
class Nemesis:
    """`kills` counts every process that was ended by force."""

    world: World
    dice: random.Random
    say: Callable[[str], None]
    kills: int = 0
    done: Counter[str] = field(default_factory=Counter)

    async def torment(self, kills: int) -> None:
        """Goes on until `kills` processes were killed; each fault is healed before the next."""
        faults: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            ("kill checkin", lambda: self._kill("checkin")),
            ("kill alerts", lambda: self._kill("alerts")),
            ("kill alerts", lambda: self._kill("alerts")),
            ("kill archive", lambda: self._kill("archive")),
            ("kill archive", lambda: self._kill("archive")),
            ("kill kafka", self._broker),
            ("kill postgres", self._database),
            ("freeze alerts", lambda: self._freeze("alerts")),
            ("freeze archive", lambda: self._freeze("archive")),
            ("second alerts", lambda: self._second("alerts")),
            ("second archive", lambda: self._second("archive")),
            ("crash alerts", lambda: self._crash("alerts")),
            ("crash archive", lambda: self._crash("archive")),
        ]
        # Each kind once in a random order, then at random: no run misses a kind.
        order = self.dice.sample(faults, len(faults))
        while self.kills < kills or order:
            name, fault = order.pop() if order else self.dice.choice(faults)
            self.say(f"fault {sum(self.done.values()) + 1}: {name}")
            await fault()
            self.done[name] += 1
            await asyncio.sleep(self.dice.uniform(*PAUSE_S))

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
        await self.world.freeze(service, self.dice.uniform(*FREEZE_S))

    async def _second(self, service: str) -> None:
        async with self.world.second(service):
            await asyncio.sleep(self.dice.uniform(*SECOND_LIVES_S))
        self.kills += 1

    async def _crash(self, service: str) -> None:
        point = self.dice.choice(CRASH_POINTS[service])
        async with self.world.second(service, crash_at=point) as child:
            try:
                await asyncio.wait_for(child.wait(), 15)
                self.done[f"crashed at {point}"] += 1
            except TimeoutError:
                self.say(f"  {point} was not reached in 15 s")
        self.kills += 1
