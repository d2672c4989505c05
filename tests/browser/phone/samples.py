"""An invented night for the phone: a crew, its round, its sites, and what may come down."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from playwright.async_api import Geolocation

from shared.events.identity import derived_id

ZONE = ZoneInfo("Asia/Jakarta")
UNIT = "polda-jatim/polres-tuban"
CODE = "ABCD-EFGH-JKMN-PQRS"
ENROLLED = {
    "device": "d-3f9a52c1",
    "actor": "p-1011",
    "name": "Bripka Arya Rahmanto",
    "role": "officer",
    "unit": UNIT,
}
GUDANG: Geolocation = {"latitude": -6.9131, "longitude": 112.0661, "accuracy": 18}
CREW = "R-21"
_MEMBERS = [
    {"id": "p-1011", "name": "Arya Rahmanto", "rank": "Bripka"},
    {"id": "p-1012", "name": "Bayu Saputra", "rank": "Briptu"},
    {"id": "p-1013", "name": "Cahyo Wibisono", "rank": "Bripda"},
]
NAMES = {one["id"]: one["name"] for one in _MEMBERS}
_SITES = [
    ("gudang-logistik", "Gudang Logistik KPU", "logistics_warehouse", -6.9130, 112.0660, 100),
    ("kpu-tuban", "Kantor KPU Kabupaten Tuban", "kpu_office", -6.9016, 112.0499, 75),
    ("bawaslu-tuban", "Kantor Bawaslu Kabupaten Tuban", "bawaslu_office", -6.9040, 112.0525, 75),
    ("ppk-soko", "PPK Soko", "ppk_office", -7.0920, 111.9540, 75),
]
GUARDS = {"gudang-logistik": 6, "kpu-tuban": 4}
_TYPES = {
    "logistics_warehouse": (
        "Gudang logistik",
        "Logistics warehouse",
        [
            ("gembok", "Tiga gembok", "Three padlocks"),
            ("segel", "Segel pintu", "Seals"),
            ("cctv", "CCTV", "CCTV"),
            ("apar", "APAR", "Fire extinguishers"),
            ("atap", "Atap", "Roof"),
        ],
    ),
    "kpu_office": ("Kantor KPU", "Election commission", [("gerbang", "Gerbang", "Gate")]),
    "bawaslu_office": ("Kantor Bawaslu", "Election supervisor", [("gerbang", "Gerbang", "Gate")]),
    "ppk_office": ("Sekretariat PPK", "Subdistrict committee", [("kotak", "Kotak", "Boxes")]),
}
_CATEGORIES = [
    ("suspicious_person", "Orang mencurigakan", "Suspicious person", "sedang", []),
    ("suspicious_vehicle", "Kendaraan mencurigakan", "Suspicious vehicle", "sedang", []),
    ("suspicious_object", "Benda atau paket mencurigakan", "Suspicious object", "tinggi", []),
    ("intrusion", "Penyusupan / masuk tanpa izin", "Intrusion", "tinggi", []),
    ("seal_broken", "Segel atau gembok rusak", "Broken seal", "tinggi", ["logistics_warehouse"]),
    ("fire", "Kebakaran", "Fire", "kritis", []),
    ("demonstration", "Unjuk rasa", "Demonstration", "sedang", []),
    ("bomb_threat", "Ancaman bom", "Bomb threat", "kritis", []),
    ("flood", "Banjir", "Flood", "tinggi", []),
    ("officer_attack", "Penyerangan petugas", "Attack on an officer", "kritis", []),
    ("officer_duress", "Petugas darurat", "Officer in danger", "kritis", []),
    ("other", "Lain-lain", "Other", "rendah", []),
]


def assignment(now: datetime, more_sites: int = 0, days: int = 1) -> dict[str, Any]:
    """What `GET /v1/assignment` answers; the windows lie around `now`, on each of `days`."""
    members = list(_MEMBERS)
    extra = [
        (f"pos-{n:02d}", f"Pos {n:02d}", "ppk_office", -6.91, 112.06, 75)
        for n in range(1, more_sites + 1)
    ]
    sites = [*_SITES, *extra]
    shift = {
        "id": "r-21-malam",
        "starts": "19:00:00",
        "ends": "07:00:00",
        "members": members,
        "sites": [site[0] for site in sites],
    }
    return {
        "version": "9f2c41d07a3b",
        "operation": {
            "id": "contoh-tuban",
            "name": "Operasi Mantap Brata (contoh)",
            "timezone": "Asia/Jakarta",
        },
        "phase": {"code": "campaign", "name": "Masa kampanye"},
        "person": {**members[0], "unit": UNIT, "role": "officer"},
        "crews": [{"crew": CREW, "unit": UNIT, "shifts": [shift]}],
        "targets": [
            target
            for day in range(days)
            for target in _targets(now + timedelta(days=day), [site[0] for site in extra])
        ],
        "sites": [_site(*site) for site in sites],
        "site_types": [
            {
                "id": key,
                "label": label,
                "label_en": label_en,
                "checklist": [{"id": i, "label": a, "label_en": b} for i, a, b in lines],
            }
            for key, (label, label_en, lines) in _TYPES.items()
        ],
        "categories": [
            {
                "id": key,
                "label": label,
                "label_en": label_en,
                "severity": severity,
                "group": "G",
                "family": "property",
                "site_types": types,
            }
            for key, label, label_en, severity, types in _CATEGORIES
        ],
        "tasks": [],
    }


def _targets(now: datetime, more: list[str]) -> list[dict[str, Any]]:
    rows = [
        ("gudang-logistik", -18, 12, 300),
        ("bawaslu-tuban", 45, 75, 300),
        ("kpu-tuban", 105, 135, 300),
        ("ppk-soko", -100, -65, 0),
    ]
    rows += [(site, -30, 60 + at, 0) for at, site in enumerate(more)]
    return [_target(now, *row) for row in rows]


def _target(now: datetime, site: str, opens: int, due: int, dwell: int) -> dict[str, Any]:
    def at(minutes: int) -> str:
        moment = now.replace(second=0, microsecond=0) + timedelta(minutes=minutes)
        return moment.astimezone(ZONE).isoformat()

    return {
        "id": derived_id(now, "target", site),
        "site": site,
        "rule": "malam",
        "crew": CREW,
        "opens_at": at(opens),
        "due_at": at(due),
        "grace_until": at(due + 15),
        "min_dwell_s": dwell,
    }


def _site(
    key: str, name: str, kind: str, lat: float, lon: float, radius_m: float
) -> dict[str, Any]:
    return {
        "id": key,
        "name": name,
        "type": kind,
        "risk_class": "rawan",
        "unit": UNIT,
        "lat": lat,
        "lon": lon,
        "radius_m": radius_m,
        "district": "Tuban",
        **({"guards": GUARDS[key]} if key in GUARDS else {}),
    }


def code_of(site: str) -> str:
    """The text of a site's QR code; the phone does not verify it."""
    return f"RONDA1:{site}:20231129T0000Z:-:k1:{'A' * 86}"


def _alert(now: datetime, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "id": derived_id(now, kind),
        "version": 1,
        "at": now.astimezone(UTC).isoformat(),
        "what": "raised",
        "number": 1043,
        "state": "raised",
        "severity": "sedang",
        "category": "suspicious_person",
        "site": "gudang-logistik",
        "site_name": "Gudang Logistik KPU",
        "owner": None,
        "crews": [],
        "outcome": None,
        **more,
    }


def report_item(now: datetime, event: str, version: int = 1, **more: Any) -> dict[str, Any]:
    """What came of a report of this phone."""
    return _alert(now, "report", reports=[event], version=version, **more)


def read_by(now: datetime, name: str = "Ipda Sari") -> dict[str, Any]:
    """Who took an alert."""
    return {"name": name, "role": "operator", "at": now.astimezone(UTC).isoformat()}


def order_item(now: datetime, **more: Any) -> dict[str, Any]:
    """An order to the crew."""
    order = {"crew": CREW, "at": now.astimezone(UTC).isoformat(), "by": "Ipda Sari"}
    return _alert(
        now,
        "order",
        what="dispatched",
        state="dispatched",
        category="intrusion",
        site="kpu-tuban",
        site_name="Kantor KPU Kabupaten Tuban",
        lat=-6.9016,
        lon=112.0499,
        text="Dua orang melompati pagar belakang",
        order=order,
        **more,
    )


def visit_item(now: datetime, target: dict[str, Any], state: str) -> dict[str, Any]:
    """What the server decided about a due visit."""
    return {
        "kind": "visit",
        "id": target["id"],
        "version": 2,
        "at": now.astimezone(UTC).isoformat(),
        "what": state,
        "state": state,
        "site": target["site"],
        "site_name": target["site"],
        "rule": target["rule"],
        "crew": CREW,
        "opens_at": target["opens_at"],
        "due_at": target["due_at"],
        "grace_until": target["grace_until"],
        "visited_at": None,
        "checkin": None,
    }


def task_item(now: datetime, site: str, text: str) -> dict[str, Any]:
    """A vulnerability that nobody has mended yet."""
    return {
        "kind": "task",
        "id": derived_id(now, "task", text),
        "version": 1,
        "at": now.astimezone(UTC).isoformat(),
        "what": "assigned",
        "task_kind": "vulnerability",
        "state": "open",
        "site": site,
        "text": text,
        "owner_name": "KPU",
        "due_at": (now + timedelta(hours=20)).isoformat(),
    }


def nudge_item(now: datetime, **more: Any) -> dict[str, Any]:
    """The question whether all is well."""
    at = now.astimezone(UTC).isoformat()
    return {
        "kind": "nudge",
        "id": derived_id(now, "nudge"),
        "version": 1,
        "at": at,
        "what": "nudged",
        "state": "asked",
        "crew": CREW,
        "reason": "operator",
        "by": "Ipda Sari",
        "text": None,
        "site": None,
        "site_name": None,
        "asked_at": at,
        "due_at": (now + timedelta(minutes=5)).astimezone(UTC).isoformat(),
        "answered_at": None,
        "answered_by": None,
        **more,
    }


def as_guard_post(assignment: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The same night for a guard of the warehouse, who reports every hour."""
    hours = [_target(now, "gudang-logistik", at, at + 20, 0) for at in (-10, 50, 110)]
    for hour, target in enumerate(hours):
        target["id"] = derived_id(now, "hour", str(hour))
    person = {**assignment["person"], "role": "guard"}
    return {**assignment, "person": person, "targets": hours}
