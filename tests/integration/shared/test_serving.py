"""The server's end: nobody who was served is left behind."""

import asyncio
from typing import Any

import httpx
import pytest

from shared import http
from shared.http import serving
from shared.settings import HttpSettings


async def test_a_request_that_is_cut_off_has_ended_before_the_server_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "GRACE_S", 0.1)
    begun, ended = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive, send
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)  # as a connection takes that goes back to its pool
            ended.set()

    async with httpx.AsyncClient(trust_env=False) as client:
        async with serving(app, HttpSettings(port=0)) as url:
            asking = asyncio.create_task(client.get(url))
            await begun.wait()
        assert ended.is_set()
        await asyncio.gather(asking, return_exceptions=True)  # what it was told matters to nobody
