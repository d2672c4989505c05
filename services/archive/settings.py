"""The archive's settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from shared.settings import AuthSettings, Environment, HttpSettings, KafkaSettings

DEFAULT_PORT = 8003


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
        )
