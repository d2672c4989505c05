"""From a Kafka record to what is kept of it. Never raises for what a record holds."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from operator import attrgetter
from typing import Protocol

import msgspec
from msgspec import Struct

from services.archive.domain.kept import EventRow, Kept
from services.archive.domain.knowing import Told, told_by
from services.archive.domain.storable import storable
from shared.events.envelope import SIGNED_FIELDS, Envelope
from shared.events.identity import UUID7_PATTERN
from shared.events.registry import Undecodable, decode_envelope

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
_LATEST_MS = int(LATEST.timestamp() * 1000)
_REASON_LENGTH = 500
_UUID7 = re.compile(UUID7_PATTERN)

_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()
_said = attrgetter(*SIGNED_FIELDS)


class Received(Protocol):
    """What is read of a Kafka record; `timestamp` is the broker's, in milliseconds."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class _View(Struct):
    """The two places in `data` where an alert's id may be."""

    id: object = None
    alert: object = None


_view = msgspec.json.Decoder(_View)


def classify(record: Received) -> Kept:
    """What is kept of a record: all its bytes, with the row of the event in it.

    `data` is not judged: whatever has an envelope with an id is an event.
    """
    event, reason, told = None, None, None
    try:
        event, told = read(record.value)
    except Undecodable as error:
        reason = storable(str(error))[:_REASON_LENGTH]
    return Kept(
        record.offset,
        _moment(record.timestamp),
        record.key,
        record.value,
        _msgpack.encode(record.headers) if record.headers else None,
        event,
        reason,
        told,
    )


def read(value: bytes | None) -> tuple[EventRow, Told | None]:
    """The narrow row of the event in a record's value, and what it says of who may know; raises
    `Undecodable`."""
    envelope = decode_envelope(value)
    return _row(envelope, value or b""), told_by(envelope)


def event_row(value: bytes | None) -> EventRow:
    """The narrow row of the event in a record's value; raises `Undecodable`."""
    return _row(decode_envelope(value), value or b"")


def _row(event: Envelope, value: bytes) -> EventRow:
    row = EventRow(
        bytes.fromhex(event.id.replace("-", "")),
        event.type,
        event.subject,
        event.unit,
        event.actor,
        event.device,
        _within_range(event.time),
        None if event.receivedtime is None else _within_range(event.receivedtime),
        _alert(event, value),
        # The server's stamps differ between resends of one event; what the device says does not.
        sha256(_json.encode(_said(event))).digest(),
    )
    # JSON can only spell a NUL as an escape, so one search of the bytes spares five of the texts.
    return row if b"\\u0000" not in value else _without_nul(row)


def _alert(event: Envelope, value: bytes) -> bytes | None:
    """The alert that an event is about, where its data names one."""
    is_alert = event.type.startswith("ronda.alert.")
    if not is_alert and b'"alert"' not in value:
        return None
    try:
        view = _view.decode(event.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    found = view.id if is_alert else view.alert
    if isinstance(found, str) and _UUID7.fullmatch(found):
        return bytes.fromhex(found.replace("-", ""))
    return None


def _without_nul(row: EventRow) -> EventRow:
    return row._replace(
        type=storable(row.type),
        site=row.site and storable(row.site),
        unit=row.unit and storable(row.unit),
        actor=row.actor and storable(row.actor),
        device=row.device and storable(row.device),
    )


def _within_range(moment: datetime) -> datetime:
    """A device's clock may claim a year that a database cannot give back; the bytes keep it."""
    if EARLIEST <= moment < LATEST:
        return moment
    return EARLIEST if moment < EARLIEST else LATEST


@lru_cache(maxsize=1024)
def _moment(milliseconds: int) -> datetime:
    """The broker stamps a whole batch with one moment, so most records repeat the last one."""
    clamped = min(max(milliseconds, 0), _LATEST_MS)
    return datetime.fromtimestamp(clamped / 1000, tz=UTC)
