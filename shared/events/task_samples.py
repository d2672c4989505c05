"""Invented objects for the examples of tasks and of presence."""

from datetime import UTC, datetime, timedelta

from shared.events.alert import Entry, Reason
from shared.events.identity import derived_id
from shared.events.presence import PresenceDoubt, SeqRange, SequenceGap
from shared.events.task import Task

_NIGHT = datetime(2023, 11, 29, 14, 12, tzinfo=UTC)
_UNIT = "polda-jatim/polres-tuban"

VULNERABILITY = Task(
    id=derived_id(_NIGHT, "sample", "VulnerabilityReported"),
    version=1,
    kind="vulnerability",
    state="open",
    site="gudang-logistik",
    site_name="Gudang Logistik KPU",
    unit=_UNIT,
    what="cctv_blind",
    text="CCTV tembok belakang mati",
    stage="PG",
    owner="KPU",
    owner_name="KPU",
    due_at=_NIGHT + timedelta(hours=24),
    reported_by="p-1021",
    reported_at=_NIGHT,
    checkin=derived_id(_NIGHT, "sample", "VisitCheckedIn"),
    media=[],
    lapses=0,
    alert=None,
    next_due_at=_NIGHT + timedelta(hours=24),
    updated_at=_NIGHT + timedelta(seconds=9),
    done_at=None,
    done_by=None,
    reasons=[
        Reason(
            code="named_owner",
            id="Penanggung jawab menurut pelapor: KPU",
            en="The owner as the reporter named it: KPU",
        )
    ],
    timeline=[Entry(at=_NIGHT + timedelta(seconds=9), what="assigned", by="KPU")],
)

ADVICE = Task(
    id=derived_id(_NIGHT, "sample", "advice"),
    version=1,
    kind="advice",
    state="open",
    site="gudang-logistik",
    site_name="Gudang Logistik KPU",
    unit=_UNIT,
    what="extra_visit",
    text="Tambah satu kontrol malam ini",
    stage=None,
    owner="padal",
    owner_name="Padal",
    due_at=_NIGHT + timedelta(hours=6),
    reported_by=None,
    reported_at=_NIGHT,
    checkin=None,
    media=[],
    lapses=0,
    alert=None,
    next_due_at=_NIGHT + timedelta(hours=6),
    updated_at=_NIGHT + timedelta(seconds=9),
    done_at=None,
    done_by=None,
    reasons=[Reason(code="risk", id="Skor risiko naik", en="The risk score rose")],
    timeline=[Entry(at=_NIGHT + timedelta(seconds=9), what="issued")],
)

DOUBT = PresenceDoubt(
    id=derived_id(_NIGHT, "sample", "doubt"),
    version=1,
    kind="speed",
    event=derived_id(_NIGHT, "sample", "VisitCheckedIn"),
    events=[
        derived_id(_NIGHT, "sample", "ShiftStarted"),
        derived_id(_NIGHT, "sample", "VisitCheckedIn"),
    ],
    device="d-0007",
    devices=["d-0007"],
    actor="p-1021",
    site="gudang-logistik",
    unit=_UNIT,
    time=_NIGHT,
    reasons=[
        Reason(
            code="speed",
            id="1,0 km dalam 10 detik: 360 km/jam",
            en="1.0 km in 10 seconds: 360 km/h",
        )
    ],
)

GAP = SequenceGap(
    id=derived_id(_NIGHT, "sample", "gap"),
    version=1,
    state="open",
    device="d-0007",
    actor="p-1021",
    unit=_UNIT,
    missing=1,
    ranges=[SeqRange(first=3, last=3)],
    since=_NIGHT,
    updated_at=_NIGHT + timedelta(seconds=60),
)
