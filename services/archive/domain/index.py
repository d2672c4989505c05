"""What the rows that searches read must say, by the records that they stand for.

Every record makes `claims`; the rows of the other tables make the same ones. A row is compared by
what it says at its place: its table, and all its columns.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from services.archive.domain import classify
from services.archive.domain.balance import Row
from services.archive.domain.kept import EventRow
from services.archive.domain.knowing import Told, of_itself
from services.archive.domain.stored import Erased, Narrow, Record, Undecoded
from shared.events.registry import Undecodable

NARROW_TABLES = ("event", "duplicate", "conflict", "aside")
COUNTED = (*NARROW_TABLES, "undecodable")
REFUSED = "the database refused the event's row"
"""Why an event may have been kept as undecodable. As no event that can be read has a value that a
row has no room for, it is named: whoever hides an event would say so."""
ERASED = "erased"
"""The reason of an undecodable record that was erased."""

_CLAIMING: tuple[str, ...] = ("event", "duplicate", "conflict")
_SET_ASIDE: tuple[str, ...] = ("aside",)
_UNFIT = "unfit"

_pack = msgspec.msgpack.Encoder().encode


def read(record: Record, *, aside: bool) -> tuple[EventRow | None, Told | None]:
    """The event in a record that is neither erased nor undecodable, and what is kept of what it
    says of who may know; events of an `aside` topic were set aside."""
    if record.leaf is not None:
        return None, None
    try:
        event, told = classify.read(record.value)
    except Undecodable:
        return None, None
    return event, of_itself(told, event.id) if told and aside else told


def of_record(record: Record, event: EventRow | None, *, aside: bool) -> Row:
    """What a record with this event says that its other row must say; no row says it where what
    was received cannot have the status, which is not sealed."""
    status = record.status
    fitting = _SET_ASIDE if aside else _CLAIMING
    if record.leaf is not None:
        blank = record.value is record.key is record.headers is None
        said: Any = ("erased", status, record.event_id, record.leaf, record.appended_at, blank)
        fitting = (*fitting, "undecodable")
    elif event is None:
        said = (status, None, record.event_id, record.appended_at)
        fitting = ("undecodable",)
    else:
        said = (status, *event, record.event_id == event.id, record.appended_at)
    if status not in fitting:
        said = (_UNFIT, status)
    return (record.topic, record.partition, record.offset, said)


def of_narrow(table: str, row: Narrow) -> Row:
    """The same of a row of `event`, `duplicate`, `conflict` or `aside`."""
    said: Any = (table, *row[:10], True, row.appended_at)
    if not row.hash:
        said = ("kept", table, row.id, digest(row))
    return (row.topic, row.partition, row.offset, said)


def of_undecodable(row: Undecoded) -> Row:
    """The same of a row of `undecodable`. Its reason is a remark of ours and not compared."""
    said: Any = ("undecodable", None, None, row.appended_at)
    if row.reason == ERASED:
        said = ("kept", "undecodable", None, b"")
    return (row.topic, row.partition, row.offset, said)


def of_erased_record(row: Erased) -> Row:
    """What an erasure says of its record."""
    said: Any = ("erased", row.status, row.event_id, row.leaf, row.appended_at, True)
    return (row.topic, row.partition, row.offset, said)


def of_erased_row(row: Erased) -> Row:
    """What an erasure says of the row that stood for its record."""
    said: Any = ("kept", row.status, row.event_id, row.kept)
    return (row.topic, row.partition, row.offset, said)


def disagreement(records: Sequence[Any], rows: Sequence[Any]) -> str | None:
    """How what records say at a place differs from what other rows say there; None if not."""
    if sorted(map(repr, records)) == sorted(map(repr, rows)):
        return None
    if not records:
        return f"has a row in {rows[0][0]!r}, and there is no such record"
    if records[0][0] == _UNFIT:
        return f"is kept as {records[0][1]!r}, which what was received is not"
    if not rows:
        return f"has no row in {records[0][0]!r}"
    if len(records) == len(rows) == 1:
        return f"its record and its row differ in {', '.join(_differing(records[0], rows[0]))}"
    return "its records and the rows for them differ"


_COLUMNS = (
    "table",
    "id",
    "type",
    "site",
    "unit",
    "actor",
    "device",
    "time",
    "received_at",
    "alert",
    "hash",
    "id",
    "appended_at",
)


def _differing(one: Any, other: Any) -> list[str]:
    if len(one) != len(other) or len(one) != len(_COLUMNS):
        return ["table"]
    names = zip(_COLUMNS, one, other, strict=True)
    return sorted({name for name, left, right in names if left != right})


def digest(row: Narrow) -> bytes:
    """What is left of an erased event's narrow row, in one value."""
    return sha256(_pack(row)).digest()
