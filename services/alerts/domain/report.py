"""What the field says, in the terms in which alerts thinks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.alerts.domain.decision import clipped
from shared.events.alert import AlertKind, Part, Restriction
from shared.events.envelope import Event
from shared.events.incident import (
    BackupRequested,
    CrowdLevel,
    DuressRaised,
    IncidentReported,
)
from shared.events.patrol import Fix
from shared.plan.geometry import distance_m
from shared.plan.model import Plan, Site

BACKUP = "backup_request"
DURESS = "officer_duress"
MISSED = "missed_checkin"
SILENT = "no_report"
GAP = "chain_gap"
OVERDUE = "overdue_task"
HANDOVER = "open_handover"
LATE = timedelta(minutes=2)
NEAR_M = 300.0
"""Reports this close to each other may be of one happening."""

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
    adds_to: str | None = None
    """The earlier report of its device that this one goes on with, by event id."""
    wants_backup: bool = False
    backup_type: str | None = None
    crowd_level: CrowdLevel | None = None
    channel: str | None = None
    media: tuple[str, ...] = ()
    """The hashes of its photos."""
    restricted: Restriction | None = None
    """What holds for it besides its category's restriction: that of the alert it comes from."""
    first: str | None = None
    """The kind of post that is told at once; whoever its chain has below gets a copy."""

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
            lat=self.lat,
            lon=self.lon,
            crowd_level=self.crowd_level,
            backup_type=self.backup_type,
            media=list(self.media),
        )

    def is_near(self, other: Part) -> bool:
        """Whether an earlier report spoke of this place."""
        if self.site is not None and self.site == other.site:
            return True
        if self.place is None or other.lat is None or other.lon is None:
            return False
        return distance_m(self.place, Fix(lat=other.lat, lon=other.lon)) <= NEAR_M


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
        purpose=purpose_of(event, plan),
        copyof=event.data.copyof if isinstance(event, IncidentReported) else None,
        about=event.data.incident if isinstance(event, BackupRequested) else None,
        adds_to=event.data.adds_to if isinstance(event, IncidentReported) else None,
        wants_backup=isinstance(event, BackupRequested)
        or (isinstance(event, IncidentReported) and event.data.backup),
        backup_type=event.data.backup_type if isinstance(event, BackupRequested) else None,
        crowd_level=event.data.crowd_level if isinstance(event, IncidentReported) else None,
        channel=event.channel,
        media=tuple(event.data.media) if isinstance(event, IncidentReported) else (),
    )


def purpose_of(event: Event, plan: Plan | None) -> str | None:
    """What an event is for: what it says, else what the operation is for."""
    return event.purpose or (plan.operation.purpose if plan else None)


def counts(event: Event, plan: Plan | None) -> bool:
    """Whether an event is of this operation: of the real one only what is live, of an exercise
    what says so or says nothing."""
    return event.purpose is None or (plan is not None and event.purpose == plan.operation.purpose)


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
