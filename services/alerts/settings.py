"""Settings of alerts, from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shared.settings import AuthSettings, Environment, HttpSettings, KafkaSettings

DEFAULT_PORT = 8002
PAGES = Path(__file__).parent / "web" / "dist"

_SECRET = "RONDA_WEBHOOK_SECRET_"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class AlertsSettings:
    """Everything that may differ between two deployments.

    `webhook_secrets` are by what follows `RONDA_WEBHOOK_SECRET_`: `POSKO` for a channel whose
    `secret_name` is `posko`.
    """

    kafka: KafkaSettings
    database_url: str
    http: HttpSettings
    auth: AuthSettings
    webhook_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    pages: Path = PAGES

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> "AlertsSettings":
        """Reads `RONDA_*`; raises `SettingsError` naming what is missing or wrong."""
        environment = Environment(variables)
        return cls(
            kafka=environment.kafka(),
            database_url=environment.database_url(),
            http=environment.http(DEFAULT_PORT),
            auth=environment.auth(),
            webhook_secrets=_webhook_secrets(environment, variables),
        )


def _webhook_secrets(environment: Environment, variables: Mapping[str, str]) -> dict[str, str]:
    names = {
        variable.removesuffix("_FILE") for variable in variables if variable.startswith(_SECRET)
    }
    values = {name.removeprefix(_SECRET): environment.optional(name) for name in names}
    return {name: value for name, value in values.items() if value is not None}
