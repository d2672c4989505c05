"""One example of every event, invented people and all; committed as JSON in `examples/`."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from shared.events import alert as alerts
from shared.events import (
    audit,
    incident,
    patrol,
    plan,
    position,
    presence,
    risk,
    situation,
    task,
    welfare,
)
from shared.events.envelope import Event
from shared.events.identity import derived_id
from shared.events.phone_samples import phone_samples
from shared.events.risk_samples import RISK
from shared.events.task_samples import ADVICE, DOUBT, GAP, VULNERABILITY
from shared.events.watch_samples import OF_THE_WATCH
from shared.events.welfare_samples import ANSWER, MISTAKE, NUDGE, WITHDRAWAL

_NIGHT = datetime(2023, 11, 29, 14, 12, tzinfo=UTC)
_UNIT = "polda-jatim/polres-tuban"
_SITE = "gudang-logistik"
_FIX = patrol.Fix(lat=-6.9131, lon=112.0662, accuracy_m=18.0, fixed_at=_NIGHT)

_ROOT = base64.b64encode(bytes(range(32))).decode()
_CHECKPOINT = audit.Checkpoint(
    origin=f"ronda/{_UNIT}",
    size=84_211,
    root=_ROOT,
    note=f"ronda/{_UNIT}\n84211\n{_ROOT}\n\n— ronda/{_UNIT} {'A' * 91}=\n",
    sealed_at=_NIGHT + timedelta(hours=9),
    reason="on schedule",
)


def _id(name: str) -> str:
    return derived_id(_NIGHT, "sample", name)


def _reported(cls: type[Event], data: Any, *, subject: str | None = _SITE, seq: int = 1) -> Event:
    """An event as checkin forwards it from a device."""
    build: Any = cls
    event: Event = build(
        specversion="1.0",
        id=_id(cls.__name__),
        source="ronda/app",
        time=_NIGHT,
        subject=subject,
        unit=_UNIT,
        actor="p-1021",
        device="d-0007",
        deviceseq=seq,
        receivedtime=_NIGHT + timedelta(seconds=2),
        skew=0,
        channel="app",
        data=data,
    )
    return event


def _decided(cls: type[Event], data: Any, *, subject: str | None = _SITE) -> Event:
    """An event of a service's own making."""
    build: Any = cls
    event: Event = build(
        specversion="1.0",
        id=_id(cls.__name__),
        source="ronda/alerts",
        time=_NIGHT + timedelta(seconds=9),
        subject=subject,
        unit=_UNIT,
        receivedtime=_NIGHT + timedelta(seconds=9),
        channel="system",
        data=data,
    )
    return event


_ALERT = alerts.Alert(
    id=_id("alert"),
    number=1043,
    version=2,
    kind="incident",
    state="raised",
    severity="tinggi",
    category="suspicious_person",
    site=_SITE,
    site_name="Gudang Logistik KPU",
    unit=_UNIT,
    operation="contoh-tuban",
    lat=-6.9131,
    lon=112.0662,
    policy="tinggi",
    cycle=1,
    level=2,
    post="Kasat Samapta",
    owner=None,
    reasons=[
        alerts.Reason(
            code="category", id="Orang mencurigakan: sedang", en="Suspicious person: medium"
        ),
        alerts.Reason(
            code="vulnerability",
            id="Kerawanan terbuka di lokasi ini: CCTV belakang mati",
            en="Open vulnerability at this site: rear CCTV is blind",
        ),
    ],
    parts=[
        alerts.Part(
            event=_id("IncidentReported"),
            type="ronda.incident.reported.v1",
            category="suspicious_person",
            time=_NIGHT,
            received_at=_NIGHT + timedelta(seconds=2),
            site=_SITE,
            actor="p-1021",
            device="d-0007",
            text="Dua orang bermotor, putaran ketiga, berhenti di tembok belakang",
        )
    ],
    dispatches=[],
    reported_at=_NIGHT,
    received_at=_NIGHT + timedelta(seconds=2),
    raised_at=_NIGHT + timedelta(seconds=2),
    updated_at=_NIGHT + timedelta(seconds=12),
    acknowledged_at=None,
    resolved_at=None,
    closed_at=None,
    next_due_at=_NIGHT + timedelta(seconds=22),
    next_due_kind="climb",
    next_post="Kabag Ops",
    closing=None,
    outcome=None,
    purpose=None,
    timeline=[
        alerts.Entry(at=_NIGHT + timedelta(seconds=2), what="raised", cycle=1, level=1),
        alerts.Entry(at=_NIGHT + timedelta(seconds=12), what="escalated", cycle=1, level=2),
    ],
)

_VISIT = alerts.Visit(
    id=_id("visit"),
    version=2,
    state="missed",
    site="ppk-soko",
    site_name="PPK Soko",
    unit=f"{_UNIT}/polsek-soko",
    rule="ppk-harian",
    crew="R-07",
    opens_at=_NIGHT - timedelta(minutes=60),
    due_at=_NIGHT - timedelta(minutes=30),
    grace_until=_NIGHT - timedelta(minutes=15),
    visited_at=None,
    checkin=None,
    alert=None,
)

_NOTIFICATION = alerts.Notification(
    dedup=f"{_id('alert')}:1:2:kasat-samapta:log",
    alert=_id("alert"),
    cycle=1,
    level=2,
    post="kasat-samapta",
    recipient="AKP Contoh Wirawan",
    channel="log",
    attempt=1,
    at=_NIGHT + timedelta(seconds=12),
    error=None,
)

_ANSWER = patrol.DispatchAnswer(alert=_id("alert"), crew="R-21", position=_FIX)


def samples() -> dict[str, Event]:
    """An example event by type."""
    events = [
        _reported(
            patrol.ShiftStarted,
            patrol.ShiftStart(
                crew="R-21",
                members=["p-1021", "p-1022"],
                duty_order_no="Sprin/783/XI/2023",
                vehicle="R-21",
                neutrality_ack=True,
                position=_FIX,
            ),
            subject=None,
        ),
        _reported(patrol.ShiftEnded, patrol.ShiftEnd(crew="R-21"), subject=None),
        _reported(
            patrol.VisitCheckedIn,
            patrol.CheckIn(method="gps", crew="R-21", people=2, position=_FIX),
        ),
        _reported(
            patrol.VisitCheckedOut,
            patrol.CheckOut(
                checkin=_id("VisitCheckedIn"),
                situation="aman",
                crew="R-21",
                dwell_s=372.0,
                checklist=[
                    patrol.ChecklistAnswer(item="gembok-1", answer="good"),
                    patrol.ChecklistAnswer(item="cctv", answer="bad", remark="7 dari 8 menyala"),
                ],
                guards_met=6,
                guards_expected=6,
                dialogue="Penjaga mendengar motor berputar pukul 20.00",
                advice_given=True,
            ),
        ),
        _reported(
            patrol.VulnerabilityReported,
            patrol.Vulnerability(
                kind="cctv_blind",
                text="CCTV tembok belakang mati",
                owner="KPU",
                due_at=_NIGHT + timedelta(hours=24),
                checkin=_id("VisitCheckedIn"),
            ),
        ),
        *(
            _reported(cls, _ANSWER)
            for cls in (
                patrol.DispatchAccepted,
                patrol.DispatchDeclined,
                patrol.DispatchEnRoute,
                patrol.DispatchArrived,
            )
        ),
        _reported(
            incident.IncidentReported,
            incident.IncidentReport(
                category="suspicious_person",
                text="Dua orang bermotor, putaran ketiga, berhenti di tembok belakang",
                position=_FIX,
                crew="R-21",
            ),
        ),
        _reported(patrol.VisitWithdrawn, WITHDRAWAL),
        _reported(incident.DuressRaised, incident.Duress(position=_FIX, crew="R-21")),
        _reported(incident.DuressMistaken, MISTAKE),
        _reported(welfare.WelfareAnswered, ANSWER, subject=None),
        _reported(
            incident.BackupRequested,
            incident.BackupRequest(
                incident=_id("IncidentReported"), backup_type="unit_terdekat", position=_FIX
            ),
        ),
        _reported(
            position.PositionRecorded,
            position.Track(position=_FIX, crew="R-21", speed_mps=6.2, battery_percent=64),
            subject=None,
        ),
        _decided(
            plan.PlanPiece,
            plan.PlanPieceData(
                version="9f2c41d07a3b",
                index=0,
                section="units",
                items=msgspec.Raw(b'[{"path":"polda-jatim/polres-tuban","name":"Polres Tuban"}]'),
            ),
            subject=None,
        ),
        _decided(
            plan.PlanPublished,
            plan.PlanPublishedData(
                version="9f2c41d07a3b", operation="contoh-tuban", pieces=1, sha256="0" * 64
            ),
            subject=None,
        ),
        _decided(
            situation.SituationChanged,
            situation.SituationChange(
                what="logistics_stage",
                value="ballots",
                by="Ipda Teladan",
                reason="Surat suara tiba di gudang",
            ),
            subject=None,
        ),
        *(
            _decided(cls, _ALERT)
            for cls in (
                alerts.AlertRaised,
                alerts.AlertEscalated,
                alerts.AlertAcknowledged,
                alerts.AlertAckExpired,
                alerts.AlertDispatched,
                alerts.AlertArrived,
                alerts.AlertResolved,
                alerts.AlertCloseProposed,
                alerts.AlertCloseLapsed,
                alerts.AlertClosed,
                alerts.AlertReopened,
                alerts.AlertReleased,
                alerts.AlertUpdated,
                alerts.AlertMerged,
                alerts.AlertSplit,
            )
        ),
        *(
            _decided(cls, _VISIT, subject="ppk-soko")
            for cls in (
                alerts.VisitDue,
                alerts.VisitAtRisk,
                alerts.VisitDone,
                alerts.VisitMissed,
                alerts.VisitRecovered,
            )
        ),
        _decided(alerts.NotificationSent, _NOTIFICATION),
        _decided(
            alerts.NotificationFailed, msgspec.structs.replace(_NOTIFICATION, error="HTTP 503")
        ),
        *(
            _decided(cls, VULNERABILITY)
            for cls in (
                task.VulnerabilityAssigned,
                task.VulnerabilityExtended,
                task.VulnerabilityMitigated,
                task.VulnerabilityOverdue,
                task.TaskUpdated,
            )
        ),
        *(
            _decided(cls, ADVICE)
            for cls in (task.AdviceIssued, task.AdviceDone, task.AdviceOverdue)
        ),
        *(_decided(cls, data, subject=None) for cls, data in OF_THE_WATCH),
        *(
            _decided(cls, NUDGE, subject=None)
            for cls in (welfare.WelfareNudged, welfare.WelfareEnded)
        ),
        _decided(risk.RiskChanged, RISK),
        _decided(presence.PresenceDoubted, DOUBT),
        *(
            _decided(cls, GAP, subject=None)
            for cls in (presence.SequenceGapOpened, presence.SequenceGapClosed)
        ),
        audit.AccessRecorded(
            specversion="1.0",
            id=_id("AccessRecorded"),
            source="ronda/archive",
            time=_NIGHT + timedelta(hours=20),
            unit=_UNIT,
            actor="kabag-ops",
            receivedtime=_NIGHT + timedelta(hours=20),
            channel="system",
            data=audit.Access(
                role="commander",
                what="events",
                filters={"actor": "p-1021", "from": "2023-11-29T00:00:00Z"},
                reason="Complaint 12/XI/2023 about the round of 29 November",
            ),
        ),
        audit.CheckpointSealed(
            specversion="1.0",
            id=_id("CheckpointSealed"),
            source="ronda/archive",
            time=_NIGHT + timedelta(hours=9),
            unit=_UNIT,
            receivedtime=_NIGHT + timedelta(hours=9),
            channel="system",
            data=_CHECKPOINT,
        ),
        audit.RecordErased(
            specversion="1.0",
            id=_id("RecordErased"),
            source="ronda/archive",
            time=_NIGHT + timedelta(days=90),
            unit=_UNIT,
            actor="archive-keeper",
            receivedtime=_NIGHT + timedelta(days=90),
            channel="system",
            data=audit.Erasure(
                data_class="tracks",
                reason="retention: tracks are kept 90 days",
                authority="RONDA_ARCHIVE_RETENTION",
                erased_at=_NIGHT + timedelta(days=90),
                records=[
                    audit.ErasedRecord(
                        topic="ronda.position", partition=2, offset=1204, leaf="5f" * 32
                    )
                ],
            ),
        ),
        *phone_samples(),
    ]
    return {event.type: event for event in events}
