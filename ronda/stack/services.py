"""The services as child processes: started, awaited, started again when they die."""

import asyncio
import os
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import httpx

from ronda.stack.child import Child
from ronda.stack.errors import StackError
from ronda.stack.ports import require_free

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
_STOP_SECONDS = 15.0
_READY_SECONDS = 60.0
_POLL_SECONDS = 0.1
_STEADY_SECONDS = 30.0
_DEATHS_WHILE_STARTING = 3
_LOOK_SECONDS = 5.0
_HUNG_SECONDS = 60.0
"""So long a service may leave the question unanswered whether it is alive."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """One service: `name` as in `python -m services.<name>`, where it listens, its environment."""

    name: str
    port: int
    environment: Mapping[str, str]
    port_setting: str
    host: str = "127.0.0.1"
    module: str = ""
    authority: Path | None = None
    """Whose certificate it shows; None speaks plain HTTP."""

    @property
    def url(self) -> str:
        """The root of its HTTP paths, as this machine reaches it."""
        scheme = "https" if self.authority else "http"
        return f"{scheme}://{'127.0.0.1' if self.host == '0.0.0.0' else self.host}:{self.port}"  # noqa: S104

    @property
    def command(self) -> list[str]:
        """What is started."""
        return [sys.executable, "-m", self.module or f"services.{self.name}"]


def pause_before_restart(deaths_in_a_row: int) -> float:
    """Seconds: 0.5 after the first death, twice as many after each that follows, at most 10."""
    # The exponent is bounded because a service may die for weeks.
    return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(deaths_in_a_row - 1, 10)))


@dataclass(slots=True)
class SupervisedService:
    """Keeps one service running until `stop`; tells each death through `say`."""

    spec: ServiceSpec
    log: Path
    say: Say
    hung_after_s: float = _HUNG_SECONDS
    is_ready: bool = False
    _child: Child | None = field(default=None, init=False)
    _over: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _deaths: int = field(default=0, init=False)

    @property
    def pid(self) -> int | None:
        """The process id, or None while it is down."""
        child = self._child
        return child.pid if child is not None and child.exit_code is None else None

    def stop(self) -> None:
        """Makes `run` stop the service and return."""
        self._over.set()

    async def run(self) -> None:
        """Runs the service until `stop`, starting it again after each death, after a growing pause.
        One that says itself that it is dead, or says nothing at all for long, is killed first.

        Raises `StackError` when it dies again and again before it was ready for the first time.
        """
        clock = asyncio.get_running_loop().time
        while not self._over.is_set():
            started = clock()
            environment = {**os.environ, **self.spec.environment, "PYTHONUNBUFFERED": "1"}
            self._child = await Child.start(
                self.spec.name, self.spec.command, log=self.log, env=environment
            )
            await self._until_dead_or_over(self._child)
            if self._over.is_set():
                await self._child.stop(within=_STOP_SECONDS)
                return
            self._deaths = 1 if clock() - started > _STEADY_SECONDS else self._deaths + 1
            await self._pause_after_death(self._child)

    async def _until_dead_or_over(self, child: Child) -> None:
        dead, over, hung = (
            asyncio.create_task(work)
            for work in (child.wait(), self._over.wait(), self._until_hung())
        )
        await asyncio.wait({dead, over, hung}, return_when=asyncio.FIRST_COMPLETED)
        if hung.done() and not dead.done() and not over.done():
            self.say(f"{self.spec.name} does nothing any more; it is killed (its log: {self.log})")
            await child.kill()
        for task in (dead, over, hung):
            task.cancel()
        await asyncio.gather(dead, over, hung, return_exceptions=True)

    async def _until_hung(self) -> None:
        """Returns once the service says that it is dead, or has said nothing for too long."""
        clock = asyncio.get_running_loop().time
        async with self._client() as client:
            heard = clock()
            while clock() - heard < self.hung_after_s:
                await asyncio.sleep(min(_LOOK_SECONDS, self.hung_after_s / 4))
                status = await self._status(client, "live")
                if status == HTTPStatus.SERVICE_UNAVAILABLE:
                    return
                if status is not None or not self.is_ready:
                    heard = clock()

    async def _pause_after_death(self, child: Child) -> None:
        if not self.is_ready and self._deaths >= _DEATHS_WHILE_STARTING:
            raise StackError(
                f"{self.spec.name} does not start; the end of {self.log}:\n{child.tail()}"
            )
        pause = pause_before_restart(self._deaths)
        self.say(
            f"{self.spec.name} ended with code {child.exit_code}; starting it again in {pause:g} s "
            f"(its log: {self.log})"
        )
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), pause)

    async def until_ready(self) -> None:
        """Waits until `/health/ready` says yes."""
        async with self._client() as client:
            while True:
                if await self._status(client, "ready") == HTTPStatus.OK:
                    self.is_ready = True
                    return
                await asyncio.sleep(_POLL_SECONDS)

    def _client(self) -> httpx.AsyncClient:
        authority = self.spec.authority
        trusted = ssl.create_default_context(cafile=authority) if authority else False
        return httpx.AsyncClient(timeout=2.0, trust_env=False, verify=trusted)

    async def _status(self, client: httpx.AsyncClient, question: str) -> int | None:
        try:
            return (await client.get(f"{self.spec.url}/health/{question}")).status_code
        except httpx.HTTPError:
            return None


@asynccontextmanager
async def running_services(
    specs: Iterable[ServiceSpec], *, logs: Path, say: Say, verbose: bool = False
) -> AsyncIterator[list[SupervisedService]]:
    """The services, ready; all are stopped at the end.

    Raises `StackError` when a port is taken or a service does not become ready. With `verbose`
    their logs also go to `say`, each line behind the service's name.
    """
    services = _supervised(specs, logs, say)
    keeping = [asyncio.create_task(service.run(), name=service.spec.name) for service in services]
    echoing = [asyncio.create_task(_echo(service, say)) for service in services if verbose]
    try:
        await _all_ready(services, keeping)
        yield services
    finally:
        for service in services:
            service.stop()
        for task in echoing:
            task.cancel()
        await asyncio.gather(*keeping, *echoing, return_exceptions=True)


def _supervised(specs: Iterable[ServiceSpec], logs: Path, say: Say) -> list[SupervisedService]:
    logs.mkdir(parents=True, exist_ok=True)
    services = []
    for spec in specs:
        require_free(spec.port, user=spec.name, setting=spec.port_setting, host=spec.host)
        services.append(SupervisedService(spec, logs / f"{spec.name}.log", say))
    return services


async def _all_ready(services: list[SupervisedService], keeping: list[asyncio.Task[None]]) -> None:
    ready = asyncio.create_task(_each_ready(services))
    try:
        await asyncio.wait(
            {ready, *keeping}, timeout=_READY_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        for task in keeping:
            if task.done():
                task.result()
        if not ready.done():
            late = [service for service in services if not service.is_ready]
            names = ", ".join(service.spec.name for service in late)
            raise StackError(
                f"not ready within {_READY_SECONDS:.0f} s: {names}; the logs: "
                f"{', '.join(str(service.log) for service in late)}"
            )
        await ready
    finally:
        ready.cancel()
        await asyncio.gather(ready, return_exceptions=True)


async def _each_ready(services: list[SupervisedService]) -> None:
    await asyncio.gather(*(service.until_ready() for service in services))


async def _echo(service: SupervisedService, say: Say) -> None:
    """Follows the log file rather than a pipe, so that a slow terminal slows no service."""
    service.log.touch()
    with service.log.open(encoding="utf-8", errors="replace") as log:
        log.seek(0, os.SEEK_END)
        while True:
            line = log.readline()
            if line:
                say(f"{service.spec.name} | {line.rstrip()}")
            else:
                await asyncio.sleep(_POLL_SECONDS)
