"""Rows into PostgreSQL by binary COPY on psycopg's own cursor."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from psycopg import AsyncCursor
from psycopg.sql import SQL, Composed, Identifier

from services.archive.adapters.tables import SCHEMA
from services.archive.domain.index import NARROW_TABLES
from services.archive.domain.kept import EventRow, Kept


class Copy(NamedTuple):
    """A COPY statement and the wire types of its columns."""

    statement: Composed
    types: Sequence[str]


def _copy(schema: str, table: str, columns: dict[str, str]) -> Copy:
    statement = SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        Identifier(schema, table), SQL(", ").join(map(Identifier, columns))
    )
    return Copy(statement, list(columns.values()))


# A uuid's binary form is its 16 bytes and an enum's is its label, so `bytea` and `text` spare
# making objects of them.
_NARROW = {
    "id": "bytea",
    "type": "text",
    "site": "text",
    "unit": "text",
    "actor": "text",
    "device": "text",
    "time": "timestamptz",
    "received_at": "timestamptz",
    "alert": "bytea",
    "hash": "bytea",
    "appended_at": "timestamptz",
    "offset": "int8",
    "partition": "int4",
    "topic": "int2",
}
NARROW_COLUMNS = SQL(", ").join(map(Identifier, _NARROW))
STAGED = _copy("pg_temp", "staged", _NARROW)
NARROW = {table: _copy(SCHEMA, table, _NARROW) for table in NARROW_TABLES}
RECORDS = _copy(
    SCHEMA,
    "record",
    {
        "appended_at": "timestamptz",
        "offset": "int8",
        "key": "bytea",
        "value": "bytea",
        "headers": "bytea",
        "salt": "bytea",
        "partition": "int4",
        "topic": "int2",
        "event_id": "bytea",
        "status": "text",
    },
)
WHOLE_RECORDS = _copy(
    SCHEMA,
    "record",
    {
        "appended_at": "timestamptz",
        "offset": "int8",
        "key": "bytea",
        "value": "bytea",
        "headers": "bytea",
        "partition": "int4",
        "topic": "int2",
        "status": "text",
        "event_id": "bytea",
        "salt": "bytea",
        "leaf": "bytea",
    },
)
"""Rows as they are, erased ones too."""
ERASED_RECORDS = _copy(
    SCHEMA,
    "record",
    {
        "appended_at": "timestamptz",
        "offset": "int8",
        "leaf": "bytea",
        "partition": "int4",
        "topic": "int2",
        "event_id": "bytea",
        "status": "text",
    },
)
UNDECODABLE = _copy(
    SCHEMA,
    "undecodable",
    {
        "appended_at": "timestamptz",
        "offset": "int8",
        "partition": "int4",
        "topic": "int2",
        "reason": "text",
    },
)
LOG = _copy(
    SCHEMA,
    "log",
    {
        "position": "int8",
        "topic": "int2",
        "partition": "int4",
        "next_offset": "int8",
        "leaf": "bytea",
    },
)
LOG_NODES = _copy(SCHEMA, "log_node", {"level": "int2", "index": "int8", "hash": "bytea"})


async def copy(cursor: AsyncCursor[Any], what: Copy, rows: Iterable[Sequence[Any]]) -> None:
    """Sends rows whose values are in the order of the statement's columns."""
    async with cursor.copy(what.statement) as stream:
        stream.set_types(what.types)
        for row in rows:
            await stream.write_row(row)


def narrow(event: EventRow, record: Kept, partition: int, topic: int) -> tuple[Any, ...]:
    """The values of a narrow row."""
    return (*event, record.appended_at, record.offset, partition, topic)
