"""Who can help, how fast they should be there, and who is asked after them.

Response targets and the ladder follow the police's own rules for calls to 110 and for crowds; the
system recommends, a person sends.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.alerts.domain.duty import Duty
from shared.events.alert import Alert, Reason
from shared.events.patrol import Fix
from shared.plan.geometry import distance_m

FRESH = timedelta(minutes=10)
"""A position that is older says where a crew was, hardly where it is."""
KNOWN = timedelta(minutes=60)
BAND_M = 500.0
"""Crews whose distances differ by less are equally near: then the site's own unit comes first."""
_TARGETS = ((5_000.0, 600), (10_000.0, 900))
_FARTHEST_S = 1500


@dataclass(frozen=True, slots=True)
class Rung:
    """Whom one asks for backup, in the order in which one asks."""

    code: str
    label: str
    label_en: str


LADDER: tuple[Rung, ...] = (
    Rung("unit_terdekat", "Unit terdekat", "Nearest unit"),
    Rung("polsek", "Polsek", "Police sector"),
    Rung("samapta_dalmas_awal", "Samapta, Dalmas awal", "Samapta, first crowd control"),
    Rung("dalmas_lanjut", "Dalmas lanjut", "Heavy crowd control"),
    Rung("power_on_hand", "Power on hand (cadangan)", "Reserve"),
    Rung("bko_polda", "BKO Polda", "Reinforcement of the province"),
    Rung("brimob_phh", "Brimob PHH", "Brimob riot control"),
)
SPECIALS: tuple[Rung, ...] = (
    Rung("jibom_gegana", "Jibom Gegana", "Bomb disposal"),
    Rung("resmob_reskrim", "Resmob Reskrim", "Detectives"),
    Rung("intelkam", "Intelkam", "Intelligence"),
    Rung("lantas", "Lantas", "Traffic police"),
    Rung("tni_kodim", "TNI Kodim", "Army district"),
    Rung("satpol_pp", "Satpol PP", "Municipal police"),
    Rung("damkar", "Damkar", "Fire brigade"),
    Rung("bpbd", "BPBD", "Disaster agency"),
    Rung("ambulans", "Ambulans", "Ambulance"),
)
BACKUP_TYPES = frozenset(rung.code for rung in (*LADDER, *SPECIALS))


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A crew that could be sent; what is not known of it is None. Metres and seconds."""

    crew: str
    unit: str
    members: int
    distance_m: float | None
    position_age_s: float | None
    target_s: int | None
    busy_with: str | None
    reasons: tuple[Reason, ...]


def target_s(distance: float) -> int:
    """Within how many seconds of the report a crew from so far away should be on the scene."""
    return next((seconds for limit, seconds in _TARGETS if distance <= limit), _FARTHEST_S)


def target(distance: float) -> timedelta:
    """The same. It runs from when the report reached us: what a phone said late could only be
    answered late."""
    return timedelta(seconds=target_s(distance))


def way_to(alert: Alert, duty: Duty | None) -> float | None:
    """How many metres a crew has to go, as far as both places are known."""
    place = duty.place if duty else None
    if place is None or alert.lat is None or alert.lon is None:
        return None
    return distance_m(place, Fix(lat=alert.lat, lon=alert.lon))


def recommended(
    alert: Alert, duties: Iterable[Duty], busy: Mapping[str, str], now: datetime
) -> list[Recommendation]:
    """The crews on duty that may be sent, the best first: free before busy, a place that is known
    before one that is guessed, near before far, the site's own unit before others."""
    sent = {row.crew for row in alert.dispatches}
    free = [duty for duty in duties if duty.crew not in sent]
    free.sort(key=_Ranking(alert, busy, now))
    return [_recommendation(alert, duty, busy, now) for duty in free]


def next_rung(alert: Alert) -> Rung | None:
    """Whom one asks next: above the highest rung that was asked or sent; None after the last."""
    used = asked_for(alert)
    highest = max((at for at, rung in enumerate(LADDER) if rung.code in used), default=-1)
    return LADDER[highest + 1] if highest + 1 < len(LADDER) else None


def asked_for(alert: Alert) -> frozenset[str]:
    """The kinds of backup that the field asked for or that somebody has sent."""
    asked = {part.backup_type for part in alert.parts}
    sent = {row.backup_type for row in alert.dispatches if row.declined_at is None}
    return frozenset(each for each in asked | sent if each is not None)


@dataclass(frozen=True, slots=True)
class _Ranking:
    alert: Alert
    busy: Mapping[str, str]
    now: datetime

    def __call__(self, duty: Duty) -> tuple[bool, int, float, bool, float, str]:
        distance = way_to(self.alert, duty)
        far = float("inf") if distance is None else distance
        return (
            duty.crew in self.busy,
            _vagueness(duty, distance, self.now),
            far // BAND_M,
            duty.unit != self.alert.unit,
            far,
            duty.crew,
        )


def _vagueness(duty: Duty, distance: float | None, now: datetime) -> int:
    """0 where it is known, 1 where it was within the hour, 2 where nobody knows."""
    if distance is None or duty.position_at is None or now - duty.position_at > KNOWN:
        return 2
    return 0 if now - duty.position_at <= FRESH else 1


def _recommendation(
    alert: Alert, duty: Duty, busy: Mapping[str, str], now: datetime
) -> Recommendation:
    distance = way_to(alert, duty)
    age = (now - duty.position_at).total_seconds() if duty.position_at else None
    return Recommendation(
        crew=duty.crew,
        unit=duty.unit,
        members=len(duty.members),
        distance_m=None if distance is None else round(distance),
        position_age_s=None if age is None else max(0.0, age),
        target_s=None if distance is None else target_s(distance),
        busy_with=busy.get(duty.crew),
        reasons=tuple(_reasons(alert, duty, distance, age, busy)),
    )


def _reasons(
    alert: Alert, duty: Duty, distance: float | None, age: float | None, busy: Mapping[str, str]
) -> Sequence[Reason]:
    reasons = []
    if distance is None:
        reasons.append(Reason(code="no_position", id="Posisi tidak diketahui", en="Place unknown"))
    else:
        km = distance / 1000
        reasons.append(
            Reason(code="distance", id=f"{km:.1f} km dari lokasi", en=f"{km:.1f} km away")
        )
    if age is not None and age > FRESH.total_seconds():
        minutes = int(age // 60)
        text, english = f"Posisi {minutes} menit lalu", f"Position {minutes} minutes old"
        reasons.append(Reason(code="stale_position", id=text, en=english))
    if duty.unit == alert.unit:
        reasons.append(Reason(code="own_unit", id="Kesatuan lokasi ini", en="The site's own unit"))
    if duty.crew in busy:
        reasons.append(Reason(code="busy", id="Sedang bertugas lain", en="Busy elsewhere"))
    return reasons
