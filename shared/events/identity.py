"""Event ids: UUIDv7 (RFC 9562 §5.7), made where the event is born."""

import hashlib
import secrets
from datetime import datetime
from uuid import UUID

UUID7_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"


def new_id(at: datetime) -> str:
    """A fresh UUIDv7 whose first 48 bits are the milliseconds of `at`."""
    return _shaped(at, secrets.token_bytes(10))


def derived_id(at: datetime, *parts: str) -> str:
    """The same UUIDv7-shaped id for the same moment and parts, on every replica, after any crash.

    Whatever is sent twice because a process died in between must carry one id, so the id of an
    effect is a function of its cause.
    """
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return _shaped(at, digest[:10])


def offspring_id(event_id: str, *parts: str) -> str:
    """The same id for the same event and parts; it carries the moment of the event's own id."""
    digest = hashlib.sha256("\x1f".join((event_id, *parts)).encode()).digest()
    return _made(id_time_ms(event_id), digest[:10])


def id_time_ms(event_id: str) -> int:
    """The milliseconds since the epoch that a UUIDv7 carries."""
    return UUID(event_id).int >> 80


def _shaped(at: datetime, tail: bytes) -> str:
    return _made(max(0, int(at.timestamp() * 1000)) & ((1 << 48) - 1), tail)


def _made(milliseconds: int, tail: bytes) -> str:
    value = (milliseconds << 80) | int.from_bytes(tail, "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0b11 << 62)) | (0b10 << 62)
    return str(UUID(int=value))
