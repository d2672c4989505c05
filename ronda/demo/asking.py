"""Asking again until there is an answer, as phones and pages do."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

T = TypeVar("T")

RETRY_S = 0.3


class NotAnsweredError(RuntimeError):
    """Nobody answered in time; `str()` says who asked for what, and what was last heard."""


async def answered(what: str, ask: Callable[[], Awaitable[T | None]], *, within: float) -> T:
    """The first answer of `ask` that is not None; an error of HTTP is no answer.

    Raises `NotAnsweredError` once `within` seconds have passed.
    """
    now = asyncio.get_running_loop().time
    deadline = now() + within
    while True:
        heard = "a refusal"
        try:
            answer = await ask()
        except httpx.HTTPError as error:
            heard = repr(error)
        else:
            if answer is not None:
                return answer
        if now() > deadline:
            raise NotAnsweredError(f"{what}: not answered within {within:g} s, at last {heard}")
        await asyncio.sleep(RETRY_S)
