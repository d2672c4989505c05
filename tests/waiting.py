"""Waiting for a signal instead of for time to pass."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast, overload

T = TypeVar("T")
_LAST_CHECK_SECONDS = 1.0


class NotYetError(AssertionError):
    """What was waited for did not happen in time; `str()` has the last thing that was seen."""


@overload
async def eventually(
    check: Callable[[], Awaitable[T]], within: float = ..., every: float = ...
) -> T: ...
@overload
async def eventually(check: Callable[[], T], within: float = ..., every: float = ...) -> T: ...
async def eventually(
    check: Callable[[], T | Awaitable[T]], within: float = 20.0, every: float = 0.05
) -> T:
    """Calls `check` (plain or async) every `every` seconds until it returns something true, and
    returns that.

    An exception of `check` counts as "not yet". Raises `NotYetError` after `within` seconds, with
    the last value, or from the last exception.
    """
    now = asyncio.get_running_loop().time
    deadline = now() + within
    while True:
        last: object = None
        failure: Exception | None = None
        try:
            async with asyncio.timeout_at(max(deadline, now() + _LAST_CHECK_SECONDS)):
                answer = check()
                value = cast("T", await answer if inspect.isawaitable(answer) else answer)
            if value:
                return value
            last = value
        except Exception as error:
            failure = error
        if now() >= deadline:
            seen = f"it raised {failure!r}" if failure is not None else f"it returned {last!r}"
            raise NotYetError(f"not within {within:g} s; at last {seen}") from failure
        await asyncio.sleep(every)
