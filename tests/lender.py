"""Lends one Kafka and one PostgreSQL to a whole test run, started when the first test asks.

They live in the process that was started as `pytest` (with xdist: in the controller), which
outlives every worker; tests ask for them over a Unix socket, so that a run of unit tests starts
nothing and any number of workers share one of each.
"""

import asyncio
import json
import os
import shutil
import socket
import sys
import tempfile
import threading
from contextlib import AsyncExitStack
from pathlib import Path

from ronda.stack.kafka import EmbeddedKafka
from ronda.stack.postgres import EmbeddedPostgres, create_database, drop_database

_SOCKET_VARIABLE = "RONDA_TEST_LENDER"
_ANSWER_SECONDS = 150.0
_STOP_SECONDS = 60.0


class Lender:
    """The server: a thread with an event loop of its own, from `start` to `stop`."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="ronda-tests-"))
        self._folder.chmod(0o711)  # PostgreSQL runs as another user when the tests run as root
        self._thread = threading.Thread(target=self._run, name="lender")
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._loans: dict[str, asyncio.Task[str]] = {}

    def start(self) -> None:
        """Begins to listen; the socket's address goes into the environment of the workers."""
        os.environ[_SOCKET_VARIABLE] = str(self._folder / "lender.sock")
        self._thread.start()
        self._ready.wait(_STOP_SECONDS)

    def stop(self) -> None:
        """Stops what was lent, and removes its data."""
        if self._loop is not None and self._over is not None:
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(_STOP_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with AsyncExitStack() as running:

            async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                what = (await reader.readline()).decode().strip()
                try:
                    reply = {"address": await self._loan(what, running)}
                except Exception as error:  # the asking test raises it
                    reply = {"error": f"{type(error).__name__}: {error}"}
                writer.write(json.dumps(reply).encode())
                await writer.drain()
                writer.close()

            path = os.environ[_SOCKET_VARIABLE]
            async with await asyncio.start_unix_server(answer, path):
                self._ready.set()
                await self._over.wait()

    async def _loan(self, what: str, running: AsyncExitStack) -> str:
        if what not in self._loans:
            lend = {"kafka": self._kafka, "postgres": self._postgres, "template": self._template}
            self._loans[what] = asyncio.ensure_future(lend[what](running))
        return await asyncio.shield(self._loans[what])

    async def _kafka(self, running: AsyncExitStack) -> str:
        given = os.environ.get("RONDA_KAFKA_BOOTSTRAP_SERVERS")
        if given:
            return given
        kafka = await running.enter_async_context(EmbeddedKafka(self._folder / "kafka"))
        return kafka.bootstrap_servers

    async def _postgres(self, running: AsyncExitStack) -> str:
        given = os.environ.get("RONDA_DATABASE_URL")
        if given:
            return given
        data = self._folder / "postgres"
        postgres = await running.enter_async_context(EmbeddedPostgres(data, durable=False))
        return postgres.url()

    async def _template(self, running: AsyncExitStack) -> str:
        """The name of a database with every table, for copies that cost 30 ms."""
        server = await self._loan("postgres", running)
        name = f"template_{os.getpid()}"
        await create_database(server, name)
        running.push_async_callback(drop_database, server, name)
        url = f"{server.rpartition('/')[0]}/{name}"
        # In a process of its own: a run that needs no table need not import the services.
        migrating = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.migrate", url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await migrating.communicate()
        if migrating.returncode != 0:
            raise RuntimeError(f"the migrations failed:\n{output.decode()}")
        return name


def borrow(what: str) -> str:
    """The address of `kafka` or `postgres`, or the name of the database `template`; what nobody
    asked for before is made now."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as lender:
        lender.settimeout(_ANSWER_SECONDS)
        lender.connect(os.environ[_SOCKET_VARIABLE])
        lender.sendall(f"{what}\n".encode())
        with lender.makefile("rb") as answer:
            reply: dict[str, str] = json.loads(answer.read())
    if "error" in reply:
        raise RuntimeError(f"{what} cannot be lent: {reply['error']}")
    return reply["address"]
