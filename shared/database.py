"""PostgreSQL through SQLAlchemy on psycopg; every wait has an end."""

import asyncio
import select
from importlib import resources
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event, make_url, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_MS = 30_000
IDLE_IN_TRANSACTION_MS = 30_000
TCP_USER_TIMEOUT_MS = 10_000
_MIGRATION_LOCK = 0x526F_6E64_6100


def engine(url: str, *, pool_size: int = 5, application: str) -> AsyncEngine:
    """An engine whose statements, connections and forgotten transactions all time out.

    `url` is `postgresql://…`; `application` is what `pg_stat_activity` shows.
    """
    made = create_async_engine(
        driver_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        pool_recycle=1800,
        # They are what people said and where they were: nothing for a log.
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "tcp_user_timeout": TCP_USER_TIMEOUT_MS,
            "application_name": application,
            "options": (
                f"-c statement_timeout={STATEMENT_TIMEOUT_MS}"
                f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}"
                " -c timezone=UTC"
            ),
        },
    )
    event.listen(made.sync_engine, "checkout", _refuse_closed)
    return made


def _refuse_closed(connection: Any, *_: Any) -> None:
    """A pooled connection that the server has closed is replaced before it is used.

    An idle one has nothing to say but that; to look costs no round trip, as a ping would.
    """
    looking = select.poll()
    looking.register(connection.driver_connection.fileno(), select.POLLIN | select.POLLHUP)
    if looking.poll(0):
        raise DisconnectionError("the server has closed the connection")


def driver_url(url: str) -> str:
    """The URL with the one driver that we use."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


async def upgrade(url: str, package: str, schema: str) -> None:
    """Brings `schema` to the newest migration of `package`; one at a time, safe to repeat."""
    await asyncio.to_thread(_upgrade, url, package, schema)


def _upgrade(url: str, package: str, schema: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(resources.files(package)))
    config.attributes["schema"] = schema
    migrator = create_engine(
        driver_url(url), poolclass=NullPool, connect_args={"connect_timeout": CONNECT_TIMEOUT_S}
    )
    try:
        with migrator.begin() as connection:
            _prepare(connection, schema)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        migrator.dispose()


def _prepare(connection: Connection, schema: str) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
    # Whoever owns a schema need not have the right to make one.
    present = text("SELECT FROM pg_namespace WHERE nspname = :schema")
    if connection.execute(present, {"schema": schema}).first() is None:
        connection.execute(text(f'CREATE SCHEMA "{schema}"'))
