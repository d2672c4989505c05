"""A service that dies is started again, and the stack says so."""

import os
import signal
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from ronda.stack.errors import StackError
from ronda.stack.ports import free_port
from ronda.stack.services import ServiceSpec, SupervisedService, running_services
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
