"""What a person should look at again of a site's presences, in words that accuse nobody.

A doubt is about what arrived, never about who sent it: it names the site, the phone and the figures
and no person. Some rest on several events, and `presence.py` finds them; others on the flags of one
check-in.
"""

from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from services.alerts.domain.presence import km_id
from shared.events.alert import Reason
from shared.events.identity import derived_id
from shared.events.patrol import VisitCheckedIn
from shared.events.presence import PresenceDoubt
from shared.plan.geometry import distance_m
from shared.plan.model import Plan, Site

DoubtKind: TypeAlias = Literal["speed", "shared_code", "replayed_code", "flagged"]

_WORDS: dict[str, tuple[str, str]] = {
    "outside_geofence": ("Posisi di luar batas lokasi", "The position is outside the site"),
    "mock_location": (
        "Ponsel menyatakan posisi dibuat oleh program",
        "The phone says that a program made the position",
    ),
    "stale_position": ("Posisi bukan dari saat itu", "The position is of another moment"),
    "no_code": ("Pindaian tanpa isi kode", "A scan without its code"),
    "bad_code": ("Kode tidak dikenal", "The code is not known"),
    "other_site_code": ("Kode milik lokasi lain", "The code is another site's"),
    "expired_code": ("Kode sudah kedaluwarsa", "The code had expired"),
}


class Doubt(Struct, frozen=True, kw_only=True):
    """What is to be checked, `events` all that it rests on; `flagged` are the flags of one
    check-in. `time` is when it happened, `noticed_at` when we knew."""

    id: str
    kind: DoubtKind
    event: str
    events: list[str]
    device: str
    devices: list[str]
    site: str | None
    site_name: str | None
    unit: str
    time: datetime
    noticed_at: datetime
    reasons: list[Reason]


def doubt_of(said: PresenceDoubt, plan: Plan | None, now: datetime) -> Doubt:
    """What several events say together, as people look at it."""
    site = _site(said.site, plan)
    return Doubt(
        id=said.id,
        kind=said.kind,
        event=said.event,
        events=said.events,
        device=said.device,
        devices=said.devices,
        site=said.site,
        site_name=site.name if site else None,
        unit=said.unit,
        time=said.time,
        noticed_at=now,
        reasons=said.reasons,
    )


def flagged(event: VisitCheckedIn, plan: Plan | None, now: datetime) -> Doubt | None:
    """A check-in whose flags speak against its place or its code; None where none does."""
    marks = [mark for mark in _WORDS if mark in event.flag_set]
    if not marks:
        return None
    site = _site(event.subject, plan)
    device = event.device or "?"
    return Doubt(
        id=derived_id(event.time, "flagged", event.id),
        kind="flagged",
        event=event.id,
        events=[event.id],
        device=device,
        devices=[device],
        site=event.subject,
        site_name=site.name if site else None,
        unit=event.unit or "unknown",
        time=min(event.time, event.receivedtime or now),
        noticed_at=now,
        reasons=[_reason(mark, event, site) for mark in marks],
    )


def _reason(mark: str, event: VisitCheckedIn, site: Site | None) -> Reason:
    words_id, words_en = _WORDS[mark]
    fix = event.data.position
    if mark != "outside_geofence" or fix is None or site is None:
        return Reason(code=mark, id=words_id, en=words_en)
    metres = distance_m(fix, site)
    return Reason(
        code=mark,
        id=f"{words_id}: {km_id(metres)} km dari titiknya",
        en=f"{words_en}: {metres / 1000:.1f} km away",
    )


def _site(name: str | None, plan: Plan | None) -> Site | None:
    return plan.site_by_id.get(name or "") if plan else None
