"""How much speaks against a site. A score is about a site, never about people."""

from typing import Literal

from msgspec import Struct

from shared.events.alert import Reason
from shared.events.envelope import Event, Name, Timestamp

RiskBand = Literal["rendah", "sedang", "tinggi"]


class RiskReason(Reason, frozen=True, kw_only=True):
    """One thing that speaks against a site, and what it adds to the score."""

    weight: int


class SiteRisk(Struct, frozen=True, kw_only=True):
    """What spoke against a site when its band changed; the weights of the reasons add up to the
    score, of 100 at most. `previous` is the band that it left; a site begins in the lowest."""

    version: int
    site: Name
    site_name: str
    unit: Name
    band: RiskBand
    previous: RiskBand
    score: int
    reasons: list[RiskReason]
    changed_at: Timestamp


class RiskChanged(Event, frozen=True, kw_only=True, tag="ronda.risk.changed.v1"):
    """A site came into another band."""

    data: SiteRisk
