"""What is to be checked on an invented evening, in the service's own types."""

from datetime import datetime

from services.alerts.adapters.http.presence import Gap, PresenceView
from services.alerts.domain.doubt import Doubt, DoubtKind
from shared.events.alert import Reason
from shared.events.identity import derived_id
from shared.events.presence import SeqRange
from tests.browser.samples import UNIT, seconds


def presence(now: datetime) -> PresenceView:
    """One doubt of each kind, and a phone whose events are missing."""
    rows: list[tuple[DoubtKind, str, str, str, str, float]] = [
        ("speed", "gudang", "Gudang Logistik KPU", "41,2 km dalam 6 menit: 412 km/jam", "", 600),
        (
            "shared_code",
            "kpu",
            "Kantor KPU Tuban",
            "Kode yang sama dipindai hp-014 dan hp-021 dalam satu menit",
            "hp-021",
            4200,
        ),
        (
            "flagged",
            "gudang",
            "Gudang Logistik KPU",
            "Posisi di luar batas lokasi: 1,8 km dari titiknya",
            "",
            9000,
        ),
    ]
    gap = Gap(
        device="hp-031",
        unit=f"{UNIT}/polsek-soko",
        missing=4,
        ranges=[SeqRange(first=118, last=121)],
        since=now - seconds(1500),
        updated_at=now - seconds(1500),
    )
    doubts = [
        a_doubt(now - seconds(age), kind, site, name, words, other)
        for kind, site, name, words, other, age in rows
    ]
    return PresenceView(doubts=doubts, gaps=[gap], next=None)


def a_doubt(
    at: datetime, kind: DoubtKind, site: str, name: str, words: str, other: str = ""
) -> Doubt:
    """What of one visit is to be checked; `other` is a second phone."""
    event = derived_id(at, "doubted", site)
    return Doubt(
        id=derived_id(at, kind, site),
        kind=kind,
        event=event,
        events=[event],
        device="hp-014",
        devices=["hp-014", other] if other else ["hp-014"],
        site=site,
        site_name=name,
        unit=f"{UNIT}/polsek-tuban",
        time=at,
        noticed_at=at + seconds(3),
        reasons=[Reason(code=kind, id=words, en=words)],
    )
