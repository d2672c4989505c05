"""What the field says, in the terms in which alerts thinks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.alerts.domain.decision import clipped
from shared.events.alert import AlertKind, Part
from shared.events.envelope import Event
from shared.events.incident import BackupRequested, DuressRaised, IncidentReported
from shared.events.patrol import Fix
from shared.plan.model import Plan, Site

BACKUP = "backup_request"
DURESS = "officer_duress"
MISSED = "missed_checkin"
LATE = timedelta(minutes=2)

ReportEvent = IncidentReported | DuressRaised | BackupRequested


@dataclass(frozen=True, slots=True)
class Report:
    """Something that is, or joins, an alert. `by` names the person, where the plan knows them."""

    event: str
    type: str
    kind: AlertKind
    category: str
    time: datetime
    received_at: datetime
    unit: str
    site: str | None = None
    site_name: str | None = None
    lat: float | None = None
    lon: float | None = None
    actor: str | None = None
    by: str | None = None
    device: str | None = None
    text: str | None = None
    purpose: str | None = None
    copyof: str | None = None
    about: str | None = None
    """The report that this one follows up, by event id."""
    wants_backup: bool = False

    @property
    def moment(self) -> datetime:
        """When it happened, as far as can be: a device cannot speak of what is still to come."""
        return min(self.time, self.received_at)

    @property
    def place(self) -> Fix | None:
        """Where it is, if anybody said."""
        if self.lat is None or self.lon is None:
            return None
        return Fix(lat=self.lat, lon=self.lon)

    @property
    def part(self) -> Part:
        """The report as the alert shows it."""
        late = self.received_at - self.time
        return Part(
            event=self.event,
            type=self.type,
            category=self.category,
            time=self.time,
            received_at=self.received_at,
            site=self.site,
            actor=self.actor,
            device=self.device,
            text=clipped(self.text),
            late_s=int(late.total_seconds()) if late > LATE else None,
            copyof=self.copyof,
        )


def report_of(event: ReportEvent, plan: Plan | None, now: datetime) -> Report:
    """The report that an event of the field is."""
    site = plan.site_by_id.get(event.subject or "") if plan else None
    lat, lon = _place(event.data.position, site)
    person = plan.person_by_id.get(event.actor or "") if plan else None
    return Report(
        event=event.id,
        type=event.type,
        kind="duress" if isinstance(event, DuressRaised) else "incident",
        category=_category(event),
        time=event.time,
        received_at=event.receivedtime or now,
        unit=unit_of(event, plan),
        site=event.subject,
        site_name=site.name if site else None,
        lat=lat,
        lon=lon,
        actor=event.actor,
        by=person.name if person else event.actor,
        device=event.device,
        text=None if isinstance(event, DuressRaised) else event.data.text,
        purpose=event.purpose,
        copyof=event.data.copyof if isinstance(event, IncidentReported) else None,
        about=event.data.incident if isinstance(event, BackupRequested) else None,
        wants_backup=isinstance(event, BackupRequested)
        or (isinstance(event, IncidentReported) and event.data.backup),
    )


def unit_of(event: Event, plan: Plan | None) -> str:
    """The unit that answers: the site's, else the sender's, else the whole operation's."""
    site = plan.site_by_id.get(event.subject or "") if plan else None
    if site is not None:
        return site.unit
    return event.unit or (plan.operation.unit if plan else "unknown")


def _category(event: ReportEvent) -> str:
    match event:
        case IncidentReported():
            return event.data.category
        case DuressRaised():
            return DURESS
        case BackupRequested():
            return BACKUP


def _place(fix: Fix | None, site: Site | None) -> tuple[float | None, float | None]:
    if fix is not None:
        return fix.lat, fix.lon
    if site is not None:
        return site.lat, site.lon
    return None, None
