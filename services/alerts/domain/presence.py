"""Was the device there? What several events together say, event by event, in any order of arrival.

A doubt takes nothing back: it is a reason for a person to look. Speed is judged between neighbours
in time on one device's track; a track keeps its newest points only, and positions thinly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from services.alerts.domain.sequence import Count, next_look
from shared.events.alert import Reason
from shared.events.envelope import Event
from shared.events.identity import derived_id
from shared.events.patrol import CheckIn, Fix
from shared.events.position import PositionRecorded
from shared.events.presence import PresenceDoubt
from shared.plan.geometry import distance_m

FASTEST_MPS = 55.0
"""200 km/h: nothing that a patrol drives is faster."""
SHORTEST_JUMP_M = 300.0
"""A phone's position jumps about by less than this without anybody moving."""
UNKNOWN_ACCURACY_M = 50.0
IN_MINUTES_FROM_S = 120
MAX_POINTS = 24
THIN = timedelta(seconds=30)
"""Positions come more often than a track needs them."""
AT_ONCE = timedelta(seconds=60)
MAX_USES = 16
NOTHING = Count()

Kind = Literal["speed", "shared_code", "replayed_code"]


class Sighting(Struct, frozen=True, array_like=True):
    """An event as the judgements see it; `at` is the device's time, its clock corrected.

    `is_evidence` says that a person did something there; a mere position is none.
    """

    event: str
    at: datetime
    lat: float | None
    lon: float | None
    accuracy_m: float | None
    is_evidence: bool
    actor: str | None
    site: str | None
    unit: str


class Use(Struct, frozen=True, array_like=True):
    """One scan of a code; `crew` is whose member scanned it, where that is known."""

    sighting: Sighting
    device: str
    crew: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceTrack:
    """What is known of a device: where it was, which of its events came, who had it last."""

    device: str
    points: tuple[Sighting, ...] = ()
    count: Count = NOTHING
    actor: str | None = None
    unit: str = "unknown"

    @property
    def next_check_at(self) -> datetime | None:
        """The device's one timer: when something that is missing is to be told."""
        return next_look(self.count)

    def counting(self, count: Count) -> "DeviceTrack":
        """The same device with another count."""
        return replace(self, count=count)


@dataclass(frozen=True, slots=True)
class _Place:
    lat: float
    lon: float


def forgetting(track: DeviceTrack, before: datetime) -> DeviceTrack:
    """The device without where it was before a moment, nor who had it where nothing newer is known;
    which of its numbers came stays known."""
    points = tuple(point for point in track.points if point.at >= before)
    was_last_then = bool(track.points) and not points
    return replace(track, points=points, actor=None if was_last_then else track.actor)


def sighting(event: Event, now: datetime) -> Sighting:
    """What an event says of where its device was. A made-up position says nothing."""
    fix: Fix | None = getattr(getattr(event, "data", None), "position", None)
    if fix is not None and (fix.mock or "mock_location" in event.flag_set):
        fix = None
    received_at = event.receivedtime or now
    return Sighting(
        event=event.id,
        at=min(_corrected(event, received_at), received_at),
        lat=fix.lat if fix else None,
        lon=fix.lon if fix else None,
        accuracy_m=fix.accuracy_m if fix else None,
        is_evidence=not isinstance(event, PositionRecorded),
        actor=event.actor,
        site=event.subject,
        unit=event.unit or "unknown",
    )


def code_of(event: Event) -> str | None:
    """The code that was scanned, where one was."""
    data = getattr(event, "data", None)
    return data.code if isinstance(data, CheckIn) else None


def followed(
    points: Sequence[Sighting], device: str, new: Sighting
) -> tuple[tuple[Sighting, ...], list[PresenceDoubt]]:
    """The track with one more point in its place, and the doubts that arise from its neighbours.

    What lies before all that a full track remembers is not followed any more.
    """
    if new.lat is None or any(point.event == new.event for point in points):
        return tuple(points), []
    if len(points) >= MAX_POINTS and new.at <= points[0].at:
        return tuple(points), []
    new_key = (new.at, new.event)
    before = [point for point in points if (point.at, point.event) < new_key]
    after = list(points[len(before) :])
    if _is_crowded(before, new, after):
        return tuple(points), []
    doubts = [
        doubt
        for pair in ((before[-1:], [new]), ([new], after[:1]))
        for doubt in _too_fast(device, *pair)
    ]
    return tuple([*before, new, *after][-MAX_POINTS:]), doubts


def scanned(uses: Sequence[Use], new: Use) -> tuple[tuple[Use, ...], list[PresenceDoubt]]:
    """The uses of a code with one more, and the doubts: one code is at one place, with one crew at
    a time, and a phone scans it once."""
    others = [use for use in uses if use.sighting.event != new.sighting.event]
    at_once = [use for use in others if abs(use.sighting.at - new.sighting.at) <= AT_ONCE]
    shared = [use for use in at_once if use.device != new.device and not _are_together(use, new)]
    again = [
        use
        for use in others
        if use.sighting.site != new.sighting.site or (use in at_once and use.device == new.device)
    ]
    doubts = []
    if shared:
        doubts.append(_code_doubt("shared_code", new, shared, _shared(shared, new)))
    if again:
        doubts.append(_code_doubt("replayed_code", new, again, _replayed(again, new)))
    known = sorted([*others, new], key=lambda use: (use.sighting.at, use.sighting.event))
    return tuple(known[-MAX_USES:]), doubts


def _are_together(one: Use, other: Use) -> bool:
    """A crew stands before the code with all its phones."""
    return one.crew is not None and one.crew == other.crew


def _corrected(event: Event, received_at: datetime) -> datetime:
    try:
        return event.time + timedelta(seconds=event.skew or 0)
    except OverflowError:
        return received_at


def _is_crowded(before: list[Sighting], new: Sighting, after: list[Sighting]) -> bool:
    neighbours = [*before[-1:], *after[:1]]
    return not new.is_evidence and any(
        not near.is_evidence and abs(near.at - new.at) < THIN for near in neighbours
    )


def _too_fast(
    device: str, earlier: Sequence[Sighting], later: Sequence[Sighting]
) -> list[PresenceDoubt]:
    if not earlier or not later or not (earlier[0].is_evidence or later[0].is_evidence):
        return []
    one, other = earlier[0], later[0]
    metres = _apart_m(one, other)
    seconds = max((other.at - one.at).total_seconds(), 1.0)
    if metres < SHORTEST_JUMP_M or metres / seconds <= FASTEST_MPS:
        return []
    kmh = metres / seconds * 3.6
    span_id, span_en = _span(seconds)
    why = Reason(
        code="speed",
        id=f"{km_id(metres)} km dalam {span_id}: {kmh:.0f} km/jam",
        en=f"{metres / 1000:.1f} km in {span_en}: {kmh:.0f} km/h",
    )
    about = other if other.is_evidence else one
    return [_doubt("speed", Use(about, device), [one.event, other.event], [device], why)]


def km_id(metres: float) -> str:
    """Kilometres as Indonesians write them."""
    return f"{metres / 1000:.1f}".replace(".", ",")


def _span(seconds: float) -> tuple[str, str]:
    if seconds < IN_MINUTES_FROM_S:
        return f"{seconds:.0f} detik", f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} menit", f"{seconds / 60:.0f} minutes"


def _apart_m(one: Sighting, other: Sighting) -> float:
    """How far apart two points are at least, given how far each may be off."""
    metres = distance_m(_place(one), _place(other))
    return metres - sum(
        UNKNOWN_ACCURACY_M if point.accuracy_m is None else point.accuracy_m
        for point in (one, other)
    )


def _place(point: Sighting) -> _Place:
    return _Place(point.lat or 0.0, point.lon or 0.0)


def _code_doubt(kind: Kind, new: Use, others: Sequence[Use], why: Reason) -> PresenceDoubt:
    events = [*(use.sighting.event for use in others), new.sighting.event]
    devices = sorted({new.device, *(use.device for use in others)})
    return _doubt(kind, new, events, devices, why)


def _shared(others: Sequence[Use], new: Use) -> Reason:
    devices = ", ".join(sorted({use.device for use in others}))
    return Reason(
        code="shared_code",
        id=f"Kode yang sama dipindai {new.device} dan {devices} dalam satu menit",
        en=f"One code was scanned by {new.device} and {devices} within a minute",
    )


def _replayed(others: Sequence[Use], new: Use) -> Reason:
    sites = sorted({use.sighting.site or "?" for use in others} - {new.sighting.site or "?"})
    if sites:
        where = ", ".join(sites)
        return Reason(
            code="code_of_another_site",
            id=f"Kode ini dipakai untuk {new.sighting.site} dan untuk {where}",
            en=f"This code was used for {new.sighting.site} and for {where}",
        )
    return Reason(
        code="replayed_code",
        id=f"{new.device} mengirim pindaian kode yang sama dua kali dalam satu menit",
        en=f"{new.device} sent a scan of the same code twice within a minute",
    )


def _doubt(
    kind: Kind, use: Use, events: list[str], devices: list[str], why: Reason
) -> PresenceDoubt:
    about = use.sighting
    return PresenceDoubt(
        id=derived_id(about.at, kind, use.device, *sorted(events)),
        version=1,
        kind=kind,
        event=about.event,
        events=events,
        device=use.device,
        devices=devices,
        actor=about.actor,
        site=about.site,
        unit=about.unit,
        time=about.at,
        reasons=[why],
    )
