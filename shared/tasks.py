"""Ending background tasks."""

import asyncio


async def cancelled(task: asyncio.Task[None]) -> None:
    """Cancels a task and waits until it has ended, whatever it ends with."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
