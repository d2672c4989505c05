"""What the archive answers with: pages, their cursors, and records as JSON."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from services.archive.domain.search import Place, Status
from services.archive.ports import Found, Page
from shared.problem import ProblemError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Event(Struct, frozen=True, kw_only=True):
    """A record and what the archive made of it.

    `event` is the CloudEvent as received; where the bytes are no JSON text they are in
    `value_base64` instead, and `reason` says why an undecodable record is one.
    """

    id: str | None
    type: str | None
    subject: str | None
    unit: str | None
    time: datetime | None
    receivedtime: datetime | None
    topic: str
    partition: int
    offset: int
    appended_at: datetime
    status: Status
    event: Raw | None
    reason: str | None = None
    value_base64: str | None = None


class EventPage(Struct, frozen=True):
    """A page, and the cursor of the one behind it."""

    items: list[Event]
    next: str | None


class _Cursor(Struct, frozen=True, array_like=True):
    appended_us: Annotated[int, Meta(ge=0, le=253_370_764_800_000_000)]
    topic: Annotated[int, Meta(ge=0, le=32_767)]
    partition: Annotated[int, Meta(ge=0, le=2_147_483_647)]
    offset: Annotated[int, Meta(ge=0, le=9_223_372_036_854_775_807)]


def page_of(page: Page) -> EventPage:
    """A page as it is answered."""
    following = _cursor(page.found[-1].place) if page.more else None
    return EventPage([_event(found) for found in page.found], following)


def place_of(cursor: str | None) -> Place | None:
    """Where a cursor points; raises `ProblemError` for one that was not ours."""
    if cursor is None:
        return None
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        point = msgspec.msgpack.decode(packed, type=_Cursor)
        moment = _EPOCH + point.appended_us * _MICROSECOND
    except (binascii.Error, ValueError, msgspec.DecodeError, OverflowError) as error:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, "cursor is not a `next` of an earlier answer"
        ) from error
    return Place(moment, point.topic, point.partition, point.offset)


def _cursor(place: Place) -> str:
    appended_us = (place.appended_at - _EPOCH) // _MICROSECOND
    packed = msgspec.msgpack.encode(
        _Cursor(appended_us, place.topic, place.partition, place.offset)
    )
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def _event(found: Found) -> Event:
    text = found.value if found.id is not None and _is_text(found.value) else None
    rest = None if text is not None or found.value is None else found.value
    return Event(
        id=found.id,
        type=found.type,
        subject=found.site,
        unit=found.unit,
        time=found.time,
        receivedtime=found.received_at,
        topic=found.topic,
        partition=found.place.partition,
        offset=found.place.offset,
        appended_at=found.place.appended_at,
        status=found.status,
        event=None if text is None else Raw(text),
        reason=found.reason,
        value_base64=None if rest is None else base64.b64encode(rest).decode(),
    )


def _is_text(value: bytes | None) -> bool:
    """Decoding an envelope passes over `data` without looking at its characters."""
    if value is None:
        return False
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
