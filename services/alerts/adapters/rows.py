"""What every group of rows shares: the transaction's connection, and how bodies are stored."""

from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import CursorResult, Executable
from sqlalchemy.exc import DataError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.ports import Unstorable

T = TypeVar("T")

encode_body = msgspec.json.Encoder().encode


def decode_body(body: bytes, kind: type[T]) -> T:
    """The object whose JSON a row holds."""
    return msgspec.json.decode(body, type=kind)


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
