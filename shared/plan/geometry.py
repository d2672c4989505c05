"""Distances on the ground, good to half a percent, which is far below a phone's own error."""

from math import asin, cos, radians, sin, sqrt
from typing import Protocol

MEAN_EARTH_RADIUS_M = 6_371_008.8


class Located(Protocol):
    """Anything with a WGS84 position in degrees: a site, a fix."""

    @property
    def lat(self) -> float: ...

    @property
    def lon(self) -> float: ...


def distance_m(a: Located, b: Located) -> float:
    """Metres along the great circle from one place to the other (haversine)."""
    lat_a, lat_b = radians(a.lat), radians(b.lat)
    half_lat = sin((lat_b - lat_a) / 2)
    half_lon = sin(radians(b.lon - a.lon) / 2)
    chord = half_lat**2 + cos(lat_a) * cos(lat_b) * half_lon**2
    # Rounding may carry the chord of two antipodes past 1, where asin ends.
    return 2 * MEAN_EARTH_RADIUS_M * asin(sqrt(min(1.0, chord)))


def is_within(fix: Located, site: Located, radius_m: float, accuracy_m: float = 0) -> bool:
    """Whether a fix may be inside a site's circle, given how far the phone may be off."""
    return distance_m(fix, site) <= radius_m + accuracy_m
