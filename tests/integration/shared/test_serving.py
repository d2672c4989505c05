"""The server's end: nobody who was served is left behind."""

import asyncio
from typing import Any

import httpx
import pytest

from shared import http
from shared.http import serving
from shared.settings import HttpSettings
from tests.integration.shared.endless import GRACE_S, Endless


async def test_a_request_that_is_cut_off_has_ended_before_the_server_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "GRACE_S", GRACE_S)
    work = Endless()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive, send
        await work.run()

    async with httpx.AsyncClient(trust_env=False) as client:
        async with serving(app, HttpSettings(port=0)) as url:
            asking = asyncio.create_task(client.get(url))
            await work.begun.wait()
        assert work.ended.is_set()
        await asyncio.gather(asking, return_exceptions=True)  # what it was told matters to nobody
