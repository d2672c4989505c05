"""Ending background tasks."""

import asyncio
from collections.abc import Iterable
from typing import Any


async def cancelled(task: asyncio.Task[None]) -> None:
    """Cancels a task and waits until it has ended, whatever it ends with."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def ended(tasks: Iterable[asyncio.Task[Any]], *, within_s: float) -> None:
    """Waits, so long at most, for what a library has cancelled and does not wait for itself: what
    it uses is closed next."""
    if waiting := set(tasks):
        await asyncio.wait(waiting, timeout=within_s)
