"""What is suspicious or wrong, as the field says it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.events.envelope import Event, EventId, Name
from shared.events.patrol import Fix, Sha256, Text

CrowdLevel = Literal["hijau", "kuning", "merah"]


class IncidentReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A suspicious report; `category` is a row of the plan's severity table."""

    category: Name
    text: Text | None = None
    position: Fix | None = None
    crew: Name | None = None
    backup: bool = False
    media: Annotated[list[Sha256], Meta(max_length=20)] = []
    crowd_level: CrowdLevel | None = None
    """Of a demonstration: orderly, disorderly, violent. Another scale than the severity."""
    copyof: EventId | None = None
    """The app event that this one repeats over another channel, SMS for instance."""
    adds_to: EventId | None = None
    """The report of the same device that this one goes on with: one happening, by its reporter's
    word."""


class Duress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An officer in danger. Silent on the phone."""

    position: Fix | None = None
    crew: Name | None = None


class Mistake(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """*Salah tekan*: the reporter says that the duress was pressed by mistake. It is a word and
    nothing more, because somebody may be forced to say it."""

    duress: EventId
    crew: Name | None = None


class BackupRequest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    incident: EventId | None = None
    backup_type: Name | None = None
    text: Text | None = None
    position: Fix | None = None
    crew: Name | None = None


class IncidentReported(Event, frozen=True, kw_only=True, tag="ronda.incident.reported.v1"):
    data: IncidentReport


class DuressRaised(Event, frozen=True, kw_only=True, tag="ronda.duress.raised.v1"):
    data: Duress


class DuressMistaken(Event, frozen=True, kw_only=True, tag="ronda.duress.mistaken.v1"):
    data: Mistake


class BackupRequested(Event, frozen=True, kw_only=True, tag="ronda.backup.requested.v1"):
    data: BackupRequest
