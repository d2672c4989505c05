"""An event as a device sends it, and the bodies that such events come in."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from shared.events.envelope import Counter, EventId, Name

MAX_EVENTS = 500
"""The most events in one request."""

Purpose = Literal["exercise", "synthetic"]
Moment = Annotated[
    str,
    Meta(
        max_length=64,
        description="RFC 3339 with an offset; kept as it was written, because it is signed",
        extra_json_schema={"format": "date-time"},
    ),
]
RejectionCode = Literal["undecodable", "type", "data", "time", "device", "too_large"]

Decoded = TypeVar("Decoded")


class Incoming(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The attributes that a device may set. All others are ignored: the server's own
    (`unit`, `actor`, `receivedtime`, `skew`, `channel`, `flags`) cannot be claimed from outside.

    `purpose` is absent for what is live; a device may say that it only exercises.
    """

    specversion: Literal["1.0"]
    id: EventId
    source: Name
    type: Name
    time: Moment
    data: Raw
    subject: Name | None = None
    device: Name | None = None
    deviceseq: Counter | None = None
    purpose: Purpose | None = None
    signature: Annotated[str, Meta(max_length=1024)] | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an event is refused for good: sending it again changes nothing. `reason` is for the
    person who must mend the sender; `id` is None where none could be read."""

    code: RejectionCode
    reason: str
    id: str | None


Item = Incoming | Rejection


class Unreadable(ValueError):
    """The body is not in the form that its content type promises; `str()` says what to mend."""


class TooManyEvents(ValueError):
    """The body holds more than `MAX_EVENTS` events."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} events in one request; send at most {MAX_EVENTS}")


class _Named(Struct):
    id: Any = None


_MISFITS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_event = msgspec.json.Decoder(Incoming)
_events = msgspec.json.Decoder(list[Incoming])
_parts = msgspec.json.Decoder(list[Raw])
_named = msgspec.json.Decoder(_Named)
_array = re.compile(rb"[ \t\r\n]*\[")


def is_array(body: bytes) -> bool:
    """Whether a JSON body is a batch and not one event."""
    return _array.match(body) is not None


def one_event(body: bytes) -> list[Item]:
    """A JSON body that is one event object; raises `Unreadable` where it is not JSON."""
    try:
        return [_strict(_event.decode, body)]
    except msgspec.ValidationError as error:
        return [_rejection(body, error)]
    except _MISFITS as error:
        raise Unreadable(f"the body is not one JSON value: {_words(error)}") from error


def array_of_events(body: bytes) -> Sequence[Item]:
    """A JSON body that is an array of events; raises `Unreadable` or `TooManyEvents`."""
    try:
        return _counted(_strict(_events.decode, body))
    except _MISFITS:
        pass
    try:
        parts = _counted(_parts.decode(body))
    except _MISFITS as error:
        raise Unreadable(f"the body is not a JSON array: {_words(error)}") from error
    return _one_by_one(parts)


def lines_of_events(body: bytes) -> Sequence[Item]:
    """An NDJSON body, blank lines skipped; raises `Unreadable` or `TooManyEvents`."""
    try:
        return _counted(_strict(_event.decode_lines, body))
    except _MISFITS:
        pass
    lines = _counted([line for line in body.split(b"\n") if line.strip()])
    if not any(map(_is_json, lines)):
        raise Unreadable("no line of the body is JSON; send one event object per line")
    return _one_by_one(lines)


def _strict(decode: Callable[[bytes], Decoded], content: bytes) -> Decoded:
    """Decodes; raises UnicodeDecodeError also where msgspec would not look, inside `data`."""
    decoded = decode(content)
    if not content.isascii():
        str(content, "utf-8")
    return decoded


def _counted(items: list[Decoded]) -> list[Decoded]:
    if len(items) > MAX_EVENTS:
        raise TooManyEvents(len(items))
    return items


def _one_by_one(parts: Iterable[bytes | Raw]) -> list[Item]:
    return [_item(bytes(part)) for part in parts]


def _item(content: bytes) -> Item:
    try:
        return _strict(_event.decode, content)
    except _MISFITS as error:
        return _rejection(content, error)


def _rejection(content: bytes, error: Exception) -> Rejection:
    return Rejection("undecodable", _words(error), _id_of(content))


def _id_of(content: bytes) -> str | None:
    try:
        found = _named.decode(content).id
    except _MISFITS:
        return None
    return found if isinstance(found, str) and len(found) <= 256 else None


def _is_json(content: bytes) -> bool:
    try:
        _strict(msgspec.json.decode, content)
    except _MISFITS:
        return False
    return True


def _words(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 at byte {error.start}"
    return str(error)
