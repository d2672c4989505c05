"""Ctrl-C and a supervisor's SIGTERM end a command in order, once."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def cancelling_signals(say: Callable[[str], None]) -> Iterator[None]:
    """Cancels the running task at the first signal; the ones that follow only get an answer,
    because a cancelled clean-up would leave processes behind."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    asked = False

    def ask() -> None:
        nonlocal asked
        if asked:
            say("Already stopping; this takes some seconds.")
        elif task is not None:
            asked = True
            task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, ask)
    try:
        yield
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


async def until_cancelled() -> None:
    """Waits for the signal that is how a finished command is left; what follows runs in order."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
