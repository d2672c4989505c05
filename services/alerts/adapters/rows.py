"""What every group of rows shares: the transaction's connection, and how bodies are stored."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg.types.array import ListBinaryDumper
from sqlalchemy import (
    CursorResult,
    Dialect,
    Executable,
    LargeBinary,
    Table,
    TableValuedAlias,
    bindparam,
    column,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DataError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine, UserDefinedType

from services.alerts.ports import Unstorable

T = TypeVar("T")

encode_body = msgspec.json.Encoder().encode


def decode_body(body: bytes, kind: type[T]) -> T:
    """The object whose JSON a row holds."""
    return msgspec.json.decode(body, type=kind)


class Blobs(list[bytes | None]):
    """Goes to the server in binary: as text every quote of every body would be escaped, which takes
    a hundred times as long."""


psycopg.adapters.register_dumper(Blobs, ListBinaryDumper)


class BlobArray(UserDefinedType[list[bytes | None]]):
    """`bytea[]` as a parameter."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in SQL."""
        return "bytea[]"

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Blobs]:
        """Marks a list, so that the driver knows."""
        return Blobs


def batch_of(table: Table, names: Sequence[str]) -> TableValuedAlias:
    """Rows as arrays, one for each column: one statement for many rows, whatever their number."""
    arrays = (bindparam(f"many_{name}", type_=_array_of(table.c[name].type)) for name in names)
    columns = (column(name, table.c[name].type) for name in names)
    return func.unnest(*arrays).table_valued(*columns).render_derived("batch")


def _array_of(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return BlobArray() if isinstance(kind, LargeBinary) else ARRAY(kind)


def arrays_of(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, list[Any]]:
    """The parameters of a batch."""
    return {f"many_{name}": [row[name] for row in rows] for name in names}


class Rows:
    """A group of statements that run on one open transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.published = False
        """Whether the relay has something to do once this is committed."""
        self.scheduled: datetime | None = None
        """The nearest deadline that was saved."""
        self.paged = False
        """Whether a page is to be sent once this is committed."""

    def _schedule(self, due: datetime | None) -> None:
        if due is not None and (self.scheduled is None or due < self.scheduled):
            self.scheduled = due

    async def _run(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        try:
            return await self._connection.execute(statement, parameters)
        except DataError as error:
            # U+0000 in a column of text, for instance.
            raise Unstorable(f"the database takes no such value: {type(error.orig)}") from error
