"""A service that dies is started again, and the stack says so."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from ronda.stack.errors import StackError
from ronda.stack.ports import free_port
from ronda.stack.postgres import EmbeddedPostgres
from ronda.stack.reviving import revive_for_ever
from ronda.stack.services import ServiceSpec, SupervisedService, running_services
from shared.tasks import cancelled
from tests.integration.stack.processes import is_running
from tests.waiting import eventually

MODULE = "tests.integration.stack.fake_service"


def spec(name: str = "checkin", environment: Mapping[str, str] | None = None) -> ServiceSpec:
    port = free_port()
    return ServiceSpec(
        name=name,
        port=port,
        environment={"RONDA_HTTP_PORT": str(port), **(environment or {})},
        port_setting=f"RONDA_{name.upper()}_PORT",
        module=MODULE,
    )


def pid_of(service: SupervisedService) -> int:
    assert service.pid is not None
    return service.pid


async def test_a_service_that_was_killed_comes_back_and_it_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    async with running_services([spec()], logs=tmp_path, say=told.append) as (service,):
        first = pid_of(service)
        os.kill(first, signal.SIGKILL)
        second = await eventually(lambda: service.pid if service.pid not in {None, first} else None)
        assert second is not None
        assert is_running(second)
        await service.until_ready()
    assert ["checkin ended with code -9" in sentence for sentence in told] == [True]
    assert not is_running(second)


async def test_a_service_that_says_it_is_dead_is_started_anew(tmp_path: Path) -> None:
    told: list[str] = []
    sign = tmp_path / "dead"
    service = a_service(spec(environment={"DEAD_WHILE": str(sign)}), tmp_path, told)
    async with kept(service):
        first = pid_of(service)
        sign.touch()
        await eventually(lambda: any("does nothing any more" in each for each in told), within=30)
        sign.unlink()
        await eventually(lambda: service.pid not in {None, first}, within=30)
        await service.until_ready()


async def test_a_service_that_answers_nothing_any_more_is_started_anew(tmp_path: Path) -> None:
    told: list[str] = []
    service = a_service(spec(), tmp_path, told)
    async with kept(service):
        first = pid_of(service)
        os.kill(first, signal.SIGSTOP)
        await eventually(lambda: service.pid not in {None, first}, within=30)
        await service.until_ready()
    assert not is_running(first)
    assert any("does nothing any more" in sentence for sentence in told)


def a_service(spec: ServiceSpec, logs: Path, told: list[str]) -> SupervisedService:
    return SupervisedService(spec, logs / "log", told.append, hung_after_s=2)


@asynccontextmanager
async def kept(service: SupervisedService) -> AsyncIterator[None]:
    keeping = asyncio.create_task(service.run())
    await service.until_ready()
    yield
    service.stop()
    await keeping


async def test_an_embedded_server_that_ends_by_itself_comes_back_with_its_data(
    tmp_path: Path,
) -> None:
    told: list[str] = []
    async with EmbeddedPostgres(tmp_path) as server:
        reviving = asyncio.create_task(revive_for_ever("PostgreSQL", server, told.append))
        first = server.pid
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: "PostgreSQL is back" in told, within=60)
        assert server.pid != first
        async with await psycopg.AsyncConnection.connect(server.url()) as connection:
            await connection.execute("SELECT 1")
        await server.stop()  # on purpose, so that nobody starts it again
        await cancelled(reviving)
    assert "PostgreSQL ended with code -9" in told[0]


async def test_all_services_are_stopped_at_the_end(tmp_path: Path) -> None:
    specs = [spec("checkin"), spec("alerts")]
    async with running_services(specs, logs=tmp_path, say=print) as services:
        pids = [pid_of(service) for service in services]
    assert not any(is_running(pid) for pid in pids)


async def test_a_service_that_cannot_start_is_an_error_with_the_end_of_its_log(
    tmp_path: Path,
) -> None:
    broken = spec(environment={"DIES_AT_START": "1"})
    with pytest.raises(StackError, match=r"(?s)checkin does not start.*I cannot start"):
        async with running_services([broken], logs=tmp_path, say=lambda _: None):
            pass


async def test_a_taken_port_is_found_before_anything_starts(tmp_path: Path) -> None:
    taken = spec()
    with (
        socket.create_server(("127.0.0.1", taken.port)),
        pytest.raises(StackError, match=f"port {taken.port} is taken.*RONDA_CHECKIN_PORT"),
    ):
        async with running_services([taken], logs=tmp_path, say=print):
            pass
    assert not (tmp_path / "checkin.log").exists()


async def test_with_verbose_the_logs_are_told_behind_the_services_name(tmp_path: Path) -> None:
    told: list[str] = []
    async with running_services([spec()], logs=tmp_path, say=told.append, verbose=True):
        await eventually(lambda: "checkin | here I am" in told)
