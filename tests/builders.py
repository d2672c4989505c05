"""Objects that are valid by default; a test names only what it is about."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from services.alerts.domain.alert import raised
from services.alerts.domain.report import Report, report_of
from services.alerts.domain.triage import Surroundings, judge
from services.alerts.ports import Incoming
from shared.auth import Principal
from shared.events.alert import Alert, Owner
from shared.events.envelope import Envelope, Event
from shared.events.identity import derived_id
from shared.events.incident import (
    BackupRequest,
    BackupRequested,
    Duress,
    DuressRaised,
    IncidentReport,
    IncidentReported,
)
from shared.events.patrol import (
    CheckIn,
    DispatchAnswer,
    ShiftStart,
    ShiftStarted,
    VisitCheckedIn,
    Vulnerability,
    VulnerabilityReported,
)
from shared.events.registry import encode
from shared.plan.model import (
    Category,
    Channel,
    Contact,
    DueVisit,
    EscalationPolicy,
    Operation,
    Person,
    Phase,
    Plan,
    Post,
    Site,
    Situation,
    Step,
    Unit,
)
from shared.topics import intake_topic

NIGHT = datetime(2023, 11, 29, 14, 12, tzinfo=UTC)
POLRES = "polda-jatim/polres-tuban"
POLSEK = f"{POLRES}/polsek-soko"
WAREHOUSE = "gudang-logistik"
KPU = "kpu-tuban"
GUARD = "p-1021"
TELEGRAM = "webhook-posko"

E = TypeVar("E", bound=Event)


def an_id(*parts: object, at: datetime = NIGHT) -> str:
    """The same event id for the same words."""
    return derived_id(at, *map(str, parts))


def a_post(kind: str, name: str, **over: Any) -> Post:
    """A post of the Polres, reached over the webhook and the log."""
    fields: dict[str, Any] = {
        "id": kind,
        "kind": kind,
        "name": name,
        "unit": POLRES,
        "contacts": [
            Contact(channel=TELEGRAM, address=kind),
            Contact(channel="log", address=kind),
        ],
    }
    return Post(**fields | over)


POSTS = (
    a_post("operator", "Operator Posko"),
    a_post("padal", "Padal", holder="p-2001"),
    a_post("kasat", "Kasat Samapta"),
    a_post("kabag-ops", "Kabag Ops"),
)


def a_policy(**over: Any) -> EscalationPolicy:
    """Four levels, 10 s apart, for *sedang*; the first is told at once."""
    fields: dict[str, Any] = {
        "id": "biasa",
        "severities": ["sedang"],
        "steps": [
            Step(after_s=0, posts=["operator"]),
            Step(after_s=10, posts=["padal"]),
            Step(after_s=10, posts=["kasat"]),
            Step(after_s=10, posts=["kabag-ops"]),
        ],
        "progress_s": 300,
        "repeat_s": 60,
    }
    return EscalationPolicy(**fields | over)


POLICIES = (
    a_policy(),
    a_policy(
        id="ringan",
        severities=["rendah"],
        steps=[Step(after_s=900, posts=["operator"]), Step(after_s=900, posts=["padal"])],
    ),
    a_policy(id="gawat", severities=["tinggi", "kritis"], start_level=2),
)


def a_category(name: str, severity: str, family: str = "gangguan") -> Category:
    """A row of the severity table."""
    return Category(
        id=name,
        label=name.replace("_", " "),
        label_en=name.replace("_", " "),
        severity=severity,  # type: ignore[arg-type]
        stage="AG",
        group="G",
        family=family,
    )


CATEGORIES = (
    a_category("suspicious_person", "sedang"),
    a_category("suspicious_object", "tinggi"),
    a_category("fire", "kritis", family="fire"),
    a_category("missed_checkin", "rendah", family="system"),
    a_category("other", "rendah", family="other"),
)


def a_site(name: str = WAREHOUSE, **over: Any) -> Site:
    """The warehouse."""
    fields: dict[str, Any] = {
        "id": name,
        "name": name.replace("-", " ").title(),
        "type": "warehouse",
        "risk_class": "rawan",
        "unit": POLRES,
        "lat": -6.9131,
        "lon": 112.0662,
        "radius_m": 100.0,
    }
    return Site(**fields | over)


def a_plan(**over: Any) -> Plan:
    """A campaign with a warehouse and, two kilometres away, the commission's office."""
    fields: dict[str, Any] = {
        "version": "1",
        "operation": Operation(
            id="contoh-tuban", name="Contoh", timezone="Asia/Jakarta", unit=POLRES
        ),
        "units": [Unit(path=POLRES, name="Polres Contoh"), Unit(path=POLSEK, name="Polsek Contoh")],
        "phases": [
            _phase("campaign", date(2023, 11, 28), date(2024, 2, 10)),
            _phase("quiet_period", date(2024, 2, 11), date(2024, 2, 13)),
        ],
        "sites": [a_site(), a_site(KPU, type="kpu", lat=-6.8950, lon=112.0500)],
        "people": [
            Person(id=GUARD, name="Bripda Contoh", rank="Bripda", unit=POLRES, role="officer"),
            Person(id="p-2001", name="Iptu Teladan", rank="Iptu", unit=POLRES, role="supervisor"),
        ],
        "posts": list(POSTS),
        "shifts": [],
        "visit_rules": [],
        "categories": list(CATEGORIES),
        "policies": list(POLICIES),
        "channels": [
            Channel(id="log", kind="log"),
            Channel(id=TELEGRAM, kind="webhook", url="http://posko.invalid/hook"),
        ],
    }
    return Plan(**fields | over)


def an_event(cls: type[E], data: Any, **over: Any) -> E:
    """An event as checkin forwards it from a guard's phone, received 2 s after it happened."""
    at = over.get("time", NIGHT)
    fields: dict[str, Any] = {
        "specversion": "1.0",
        "id": an_id(cls.__name__, over),
        "source": "ronda/app",
        "time": at,
        "subject": WAREHOUSE,
        "unit": POLRES,
        "actor": GUARD,
        "device": "d-0007",
        "receivedtime": at + timedelta(seconds=2),
        "channel": "app",
        "data": data,
    }
    return cls(**fields | over)


def an_incident(
    category: str = "suspicious_person", *, report: dict[str, Any] | None = None, **over: Any
) -> IncidentReported:
    """A suspicious person at the warehouse; `report` sets fields of the data."""
    data = IncidentReport(category=category, **report or {})
    fields = {"id": an_id("incident", category, report, over)} | over
    return an_event(IncidentReported, data, **fields)


def a_duress(**over: Any) -> DuressRaised:
    """An officer in danger."""
    return an_event(DuressRaised, Duress(), **over)


def a_backup_request(about: str | None = None, **over: Any) -> BackupRequested:
    """A guard asks for backup."""
    return an_event(BackupRequested, BackupRequest(incident=about), **over)


def a_checkin(**over: Any) -> VisitCheckedIn:
    """A patrol at the warehouse."""
    return an_event(VisitCheckedIn, CheckIn(method="qr", crew="R-21"), **over)


def a_shift_start(**over: Any) -> ShiftStarted:
    """Crew R-21 goes on duty."""
    return an_event(ShiftStarted, ShiftStart(crew="R-21", members=[GUARD]), subject=None, **over)


def a_vulnerability(**over: Any) -> VulnerabilityReported:
    """The camera at the rear wall is blind."""
    data = Vulnerability(kind="cctv_blind", text="CCTV tembok belakang mati")
    return an_event(VulnerabilityReported, data, **over)


def a_crew_answer(cls: type[E], alert: str, *, crew: str = "R-21", **over: Any) -> E:
    """What a dispatched crew says from its phone."""
    return an_event(cls, DispatchAnswer(alert=alert, crew=crew), **over)


def a_record(event: Event | Envelope | bytes, offset: int, partition: int = 0) -> Incoming:
    """The event as consumed from its topic."""
    if isinstance(event, bytes):
        return Incoming("ronda.incident", partition, offset, event)
    topic = intake_topic(event.type)
    name = topic.name if topic else "ronda.incident"
    return Incoming(name, partition, offset, encode(event))


def a_report(**over: Any) -> Report:
    """What the default incident says."""
    return report_of(an_incident(**over), a_plan(), NIGHT)


def an_alert(*, plan: Plan | None = None, now: datetime = NIGHT, **over: Any) -> Alert:
    """Version 1 of the alert that the default incident raises."""
    plan = plan or a_plan()
    report = report_of(an_incident(**over), plan, now)
    judgement = judge(report, (), Surroundings(plan, Situation()))
    return raised(report, judgement, 1, plan, now).alert


def an_owner(name: str = "Ipda Siti", *, role: str = "operator", at: datetime = NIGHT) -> Owner:
    """Somebody who commands."""
    return Owner(actor=f"u-{name}", name=name, role=role, at=at)


def a_principal(name: str = "Ipda Siti", *, role: str = "operator", **over: Any) -> Principal:
    """Somebody of the Polres who is logged in."""
    fields: dict[str, Any] = {
        "actor": f"u-{name}",
        "name": name,
        "role": role,
        "unit": POLRES,
        "issuer": "alerts",
        "expires_at": NIGHT + timedelta(days=365),
    }
    return Principal(**fields | over)


def a_due_visit(**over: Any) -> DueVisit:
    """The warehouse is due at `NIGHT` plus one hour, from half an hour before to 15 min after."""
    due = NIGHT + timedelta(hours=1)
    fields: dict[str, Any] = {
        "id": an_id("visit", over, at=due),
        "rule": "gudang",
        "site": WAREHOUSE,
        "unit": POLRES,
        "crew": "R-21",
        "opens_at": due - timedelta(minutes=30),
        "due_at": due,
        "grace_until": due + timedelta(minutes=15),
        "min_dwell_s": 0.0,
    }
    return DueVisit(**fields | over)


def _phase(code: str, starts: date, ends: date) -> Phase:
    return Phase(code=code, name=code, starts=starts, ends=ends)
