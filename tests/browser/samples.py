"""An invented evening in Tuban, as the alerts service would tell it to the board."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from services.alerts.domain.report import DURESS
from services.alerts.domain.severity import ENGLISH
from services.alerts.domain.triage import category_severity
from shared.events.alert import Alert, Dispatch, Entry, Owner, Part, Reason, Visit
from shared.events.identity import derived_id

UNIT = "polda-jatim/polres-tuban"
CATEGORIES = [
    {"id": "suspicious_object", "label": "Benda mencurigakan", "label_en": "Suspicious object"},
    {"id": "suspicious_person", "label": "Orang mencurigakan", "label_en": "Suspicious person"},
    {"id": "intrusion", "label": "Penyusupan", "label_en": "Intrusion"},
    {"id": "demonstration", "label": "Unjuk rasa", "label_en": "Demonstration"},
    {"id": "bomb_threat", "label": "Ancaman bom", "label_en": "Bomb threat"},
    {"id": "campaign_material_damage", "label": "APK dirusak", "label_en": "Posters torn"},
    {"id": "officer_duress", "label": "Petugas darurat", "label_en": "Officer emergency"},
]
SITE_TYPES = [
    {"id": "kpu_office", "label": "Kantor KPU", "label_en": "Election commission office"},
    {"id": "bawaslu_office", "label": "Kantor Bawaslu", "label_en": "Election supervisor office"},
    {"id": "logistics_warehouse", "label": "Gudang logistik", "label_en": "Logistics warehouse"},
    {"id": "ppk_office", "label": "Sekretariat PPK", "label_en": "Subdistrict committee office"},
    {"id": "polling_station", "label": "TPS", "label_en": "Polling station"},
]
SITUATION: dict[str, Any] = {
    "operation": "mantap-brata-tuban",
    "unit_name": "Posko Polres Tuban",
    "phase": "campaign",
    "phase_name": "Masa kampanye",
    "timezone": "Asia/Jakarta",
    "categories": [row | {"family": row["id"]} for row in CATEGORIES],
    "site_types": SITE_TYPES,
    "unit": UNIT,
    "logistics_stage": None,
    "purpose": None,
    "overrides": [],
    "plan_version": "1",
    "map_url": None,
    "records_url": None,
}
WAREHOUSE = (-6.9021, 112.0488)
CLASSES = {"gudang": "khusus", "kpu": "sangat_rawan", "bawaslu": "sangat_rawan"}


def seconds(count: float) -> timedelta:
    """A span, short to write."""
    return timedelta(seconds=count)


def an_alert(now: datetime, number: int, **changes: Any) -> Alert:
    """A suspicious object at the warehouse that nobody took yet, climbing in a minute."""
    reported = now - seconds(40)
    alert = Alert(
        id=derived_id(now, "alert", str(number)),
        number=number,
        version=1,
        kind="incident",
        state="raised",
        severity="tinggi",
        category="suspicious_object",
        site="gudang",
        site_name="Gudang Logistik KPU",
        unit=f"{UNIT}/polsek-tuban",
        operation="mantap-brata-tuban",
        lat=WAREHOUSE[0],
        lon=WAREHOUSE[1],
        policy="cepat",
        cycle=1,
        level=1,
        post="Pawas",
        owner=None,
        reasons=[
            Reason(
                code="category",
                id="Benda mencurigakan: tinggi menurut tabel rencana",
                en="Suspicious object: high by the plan's table",
            )
        ],
        parts=[
            Part(
                event=derived_id(reported, "part", str(number)),
                type="ronda.incident.reported.v1",
                category="suspicious_object",
                time=reported,
                received_at=reported + seconds(2),
                site="gudang",
                actor="Bripda Wira",
                device="hp-014",
                text="Bungkusan hitam di tembok belakang, dua orang naik motor.",
            )
        ],
        dispatches=[],
        reported_at=reported,
        received_at=reported + seconds(2),
        raised_at=reported + seconds(2),
        updated_at=reported + seconds(2),
        acknowledged_at=None,
        resolved_at=None,
        closed_at=None,
        next_due_at=now + seconds(60),
        next_due_kind="climb",
        next_post="Kasat Samapta",
        closing=None,
        outcome=None,
        purpose=None,
        timeline=[
            Entry(at=reported + seconds(2), what="raised", level=1),
        ],
    )
    return msgspec.structs.replace(alert, **changes)


def a_duress(now: datetime, number: int, **changes: Any) -> Alert:
    """An officer's emergency: the button was held, and nothing was said."""
    held = now - seconds(6)
    part = Part(
        event=derived_id(held, "duress", str(number)),
        type="ronda.duress.raised.v1",
        category=DURESS,
        time=held,
        received_at=held + seconds(1),
        site="gudang",
        actor="Bripda Wira",
        device="hp-014",
    )
    severity, reason = category_severity(DURESS, None)
    values: dict[str, Any] = {
        "kind": "duress",
        "severity": severity,
        "category": DURESS,
        "reasons": [reason],
        "parts": [part],
        "reported_at": held,
        "received_at": held + seconds(1),
        "raised_at": held + seconds(1),
        "timeline": [Entry(at=held + seconds(1), what="raised", by="Bripda Wira", level=1)],
    }
    return an_alert(now, number, **(values | changes))


def begun(alert: Alert, earlier: float, text: str = "", **changes: Any) -> Alert:
    """The same alert so many seconds earlier, with what was reported and why it weighs so much."""
    names = {row["id"]: row for row in CATEGORIES}.get(alert.category)
    if names is not None:
        severity, english = alert.severity, ENGLISH[alert.severity]
        why = f"{names['label']}: {severity}", f"{names['label_en']}: {english}"
        changes["reasons"] = [Reason(code="category", id=why[0], en=why[1])]
    span = seconds(earlier)
    parts = [
        msgspec.structs.replace(
            part,
            category=alert.category,
            text=text,
            time=part.time - span,
            received_at=part.received_at - span,
        )
        for part in alert.parts
    ]
    times = ("reported_at", "received_at", "raised_at", "updated_at")
    moved = {name: getattr(alert, name) - span for name in times}
    line = [msgspec.structs.replace(entry, at=entry.at - span) for entry in alert.timeline]
    return msgspec.structs.replace(alert, parts=parts, timeline=line, **moved, **changes)


def handled(alert: Alert, now: datetime, since: float = 30, **changes: Any) -> Alert:
    """The same alert after Ipda Sari took it, so many seconds ago."""
    owner = Owner(actor="sari", name="Ipda Sari", role="operator", at=now - seconds(since))
    taken: dict[str, Any] = {
        "state": "acknowledged",
        "owner": owner,
        "acknowledged_at": owner.at,
        "next_due_at": now + seconds(480),
        "next_due_kind": "ack_expiry",
        "next_post": None,
        "timeline": [*alert.timeline, Entry(at=owner.at, what="acknowledged", by="Ipda Sari")],
    }
    return msgspec.structs.replace(alert, **(taken | changes))


def evening(now: datetime) -> list[Alert]:
    """Six open alerts: three to be taken, two being handled, one waiting for its close."""
    object_at_warehouse = an_alert(
        now,
        1043,
        severity="kritis",
        level=2,
        post="Kasat Samapta",
        next_post="Kapolres",
        next_due_at=now + seconds(8),
        parts=[*an_alert(now, 1043).parts, _late_part(now)],
        reasons=[
            *an_alert(now, 1043).reasons,
            Reason(
                code="linked",
                id="Naik satu tingkat: 2 laporan ≤ 15 menit, ≤ 300 m",
                en="Raised one step: 2 reports within 15 min and 300 m",
            ),
        ],
        timeline=[
            Entry(at=now - seconds(38), what="raised", level=1),
            Entry(at=now - seconds(20), what="joined", by="Aipda Budi"),
            Entry(at=now - seconds(12), what="escalated", level=2),
        ],
    )
    intrusion = an_alert(
        now,
        1044,
        category="intrusion",
        site="ppk-soko",
        site_name="PPK Soko",
        unit=f"{UNIT}/polsek-soko",
        lat=-7.06,
        lon=111.95,
    )
    missed = an_alert(
        now,
        1041,
        kind="visit_missed",
        severity="sedang",
        category="missed_checkin",
        site="ppk-rengel",
        site_name="PPK Rengel",
        unit=f"{UNIT}/polsek-rengel",
        lat=-7.06,
        lon=112.0,
        next_due_at=now + seconds(730),
        reasons=[
            Reason(
                code="visit_missed",
                id="Kontrol malam tidak terlaksana, 15 menit lewat batas",
                en="The night's visit was not made, 15 minutes past its time",
            )
        ],
        parts=[],
    )
    crowd = an_alert(
        now,
        1039,
        category="demonstration",
        site="bawaslu",
        site_name="Kantor Bawaslu Tuban",
        lat=-6.885,
        lon=112.075,
    )
    posters = an_alert(
        now,
        1036,
        severity="rendah",
        category="campaign_material_damage",
        site="ppk-palang",
        site_name="PPK Palang",
        lat=-6.9,
        lon=112.13,
    )
    bomb = an_alert(
        now,
        1030,
        severity="kritis",
        category="bomb_threat",
        site="kpu",
        site_name="Kantor KPU Tuban",
        lat=-6.882,
        lon=112.03,
    )
    return [
        begun(missed, 1_260),
        handled(begun(posters, 3_960, "Tiga baliho sobek di simpang pasar."), now, 3_600),
        begun(intrusion, 90, "Dua orang memanjat pagar belakang, lari ke arah sawah."),
        _found_safe(begun(bomb, 8_960, "Telepon gelap: bom di lantai dua."), now),
        _sent(begun(crowd, 320, "Sekitar 150 orang berorasi di gerbang, tertib."), now),
        object_at_warehouse,
    ]


def _sent(crowd: Alert, now: datetime) -> Alert:
    crew = Dispatch(
        crew="R-21", at=now - seconds(200), by="Ipda Sari", en_route_at=now - seconds(150)
    )
    taken = handled(crowd, now, 240, state="dispatched", dispatches=[crew])
    lines = [
        Entry(at=crew.at, what="dispatched", by="Ipda Sari", note="R-21"),
        Entry(at=now - seconds(150), what="en_route", by="R-21"),
    ]
    return msgspec.structs.replace(taken, timeline=[*taken.timeline, *lines])


def _found_safe(bomb: Alert, now: datetime) -> Alert:
    over = now - seconds(1_200)
    ended = {"state": "resolved", "outcome": "safe_unfounded", "resolved_at": over}
    taken = handled(bomb, now, 8_940, **ended, next_due_at=None)
    line = Entry(at=over, what="resolved", by="Ipda Sari", note="safe_unfounded")
    return msgspec.structs.replace(taken, timeline=[*taken.timeline, line])


def _late_part(now: datetime) -> Part:
    return Part(
        event=derived_id(now, "late part"),
        type="ronda.incident.reported.v1",
        category="suspicious_person",
        time=now - seconds(1500),
        received_at=now - seconds(20),
        site="gudang",
        actor="Aipda Budi",
        device="hp-007",
        text="Motor yang sama sudah tiga kali lewat.",
        late_s=1480,
    )


def sites(now: datetime) -> list[dict[str, Any]]:
    """Sites in every state."""
    rows = [
        ("gudang", "Gudang Logistik KPU", "logistics_warehouse", "Tuban", *WAREHOUSE, "gangguan"),
        ("kpu", "Kantor KPU Tuban", "kpu_office", "Tuban", -6.882, 112.03, "pemulihan"),
        ("bawaslu", "Kantor Bawaslu Tuban", "bawaslu_office", "Tuban", -6.885, 112.075, "waspada"),
        ("ppk-soko", "PPK Soko", "ppk_office", "Soko", -7.06, 111.95, "unknown"),
        ("ppk-rengel", "PPK Rengel", "ppk_office", "Rengel", -7.06, 112.0, "unknown"),
        ("ppk-palang", "PPK Palang", "ppk_office", "Palang", -6.9, 112.13, "aman"),
        ("ppk-semanding", "PPK Semanding", "ppk_office", "Semanding", -6.94, 112.03, "aman"),
        ("ppk-merakurak", "PPK Merakurak", "ppk_office", "Merakurak", -6.87, 111.98, "aman"),
        ("ppk-plumpang", "PPK Plumpang", "ppk_office", "Plumpang", -7.03, 112.11, "aman"),
    ]
    names = ("id", "name", "type", "district", "lat", "lon", "status")
    return [
        dict(zip(names, row, strict=True))
        | {
            "risk_class": CLASSES.get(row[0], "rawan"),
            "unit": f"{UNIT}/polsek-{str(row[3]).lower()}",
            "since": (now - seconds(3600 + 240 * index)).isoformat(),
        }
        for index, row in enumerate(rows)
    ]


def crews(now: datetime, busy_with: str | None) -> list[dict[str, Any]]:
    """A free crew far off, a nearer one, a near one that is busy, and one without position."""
    rows: list[tuple[str, str, int, tuple[float, float, float] | None, str | None]] = [
        ("R-11", "sat-samapta", 2, None, None),
        ("Polsek Soko 1", "polsek-soko", 2, (-7.05, 111.96, 30), None),
        ("R-07", "sat-samapta", 3, (-6.912, 112.06, 20), None),
        ("R-21", "sat-samapta", 3, (-6.889, 112.072, 15), busy_with),
        ("Polsek Tuban 2", "polsek-tuban", 2, (-6.93, 112.075, 900), None),
    ]
    return [
        {
            "crew": name,
            "unit": f"{UNIT}/{unit}",
            "on_duty_since": (now - seconds(7200)).isoformat(),
            "members": [f"anggota-{number}" for number in range(members)],
            "position": None
            if place is None
            else {
                "lat": place[0],
                "lon": place[1],
                "at": (now - seconds(place[2])).isoformat(),
            },
            "busy_with": busy,
        }
        for name, unit, members, place, busy in rows
    ]


def visits(now: datetime) -> list[Visit]:
    """A visit in each state."""
    return [
        a_visit(now, "kpu", "Kantor KPU Tuban", "done", -3600),
        a_visit(now, "bawaslu", "Kantor Bawaslu Tuban", "recovered", -5400),
        a_visit(now, "gudang", "Gudang Logistik KPU", "due", 900),
        a_visit(now, "ppk-soko", "PPK Soko", "at_risk", -300),
        a_visit(now, "ppk-rengel", "PPK Rengel", "missed", -1800),
    ]


def a_visit(now: datetime, site: str, name: str, state: Any, due_in: float) -> Visit:
    """A visit of the night's round that is due in so many seconds."""
    due = now + seconds(due_in)
    return Visit(
        id=derived_id(now, "visit", site, str(due_in)),
        version=1,
        state=state,
        site=site,
        site_name=name,
        unit=UNIT,
        rule="malam",
        crew="R-07",
        opens_at=due - seconds(1800),
        due_at=due,
        grace_until=due + seconds(900),
        visited_at=due if state in {"done", "recovered"} else None,
        checkin=None,
        alert=None,
    )
