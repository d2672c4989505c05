"""An embedded server that ends by itself is started again, and it is told."""

import asyncio
from pathlib import Path
from typing import Protocol

from ronda.stack.child import Child
from ronda.stack.errors import StackError
from ronda.stack.services import Say, pause_before_restart

_POLL_SECONDS = 0.1


class Server(Protocol):
    """An embedded Kafka or PostgreSQL."""

    @property
    def log(self) -> Path:
        """Its log file."""

    @property
    def child(self) -> Child | None:
        """Its process; None as soon as it was told to end."""

    async def start(self) -> None:
        """Starts it on the same port with the same data; raises `StackError`."""


async def revive_for_ever(name: str, server: Server, say: Say) -> None:
    """Runs until cancelled."""
    while True:
        child = await _dead_by_itself(server)
        say(f"{name} ended with code {child.exit_code}; starting it again (its log: {server.log})")
        failures = 0
        while not await _started(name, server, say):
            failures += 1
            await asyncio.sleep(pause_before_restart(failures))
        say(f"{name} is back")


async def _dead_by_itself(server: Server) -> Child:
    while True:
        child = server.child
        if child is not None:
            await child.wait()
            if child is server.child:
                return child
        await asyncio.sleep(_POLL_SECONDS)


async def _started(name: str, server: Server, say: Say) -> bool:
    try:
        await server.start()
    except StackError as error:
        say(f"{name} does not start: {error}")
        return False
    return True
