"""What goes wrong on purpose while the story is played."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from ronda.demo.watch import Watch
from ronda.stack.errors import StackError

ALERTS_KILLS = 3
BACK_WITHIN_S = 30.0
AWAY_AT_MOST_S = 30.0
EVERY_S = 0.1


class Victim(Protocol):
    """A process that somebody starts again after each death; `pid` None while it is down."""

    @property
    def pid(self) -> int | None: ...


class Broker(Protocol):
    """What dies by `kill`, and comes back by `start` or raises `StackError`."""

    async def kill(self) -> None: ...
    async def start(self) -> None: ...


@dataclass(slots=True)
class Saboteur:
    """Kills as a crash would, beside the scenes; the supervisor and the clients' retries do the
    rest. What does not come back is missing from the story."""

    alerts: Victim
    broker: Broker
    watch: Watch
    is_felt: Callable[[], bool]
    """Whether a phone was told to wait: until then the broker stays away."""
    away_at_most_s: float = AWAY_AT_MOST_S

    @asynccontextmanager
    async def killing_alerts(self) -> AsyncIterator[None]:
        """While the block runs, `kill -9` of alerts, and again each time that it is back."""
        async with asyncio.TaskGroup() as beside:
            beside.create_task(self._kill_alerts())
            yield

    @asynccontextmanager
    async def without_the_broker(self) -> AsyncIterator[None]:
        """The block begins with a broker that was killed (-9), and that is started again once it
        was felt."""
        await self.broker.kill()
        self.watch.tell("[yellow]fault:[/] the broker is killed (-9)")
        async with asyncio.TaskGroup() as beside:
            beside.create_task(self._start_broker())
            yield

    async def _kill_alerts(self) -> None:
        pid = None
        for _ in range(ALERTS_KILLS):
            pid = await self._alive(other_than=pid)
            if pid is None:
                self.watch.miss("alerts is started again after each kill", "it stayed away")
                return
            os.kill(pid, signal.SIGKILL)
            self.watch.tell("[yellow]fault:[/] the alerts service is killed (-9)")

    async def _alive(self, *, other_than: int | None) -> int | None:
        now = asyncio.get_running_loop().time
        deadline = now() + BACK_WITHIN_S
        while now() < deadline:
            if (pid := self.alerts.pid) not in {None, other_than}:
                return pid
            await asyncio.sleep(EVERY_S)
        return None

    async def _start_broker(self) -> None:
        await self._felt()
        try:
            await self.broker.start()
        except StackError as error:
            self.watch.miss("the broker is started again", str(error))
        else:
            self.watch.tell("the broker is there again")

    async def _felt(self) -> None:
        now = asyncio.get_running_loop().time
        deadline = now() + self.away_at_most_s
        while now() < deadline:
            if self.is_felt():
                return
            await asyncio.sleep(EVERY_S)
