"""What the room has beside its alerts, on an invented evening: tasks, journal, watch, figures."""

from datetime import date, datetime
from typing import Any

from msgspec import convert

from services.alerts.adapters.delivery_reading import PageView
from services.alerts.adapters.http.engine import Backup, Readiness
from services.alerts.adapters.http.visits import CoverageRow, CoverageView
from services.alerts.domain.backup import target_s
from services.alerts.domain.coverage import Coverage
from shared.events.alert import Alert, Entry, Owner, Reason
from shared.events.identity import derived_id
from shared.events.task import Task
from shared.events.watch import Handover, JournalEntry
from tests.browser.samples import UNIT, seconds

CHECKPOINT = (
    "ronda.example/tuban\n84211\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— ronda.example/tuban Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q\n"
)


def tasks(now: datetime) -> list[Task]:
    """One vulnerability overdue, one in time, and an advice."""
    rows = [
        ("gudang", "Gudang Logistik KPU", "CCTV belakang mati", "vulnerability", "overdue", -5400),
        ("ppk-soko", "PPK Soko", "Gembok pintu samping longgar", "vulnerability", "open", 79200),
        (
            "bawaslu",
            "Kantor Bawaslu Tuban",
            "Tambah jaga sampai massa bubar",
            "advice",
            "open",
            5400,
        ),
    ]
    return [
        Task(
            id=derived_id(now, "task", site),
            version=1,
            kind=kind,  # type: ignore[arg-type]
            state=state,  # type: ignore[arg-type]
            site=site,
            site_name=name,
            unit=UNIT,
            what="cctv",
            text=text,
            stage="PG" if kind == "vulnerability" else None,
            owner="kpu-tuban",
            owner_name="Sekretariat KPU" if kind == "vulnerability" else "Kasat Samapta",
            due_at=now + seconds(due),
            reported_by="Aipda Budi",
            reported_at=now - seconds(began),
            checkin=None,
            media=[],
            lapses=0,
            alert=None,
            next_due_at=now + seconds(due),
            updated_at=now - seconds(600),
            done_at=None,
            done_by=None,
            reasons=[Reason(code="seen", id="Dilihat saat kunjungan", en="Seen on a visit")],
            timeline=[_begin(kind, now - seconds(began)), *_end(state, now + seconds(due))],
        )
        for site, name, text, kind, state, due in rows
        for began in [16_200 if kind == "advice" else 86_400]
    ]


def _begin(kind: str, at: datetime) -> Entry:
    if kind == "advice":
        return Entry(at=at, what="issued", by="Kasat Samapta")
    return Entry(at=at, what="assigned", by="Sekretariat KPU")


def _end(state: str, at: datetime) -> list[Entry]:
    return [Entry(at=at, what="overdue", by="Sekretariat KPU")] if state == "overdue" else []


def journal(now: datetime) -> list[JournalEntry]:
    """A note and a silence, the newest first."""
    by = Owner(actor="joko", name="Kompol Joko", role="commander", at=now)
    return [
        JournalEntry(
            id=derived_id(now, "line", "2"),
            at=now - seconds(900),
            by=by,
            kind="silence",
            text="Sirene layar dibisukan",
            seconds=30,
        ),
        JournalEntry(
            id=derived_id(now, "line", "1"),
            at=now - seconds(4200),
            by=by,
            kind="note",
            text="Radio kanal 2 terganggu, pindah ke kanal 4.",
        ),
    ]


def handover(now: datetime, by: Owner, attention: str, open_alerts: list[str]) -> Handover:
    """A watch that was prepared."""
    return Handover(
        id=derived_id(now, "handover"),
        unit=UNIT,
        outgoing=by,
        attention=attention,
        open=open_alerts,
        due_at=now + seconds(900),
    )


def ready(now: datetime) -> Readiness:
    """The next twelve hours: one post without anybody, one contact that was never tried."""

    def at(hours: float) -> str:
        return (now + seconds(hours * 3600)).isoformat()

    empty = {
        "kind": "step",
        "code": "empty_post",
        "who": "cepat/1 polsek-rengel",
        "unit": f"{UNIT}/polsek-rengel",
        "starts": at(1),
        "ends": at(9),
        "id": "Padal Rengel: kosong",
        "en": "Padal Rengel: nobody",
    }
    untested = {
        "kind": "contact",
        "code": "untested",
        "who": "kpu",
        "unit": UNIT,
        "starts": at(2),
        "ends": at(12),
        "id": "Kontak KPU: belum diuji",
        "en": "Contact of the KPU: not tested",
        "grave": False,
    }
    return convert({"starts": at(0), "ends": at(12), "items": [empty, untested]}, Readiness)


def _crew(
    crew: str,
    unit: str,
    members: int,
    metres: float | None,
    age_s: float | None,
    busy_with: str | None = None,
) -> dict[str, Any]:
    return {
        "crew": crew,
        "unit": f"{UNIT}/{unit}",
        "members": members,
        "distance_m": metres,
        "position_age_s": age_s,
        "target_s": None if metres is None else target_s(metres),
        "busy_with": busy_with,
        "reasons": [],
    }


def backup(busy_with: str | None) -> Backup:
    """The crews of `samples.crews` in the service's order, and whom else one may call."""
    return convert(LADDER | {"items": _crews(busy_with)}, Backup)


def _crews(busy_with: str | None) -> list[dict[str, Any]]:
    return [
        _crew("R-07", "sat-samapta", 3, 1_650.0, 20),
        _crew("Polsek Soko 1", "polsek-soko", 2, 19_300.0, 30),
        _crew("Polsek Tuban 2", "polsek-tuban", 2, 4_200.0, 900),
        _crew("R-21", "sat-samapta", 3, 2_900.0, 15, busy_with),
        _crew("R-11", "sat-samapta", 2, None, None),
    ]


LADDER: dict[str, Any] = {
    "ladder": [
        {"code": "unit_terdekat", "label": "Unit terdekat", "label_en": "Nearest", "asked": False},
        {"code": "polsek", "label": "Polsek", "label_en": "Police sector", "asked": False},
        {"code": "dalmas_lanjut", "label": "Dalmas lanjut", "label_en": "Dalmas", "asked": False},
        {"code": "brimob_phh", "label": "Brimob PHH", "label_en": "Brimob", "asked": False},
    ],
    "specials": [
        {"code": "jibom_gegana", "label": "Jibom Gegana", "label_en": "Bombs", "asked": True}
    ],
    "next": "unit_terdekat",
}


def coverage(made: int, missed: int) -> CoverageView:
    """The day's visits in numbers."""
    required = made + missed
    numbers = Coverage(
        site=None,
        planned=96,
        required=required,
        done=made - 2,
        late=2,
        missed=missed,
        at_risk=1,
        short=0,
        open=1,
    )
    row = CoverageRow(visits=numbers, coverage=numbers.share)
    return CoverageView(day=date(2026, 11, 23), total=row, sites=[])


def calls(now: datetime, alert: Alert) -> list[PageView]:
    """One call that arrived and one that did not."""
    return [
        _call(now, alert, "Pawas", "Ipda Dewi", None),
        _call(now, alert, "Kasat Samapta", "AKP Rudi", "310"),
    ]


def _call(now: datetime, alert: Alert, post: str, recipient: str, error: str | None) -> PageView:
    there = None if error else now
    return PageView(
        alert=alert.id,
        number=alert.number,
        unit=alert.unit,
        purpose=alert.purpose,
        cycle=1,
        level=1,
        post=post,
        recipient=recipient,
        channel="sms",
        why="climb",
        standing="failed" if error else "delivered",
        attempts=1,
        error=error,
        queued_at=now,
        next_try_at=None,
        accepted_at=there,
        delivered_at=there,
    )
