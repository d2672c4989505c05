"""The archive's settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from services.archive.domain.retention import DEFAULT as DEFAULT_TERMS
from services.archive.domain.retention import Term, terms
from shared.settings import AuthSettings, Environment, HttpSettings, KafkaSettings, SettingsError

DEFAULT_PORT = 8003
DEFAULT_ORIGIN = "ronda"
SEAL_EVERY_S = 300.0
SHORTEST_SEAL_S = 1.0


@dataclass(frozen=True, slots=True)
class SealSettings:
    """How checkpoints are made and where they go. Without `key_file` nothing is sealed.

    `origin` is the log's name in each note; `every_s` the seconds between two; `file` is added to
    and `webhook_url` posted to. The event about it is of `unit`.
    """

    origin: str = DEFAULT_ORIGIN
    unit: str | None = None
    key_file: Path | None = None
    second_key_file: Path | None = None
    every_s: float = SEAL_EVERY_S
    file: Path | None = None
    webhook_url: str | None = None


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """`unit` is the deployment's own unit: whoever covers it also sees records without a unit.

    Without it only admins do.
    """

    kafka: KafkaSettings
    http: HttpSettings
    auth: AuthSettings
    database_url: str
    unit: str | None = None
    seal: SealSettings = SealSettings()

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> Self:
        """Reads `RONDA_*`; raises `SettingsError` naming what is missing or wrong."""
        environment = Environment(variables)
        return cls(
            kafka=environment.kafka(),
            http=environment.http(DEFAULT_PORT),
            auth=environment.auth(),
            database_url=environment.database_url(),
            unit=environment.optional("RONDA_UNIT"),
            seal=seal_settings(environment),
        )


def seal_settings(environment: Environment) -> SealSettings:
    """The section RONDA_ARCHIVE_SEAL_* and RONDA_ARCHIVE_ORIGIN; raises `SettingsError`."""
    unit = environment.optional("RONDA_UNIT")
    origin = environment.text(
        "RONDA_ARCHIVE_ORIGIN", f"{DEFAULT_ORIGIN}/{unit}" if unit else DEFAULT_ORIGIN
    )
    if "+" in origin or any(each.isspace() for each in origin):
        raise SettingsError(f"RONDA_ARCHIVE_ORIGIN must be one word without a plus, not {origin!r}")
    every_s = environment.number("RONDA_ARCHIVE_SEAL_EVERY_S", SEAL_EVERY_S)
    if every_s < SHORTEST_SEAL_S:
        raise SettingsError(f"RONDA_ARCHIVE_SEAL_EVERY_S must be {SHORTEST_SEAL_S:g} or more")
    return SealSettings(
        origin=origin,
        unit=unit,
        key_file=environment.path("RONDA_ARCHIVE_SEAL_KEY_FILE"),
        second_key_file=environment.path("RONDA_ARCHIVE_SEAL_SECOND_KEY_FILE"),
        every_s=every_s,
        file=environment.path("RONDA_ARCHIVE_SEAL_FILE"),
        webhook_url=environment.optional("RONDA_ARCHIVE_SEAL_WEBHOOK_URL"),
    )


def retention_terms(environment: Environment) -> list[Term]:
    """RONDA_ARCHIVE_RETENTION; raises `SettingsError`."""
    try:
        return terms(environment.text("RONDA_ARCHIVE_RETENTION", DEFAULT_TERMS))
    except ValueError as error:
        raise SettingsError(f"RONDA_ARCHIVE_RETENTION: {error}") from error
