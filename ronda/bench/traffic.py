"""The events that are sent, and the HTTP requests that carry them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from shared.events.identity import new_id

BATCH = 500
SITES = 200
"""How many different keys the events have."""

_ROW = 128
_STEP_DEGREES = 0.01

_encode = msgspec.json.encode


def place(number: int) -> tuple[float, float]:
    """Latitude and longitude of a site, on a grid of a kilometre."""
    row, column = divmod(number, _ROW)
    return round(-7.9 + row * _STEP_DEGREES, 4), round(111.5 + column * _STEP_DEGREES, 4)


def position(number: int, at: datetime) -> dict[str, Any]:
    """What a phone sends most often: where it is."""
    return _event(number, at, "ronda.position.recorded.v1", f"site-{number % SITES}") | {
        "data": {"crew": "R-07", "position": _fix(number), "speed_mps": 4.2},
    }


def visit(number: int, at: datetime) -> dict[str, Any]:
    """A check-in at a site."""
    return _event(number, at, "ronda.visit.checked_in.v1", f"site-{number % SITES}") | {
        "data": {"crew": "R-07", "method": "manual", "position": _fix(number)},
    }


def report(number: int, at: datetime, site: str) -> dict[str, Any]:
    """A suspicious report."""
    return _event(number, at, "ronda.incident.reported.v1", site) | {
        "data": {"category": "suspicious_person", "text": "uji kecepatan"},
    }


def single(token: str, event: dict[str, Any]) -> bytes:
    """One event as a whole HTTP request."""
    return _request(token, "application/json", _encode(event))


def batch(token: str, events: Sequence[dict[str, Any]]) -> bytes:
    """Many events as one HTTP request of NDJSON."""
    return _request(token, "application/x-ndjson", b"\n".join(map(_encode, events)))


def _event(number: int, at: datetime, event_type: str, site: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": new_id(at),
        "source": "ronda/bench",
        "type": event_type,
        "subject": site,
        "time": at.isoformat(),
        "device": f"bench-{number % SITES}",
        "deviceseq": number,
    }


def _fix(number: int) -> dict[str, float]:
    lat, lon = place(number % SITES)
    return {"lat": lat, "lon": lon, "accuracy_m": 12.0}


def _request(token: str, media_type: str, body: bytes) -> bytes:
    head = (
        "POST /v1/events HTTP/1.1\r\nHost: bench\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: {media_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
