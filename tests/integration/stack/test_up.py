"""`ronda up` as a person runs it: started, left with Ctrl-C, started again, killed."""

import asyncio
import fcntl
import json
import os
import shlex
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from ronda.stack.install_page import CERTIFICATE
from services.checkin.settings import PAGES
from tests.integration.stack.processes import is_running, with_argument
from tests.waiting import eventually

START_SECONDS = 90


@dataclass(slots=True)
class Up:
    """A running `ronda up`: its process and what it answered when all was ready."""

    process: asyncio.subprocess.Process
    answer: dict[str, Any]
    remarks: Path

    @property
    def pids(self) -> list[int]:
        return [service["pid"] for service in self.answer["services"].values()]

    async def end_with(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), START_SECONDS)


def told(remarks: Path) -> str:
    return remarks.read_text(errors="replace")


@asynccontextmanager
async def ronda_up(
    data: Path, remarks: Path, *more: str, given: Mapping[str, str] | None = None
) -> AsyncIterator[Up]:
    """With servers of its own, unless their addresses are `given` as settings."""
    ports = ("--checkin-port", "0", "--alerts-port", "0", "--archive-port", "0", *more)
    with remarks.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ronda", "up", "--json", "--data", str(data), *ports),
            env=os.environ | (given or {}),
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
        )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
        assert line, told(remarks)
        yield Up(process, json.loads(line), remarks)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def roles_of(application: str, data: Path) -> set[str]:
    """As whom a program is connected to the database."""
    said = dict(line.split("=", 1) for line in (data / "ronda.env").read_text().splitlines())
    url = shlex.split(said["RONDA_DATABASE_URL"])[0]
    async with await psycopg.AsyncConnection.connect(url) as connection:
        found = await connection.execute(
            "SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = %s",
            (application,),
        )
        return {name for (name,) in await found.fetchall()}


@pytest.mark.timeout(240)
async def test_up_continues_from_its_data_and_leaves_no_process_behind(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with ronda_up(data, tmp_path / "first") as up, httpx.AsyncClient() as client:
        for service in up.answer["services"].values():
            assert (await client.get(f"{service['url']}/health/ready")).status_code == 200
        alerts = up.answer["services"]["alerts"]["url"]
        answer = await client.post(f"{alerts}/v1/session", json=up.answer["account"])
        assert answer.status_code == 204
        assert (await client.get(f"{alerts}/v1/session")).json()["role"] == "commander"
        assert await roles_of("ronda-archive", data) == {"archive_writer"}
        pids = up.pids
        assert all(is_running(pid) for pid in pids)
        assert await up.end_with(signal.SIGINT) == 0
        assert "Applied the plan" in told(up.remarks)
    assert not any(is_running(pid) for pid in pids)
    assert with_argument(str(data)) == []

    async with ronda_up(data, tmp_path / "second") as up:
        assert up.answer["account"] is None
        # The plan of the first run is still on its topic.
        assert "Applied the plan" not in told(up.remarks)
        pids = up.pids
        assert await up.end_with(signal.SIGKILL) == -signal.SIGKILL
    await eventually(lambda: not any(is_running(pid) for pid in pids))
    await eventually(lambda: with_argument(str(data)) == [])


@pytest.mark.timeout(240)
async def test_a_phone_that_trusts_what_the_install_page_gives_reaches_the_app_over_tls(
    tmp_path: Path, kafka: str, topic_prefix: str, empty_database_url: str
) -> None:
    given = {
        "RONDA_KAFKA_BOOTSTRAP_SERVERS": kafka,
        "RONDA_TOPIC_PREFIX": topic_prefix,
        "RONDA_DATABASE_URL": empty_database_url,
    }
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    lan = ("--lan", "--lan-address", "127.0.0.1", "--install-port", port)
    async with (
        ronda_up(tmp_path / "data", tmp_path / "remarks", *lan, given=given) as up,
        httpx.AsyncClient(trust_env=False) as plain,
    ):
        install = up.answer["install"]
        app = f"{up.answer['services']['checkin']['url']}/app/"
        assert app.startswith("https://")
        page = await plain.get(install)
        assert page.status_code == 200
        assert app in page.text
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            await plain.get(app)
        authority = await plain.get(install + CERTIFICATE.lstrip("/"))
        trusting = ssl.create_default_context(cadata=authority.text)
        async with httpx.AsyncClient(verify=trusting, trust_env=False) as phone:
            opened = await phone.get(app)
            # Without built pages the service says what builds them.
            assert opened.status_code == (200 if (PAGES / "index.html").exists() else 404)
            assert "content-security-policy" in opened.headers or "./run pages" in opened.text
            assert (await phone.get(f"{app}../v1/assignment")).status_code == 401
        fingerprint = sha256(ssl.PEM_cert_to_DER_cert(authority.text)).hexdigest().upper()
        assert fingerprint in page.text.replace(":", "")
        assert await up.end_with(signal.SIGINT) == 0


async def test_a_stop_in_the_middle_of_the_start_leaves_nothing_behind(tmp_path: Path) -> None:
    data = tmp_path / "data"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ronda", "up", "--data", str(data)),
        *("--checkin-port", "0", "--alerts-port", "0", "--archive-port", "0"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await eventually(lambda: with_argument(str(data / "kafka")), within=START_SECONDS)
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), START_SECONDS) == 0
    assert with_argument(str(data / "kafka")) == []
    assert with_argument(str(data / "postgres")) == []


async def test_a_taken_port_ends_up_with_code_one_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ronda", "up", "--data", str(tmp_path), "--alerts-port", port),
            *("--checkin-port", "0", "--archive-port", "0"),
            stderr=asyncio.subprocess.PIPE,
        )
        _, remarks = await asyncio.wait_for(process.communicate(), START_SECONDS)
    assert process.returncode == 1
    assert f"port {port} is taken, and alerts needs it" in remarks.decode()
    assert "RONDA_ALERTS_PORT" in remarks.decode()
    assert not (tmp_path / "kafka").exists()


async def test_two_ups_cannot_share_their_data(tmp_path: Path) -> None:
    with (tmp_path / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ronda", "up", "--data", str(tmp_path)),
            *("--checkin-port", "0", "--alerts-port", "0", "--archive-port", "0"),
            stderr=asyncio.subprocess.PIPE,
        )
        _, remarks = await asyncio.wait_for(process.communicate(), START_SECONDS)
    assert process.returncode == 1
    assert "in use by another `ronda up`" in remarks.decode()
