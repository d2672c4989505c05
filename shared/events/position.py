"""Where a device on duty is."""

from typing import Annotated

from msgspec import Meta, Struct

from shared.events.envelope import Event, Name
from shared.events.patrol import Fix, NonNegative


class Track(Struct, frozen=True, kw_only=True, omit_defaults=True):
    position: Fix
    crew: Name | None = None
    speed_mps: NonNegative | None = None
    heading_deg: Annotated[float, Meta(ge=0, lt=360)] | None = None
    battery_percent: Annotated[int, Meta(ge=0, le=100)] | None = None


class PositionRecorded(Event, frozen=True, kw_only=True, tag="ronda.position.recorded.v1"):
    data: Track
