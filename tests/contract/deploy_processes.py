"""The compose file's services as processes: its commands and environments, on ports of our own."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from ronda.stack.cache import cache_dir
from ronda.stack.child import Child
from ronda.stack.jars import class_path
from ronda.stack.jars.lock import load
from ronda.stack.java import find_java
from ronda.stack.jvm import Jvm
from ronda.stack.ports import LOOPBACK, free_port
from ronda.stack.postgres import EmbeddedPostgres, programs
from tests.contract.deploy_compose import OURS, ROOT, SECRETS, environment, services
from tests.waiting import eventually

_IMAGE_S = 60
_STOP_S = 20


@dataclass(slots=True)
class Machine:
    """One machine's worth of the compose file, under a folder; `setup` has run there."""

    folder: Path
    postgres: EmbeddedPostgres
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in OURS})
    kafka_port: int = field(default_factory=free_port)
    running: dict[str, Child] = field(default_factory=dict)

    @property
    def secrets(self) -> Path:
        """What `deploy/setup` made, with this machine's address of the database."""
        return self.folder / "deploy" / "secrets"

    def url(self, service: str) -> str:
        """The root of a service's HTTP paths."""
        return f"http://{LOOPBACK}:{self.ports[service]}"

    def setup(self) -> None:
        """Runs `deploy/setup`, and puts the database's real address into the URLs."""
        script = self.folder / "deploy" / "setup"
        script.parent.mkdir()
        shutil.copy(ROOT / "deploy" / "setup", script)
        subprocess.run(["sh", str(script)], check=True, capture_output=True, timeout=_IMAGE_S)
        for file in self.secrets.glob("*-database-url"):
            here = f"@{LOOPBACK}:{self.postgres.port}/"
            file.write_text(file.read_text().replace("@postgres:5432/", here))

    def environment(self, service: str) -> dict[str, str]:
        """A service's environment and nothing else, with this machine's addresses."""
        found = {
            name: value.replace(SECRETS, f"{self.secrets}/").replace(
                "kafka:9092", f"{LOOPBACK}:{self.kafka_port}"
            )
            for name, value in environment(service).items()
        }
        if service in OURS:
            found |= {"RONDA_HTTP_HOST": LOOPBACK, "RONDA_HTTP_PORT": str(self.ports[service])}
        return found

    async def start(self, service: str) -> Child:
        """Starts a service with its command, as the image's entrypoint would."""
        child = await Child.start(
            service,
            [sys.executable, "-m", *services()[service]["command"]],
            log=self.folder / f"{service}.log",
            env=self.environment(service),
            cwd=self.folder,
        )
        self.running[service] = child
        return child

    async def run(self, service: str, *arguments: str) -> str:
        """Runs a job, or the tool with arguments, to its good end; gives what it printed."""
        definition = services()[service]
        words = definition.get("entrypoint", ["python", "-m", *definition.get("command", [])])
        return await self._run(service, *words[1:], *arguments)

    async def within(self, service: str, module: str, *arguments: str) -> str:
        """Runs a module beside a service, as `docker compose exec` does."""
        return await self._run(service, "-m", module, *arguments)

    async def _run(self, service: str, *words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *words),
            env=self.environment(service),
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), _IMAGE_S)
        assert process.returncode == 0, output.decode()
        return output.decode()

    async def health(self, service: str) -> int:
        """The exit code of a service's health check."""
        _, _, _, _, pid = services()[service]["healthcheck"]["test"]
        assert pid == "1"
        probe = await asyncio.create_subprocess_exec(
            *(sys.executable, str(ROOT / "deploy" / "probe.py")),
            *(str(self.ports[service]), str(self.running[service].pid)),
        )
        return await asyncio.wait_for(probe.wait(), 20)

    async def healthy(self, service: str) -> None:
        """Waits until the health check says so; fails with the log's end."""

        async def well() -> bool:
            return await self.health(service) == 0

        try:
            await eventually(well, within=40, every=0.2)
        except AssertionError as error:
            raise AssertionError(self.running[service].tail(40)) from error

    async def stop(self) -> None:
        """Stops what runs, the broker last."""
        for name in reversed(self.running):
            await self.running[name].stop(within=_STOP_S)

    async def start_kafka(self) -> None:
        """The broker, with the server.properties that the image's own class makes of the file."""
        jvm = Jvm(find_java(), tuple(class_path(load(), cache_dir() / "jars")))
        await asyncio.to_thread(jvm.prepare)
        words = ["setup"]
        for name in ("default", "mounted", "final"):
            (self.folder / name).mkdir()
            words.append(f"--{name}-configs-dir={self.folder / name}")
        making = jvm.command("kafka.docker.KafkaDockerWrapper", *words)
        variables = {**os.environ, **self._kafka_variables()}
        log = self.folder / "kafka.log"
        setup = await Child.start("kafka-setup", making, log=log, env=variables)
        assert await asyncio.wait_for(setup.wait(), _IMAGE_S) == 0, setup.tail(40)
        command = jvm.command("kafka.Kafka", str(self.folder / "final" / "server.properties"))
        self.running["kafka"] = await Child.start("kafka", command, log=log)

    def _kafka_variables(self) -> dict[str, str]:
        """The file's variables; the listeners on free ports of loopback, the data in our folder."""
        controller, host = free_port(), free_port()
        changes = {
            ":9092": f":{self.kafka_port}",
            ":19092": f":{host}",
            ":9093": f":{controller}",
            "//:": f"//{LOOPBACK}:",
            "kafka:": f"{LOOPBACK}:",
            "localhost:": f"{LOOPBACK}:",
            "/var/lib/kafka/data": str(self.folder / "log"),
        }
        return {name: _changed(value, changes) for name, value in environment("kafka").items()}

    async def make_roles(self) -> None:
        """Runs what the image of PostgreSQL runs when its data folder is new."""
        superuser = httpx.URL(self.postgres.url())
        script = ROOT / "deploy" / "postgres" / "roles.sh"
        variables = {
            "PATH": os.pathsep.join([str(programs()), os.environ["PATH"]]),
            "PGHOST": LOOPBACK,
            "PGPORT": str(self.postgres.port),
            "PGPASSWORD": superuser.password,
            "POSTGRES_USER": superuser.username,
            "POSTGRES_DB": environment("postgres")["POSTGRES_DB"],
            "SECRETS": str(self.secrets),
        }
        making = await asyncio.create_subprocess_exec(
            str(script), env=variables, stderr=asyncio.subprocess.PIPE
        )
        _, errors = await asyncio.wait_for(making.communicate(), _IMAGE_S)
        assert making.returncode == 0, errors.decode()


def _changed(text: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


async def get(url: str, headers: Mapping[str, str] | None = None) -> Any:
    """The JSON at an address."""
    async with httpx.AsyncClient(timeout=10) as client:
        answer = await client.get(url, headers=headers)
    answer.raise_for_status()
    return answer.json()
