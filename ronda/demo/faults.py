"""What goes wrong on purpose while the story is played."""

import asyncio
import os
import signal
from dataclasses import dataclass

from ronda.demo.watch import Watch
from ronda.stack.kafka import EmbeddedKafka
from ronda.stack.up import Stack

ALERTS_KILLS = 3
BETWEEN_KILLS_S = 1.5


@dataclass(slots=True)
class Saboteur:
    """Kills as a crash would; the stack's supervisor and the clients' retries do the rest."""

    stack: Stack
    broker: EmbeddedKafka | None
    watch: Watch

    async def kill_alerts(self) -> None:
        """`kill -9` of alerts, and again each time that its supervisor has brought it back."""
        for _ in range(ALERTS_KILLS):
            pid = self.stack.services["alerts"].pid
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
                self.watch.tell("[yellow]fault:[/] the alerts service is killed (-9)")
            await asyncio.sleep(BETWEEN_KILLS_S)

    async def kill_broker(self) -> None:
        """`kill -9` of the broker, and its start; nothing for a broker that is not ours."""
        if self.broker is None:
            self.watch.tell("the broker is not ours: it is left alone")
            return
        await self.broker.kill()
        self.watch.tell("[yellow]fault:[/] the broker is killed (-9) and started again")
        await self.broker.start()
