"""What free tracker apps send, read as positions: OsmAnd and Traccar Client, OwnTracks.

They know nothing of us, so what is needed is where and when; whatever else cannot be used is left
out, and the position is taken all the same.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from services.checkin.domain.incoming import Incoming
from shared.events.identity import derived_id
from shared.events.patrol import Fix
from shared.events.position import Track

CHANNEL = "tracker"
POSITION = "ronda.position.recorded.v1"
_KNOT_MPS = 0.514444
_KMH_MPS = 1 / 3.6
_LATEST_IN_SECONDS = 100_000_000_000
"""What is larger is milliseconds: as seconds it would be the year 5138."""
_FAR = 1e9


class NoPosition(ValueError):
    """The message should tell a position, and does not; `str()` says what to mend."""


class Sighting(Struct, frozen=True):
    """A device at a place, at a moment of its own clock."""

    at: datetime
    track: Track


class _OwnTracks(Struct, rename={"kind": "_type"}):
    kind: str = ""
    lat: Any = None
    lon: Any = None
    tst: Any = None
    acc: Any = None
    vel: Any = None
    cog: Any = None
    batt: Any = None
    mock: Any = None


class _Coordinates(Struct):
    latitude: Any = None
    longitude: Any = None
    accuracy: Any = None
    speed: Any = None
    heading: Any = None


class _Battery(Struct):
    level: Any = None


class _Location(Struct):
    coords: _Coordinates
    timestamp: Any = None
    battery: _Battery | None = None
    mock: Any = None


class _Traccar(Struct):
    location: _Location


_Message = TypeVar("_Message")


def of_osmand(fields: Mapping[str, str], now: datetime) -> Sighting | None:
    """OsmAnd's and Traccar Client's parameters; None for what says itself that it is no fix.

    Raises `NoPosition`.
    """
    if fields.get("valid", "true").lower() in {"false", "0"}:
        return None
    latitude, longitude = fields.get("lat"), fields.get("lon")
    if latitude is None:
        latitude, _, longitude = fields.get("location", "").partition(",")
    return _sighting(
        _moment(fields.get("timestamp"), now),
        latitude,
        longitude,
        accuracy_m=_number(fields.get("accuracy"), 0, _FAR),
        mock=_is_true(fields.get("mock")),
        speed_mps=_scaled(fields.get("speed"), _KNOT_MPS),
        heading_deg=_heading(fields.get("bearing", fields.get("heading"))),
        battery_percent=_percent(fields.get("batt")),
    )


def of_traccar(body: bytes, now: datetime) -> Sighting:
    """The JSON of Traccar Client 9 and later; raises `NoPosition`."""
    location = _decoded(body, _Traccar).location
    place, battery = location.coords, location.battery
    level = _number(battery.level, 0, 1) if battery is not None else None
    return _sighting(
        _moment(location.timestamp, now),
        place.latitude,
        place.longitude,
        accuracy_m=_number(place.accuracy, 0, _FAR),
        mock=_is_true(location.mock),
        speed_mps=_scaled(place.speed, 1),
        heading_deg=_heading(place.heading),
        battery_percent=round(level * 100) if level is not None else None,
    )


def of_owntracks(body: bytes, now: datetime) -> Sighting | None:
    """OwnTracks' JSON; None for a message of another `_type`, or an empty one.

    Raises `NoPosition`.
    """
    if not body.strip():
        return None
    said = _decoded(body, _OwnTracks)
    if said.kind != "location":
        return None
    return _sighting(
        _moment(said.tst, now),
        said.lat,
        said.lon,
        accuracy_m=_number(said.acc, 0, _FAR),
        mock=_is_true(said.mock),
        speed_mps=_scaled(said.vel, _KMH_MPS),
        heading_deg=_heading(said.cog),
        battery_percent=_percent(said.batt),
    )


def as_event(sighting: Sighting, device: str, said: bytes) -> Incoming:
    """The event of a position; `said` is the message without its credential. Sent again, it has the
    same id."""
    return Incoming(
        specversion="1.0",
        id=derived_id(sighting.at, CHANNEL, device, said.decode("latin-1")),
        source="ronda/tracker",
        type=POSITION,
        time=sighting.at.isoformat(),
        device=device,
        data=Raw(msgspec.json.encode(sighting.track)),
    )


def _sighting(
    at: datetime,
    latitude: object,
    longitude: object,
    *,
    accuracy_m: float | None,
    mock: bool,
    speed_mps: float | None,
    heading_deg: float | None,
    battery_percent: int | None,
) -> Sighting:
    lat, lon = _number(latitude, -90, 90), _number(longitude, -180, 180)
    if lat is None or lon is None:
        raise NoPosition("latitude and longitude are no place on earth, in degrees")
    fix = Fix(lat=lat, lon=lon, accuracy_m=accuracy_m, fixed_at=at, mock=mock)
    return Sighting(
        at,
        Track(
            position=fix,
            speed_mps=speed_mps,
            heading_deg=heading_deg,
            battery_percent=battery_percent,
        ),
    )


def _decoded(body: bytes, kind: type[_Message]) -> _Message:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NoPosition(f"the body is no such message: {error}") from error


def _moment(said: object, now: datetime) -> datetime:
    if said is None:
        return now
    seconds = _number(said, 0, 1e15)
    try:
        if seconds is None:
            moment = datetime.fromisoformat(str(said))
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        seconds = seconds / 1000 if seconds > _LATEST_IN_SECONDS else seconds
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise NoPosition("the time is neither seconds nor milliseconds nor ISO 8601") from error


def _number(said: object, least: float, most: float) -> float | None:
    """None where it is no number or out of range."""
    if not isinstance(said, str | int | float) or isinstance(said, bool):
        return None
    try:
        value = float(said)
    except (ValueError, OverflowError):
        return None
    return value if isfinite(value) and least <= value <= most else None


def _scaled(said: object, unit: float) -> float | None:
    value = _number(said, 0, _FAR)
    return round(value * unit, 3) if value is not None else None


def _heading(said: object) -> float | None:
    value = _number(said, 0, 360)
    return value % 360 if value is not None else None


def _percent(said: object) -> int | None:
    value = _number(said, 0, 100)
    return round(value) if value is not None else None


def _is_true(said: object) -> bool:
    return str(said).lower() in {"true", "1"}
