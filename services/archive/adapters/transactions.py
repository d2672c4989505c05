"""Transactions on psycopg's own connection, which binary COPY needs, and what their errors mean."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.types.string import BytesBinaryDumper
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.ports import Unavailable, Unstorable


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection[Any]]:
    """A connection of the pool; it opens the transaction with its first statement."""
    async with engine.begin() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        # Asked for a dumper by type, psycopg gives the one of DB-API's Binary, in Python.
        raw.adapters.register_dumper(bytes, BytesBinaryDumper)
        yield raw


@contextmanager
def translated() -> Iterator[None]:
    """Two kinds of failure: what another try may mend, and what the database will always refuse."""
    try:
        yield
    except (psycopg.DataError, psycopg.errors.ProgramLimitExceeded) as error:
        raise Unstorable(f"the database refuses a value: {error.diag.sqlstate}") from error
    except (psycopg.Error, DBAPIError, PoolTimeout) as error:
        raise Unavailable(f"the database could not do it now: {type(error).__name__}") from error
