"""The figures of an invented shift, as the service itself counts them."""

from datetime import datetime

from services.alerts.domain.performance import Line, Performance, Sent, Told, performance
from shared.events.alert import Owner, Severity
from shared.events.identity import derived_id
from shared.events.watch import JournalEntry, JournalKind
from tests.browser.samples import seconds

SHIFT_S = 28_800
PER_10MIN = [0, 1, 0, 0, 2, 0, 1, 11, 5, 1, 0, 0, 1, 0, 0, 4, 2, 0, 0, 1, 0, 5, 4, 0]
"""Of the last four hours; before them it was quiet."""
OF_EACH: dict[Severity, int] = {"kritis": 2, "tinggi": 3, "sedang": 21, "rendah": 12}
SEVERITIES = [severity for severity, count in OF_EACH.items() for _ in range(count)]
SITES = [
    ("gudang", "Gudang Logistik KPU"),
    ("bawaslu", "Kantor Bawaslu Tuban"),
    ("gudang", "Gudang Logistik KPU"),
    ("ppk-soko", "PPK Soko"),
]
SLOW = 4
"""Every fourth alert is taken too late."""


def figures(now: datetime) -> Performance:
    """A shift with figures within their aims, to watch, and to act on."""
    since = now - seconds(SHIFT_S)
    moments = [
        now - seconds(600 * (len(PER_10MIN) - index) - 7 * number)
        for index, count in enumerate(PER_10MIN)
        for number in range(count)
    ]
    severities = [SEVERITIES[(11 * index) % len(SEVERITIES)] for index in range(len(moments))]
    alerts = [
        _told(index, moment, severity)
        for index, (moment, severity) in enumerate(zip(moments, severities, strict=True))
    ]
    journal = [_line(now, "blind", 95), _line(now, "silence", 30)]
    return performance(alerts, since, now, journal=journal)


def _told(index: int, raised: datetime, severity: Severity) -> Told:
    site, name = SITES[index % len(SITES)]
    grave = severity in {"kritis", "tinggi"}
    taken = raised + seconds((9 if grave else 45) * (3 if index % SLOW == 0 else 1))
    sent = [Sent(at=taken + seconds(50), arrived_at=raised + seconds(420), distance_m=1_700.0)]
    climbed = [Line(at=raised + seconds(60), what="escalated", level=2)] if index % 9 == 0 else []
    return Told(
        id=derived_id(raised, "told", str(index)),
        severity=severity,
        category="suspicious_object",
        site=site,
        site_name=name,
        received_at=raised - seconds(2),
        raised_at=raised,
        acknowledged_at=taken,
        closed_at=raised + seconds(1_500),
        outcome="safe_unfounded" if index % 3 == 0 else "handled_on_site",
        dispatches=sent if grave else [],
        timeline=[Line(at=raised, what="raised", level=1), *climbed],
    )


def _line(now: datetime, kind: JournalKind, length: int) -> JournalEntry:
    by = Owner(actor="joko", name="Kompol Joko", role="commander", at=now)
    return JournalEntry(
        id=derived_id(now, kind), at=now - seconds(900), by=by, kind=kind, text=kind, seconds=length
    )
