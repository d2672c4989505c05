"""The health check says who is ready, and asks only what is dead to stop."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ronda.stack.ports import free_port
from shared.http import serving
from shared.settings import HttpSettings
from tests.contract.deploy_compose import ROOT

PROBE = ROOT / "deploy" / "probe.py"


@asynccontextmanager
async def answering(statuses: dict[str, int]) -> AsyncIterator[int]:
    """A service that answers its health paths with these; gives its port."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        status = statuses.get(scope["path"], 404)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async with serving(app, HttpSettings()) as url:
        yield int(url.rpartition(":")[2])


@pytest.fixture
async def service() -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that ends when it is asked to, with code 7."""
    script = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
    script += "print('ready', flush=True)\nsignal.pause()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    yield process
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
        await process.wait()


async def probed(port: int, process: asyncio.subprocess.Process) -> int:
    """The probe's exit code."""
    probe = await asyncio.create_subprocess_exec(
        sys.executable, str(PROBE), str(port), str(process.pid)
    )
    return await asyncio.wait_for(probe.wait(), 20)


async def test_a_ready_service_is_healthy(service: asyncio.subprocess.Process) -> None:
    async with answering({"/health/live": 200, "/health/ready": 200}) as port:
        assert await probed(port, service) == 0
    assert service.returncode is None


async def test_a_service_that_is_not_ready_is_unhealthy_and_left_alone(
    service: asyncio.subprocess.Process,
) -> None:
    async with answering({"/health/live": 200, "/health/ready": 503}) as port:
        assert await probed(port, service) == 1
    assert service.returncode is None


async def test_a_service_that_does_not_listen_yet_is_unhealthy_and_left_alone(
    service: asyncio.subprocess.Process,
) -> None:
    assert await probed(free_port(), service) == 1
    assert service.returncode is None


async def test_a_service_that_says_it_is_dead_is_asked_to_stop(
    service: asyncio.subprocess.Process,
) -> None:
    async with answering({"/health/live": 503, "/health/ready": 503}) as port:
        assert await probed(port, service) == 1
    assert await asyncio.wait_for(service.wait(), 20) == 7
