"""What the service is told by its environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from shared.settings import (
    AuthSettings,
    Environment,
    HttpSettings,
    KafkaSettings,
    SettingsError,
)

DEFAULT_PORT = 8001
DEFAULT_ACK_TIMEOUT_S = 10.0
DEFAULT_EVENTS_PER_S = 50.0
DEFAULT_REQUESTS_PER_S = 10.0
PAGES = Path(__file__).parent / "web" / "dist"


@dataclass(frozen=True, slots=True)
class CheckinSettings:
    """`ack_timeout_s` is how long Kafka may take to acknowledge before the answer is 503.

    `events_per_s` and `requests_per_s` are what one phone may send for ever; after a silence it may
    send what was saved up, days of events at once.
    """

    kafka: KafkaSettings
    http: HttpSettings
    auth: AuthSettings
    ack_timeout_s: float = DEFAULT_ACK_TIMEOUT_S
    events_per_s: float = DEFAULT_EVENTS_PER_S
    requests_per_s: float = DEFAULT_REQUESTS_PER_S
    pages: Path = PAGES

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> Self:
        """Reads `RONDA_*`; raises `SettingsError` naming what is missing or wrong."""
        environment = Environment(variables)
        ack_timeout_s = environment.number("RONDA_ACK_TIMEOUT_S", DEFAULT_ACK_TIMEOUT_S)
        if not 0 < ack_timeout_s <= 60:
            raise SettingsError("RONDA_ACK_TIMEOUT_S must be more than 0 and at most 60 seconds")
        return cls(
            kafka=environment.kafka(),
            http=environment.http(DEFAULT_PORT),
            auth=environment.auth(),
            ack_timeout_s=ack_timeout_s,
            events_per_s=_rate(environment, "RONDA_DEVICE_EVENTS_PER_S", DEFAULT_EVENTS_PER_S),
            requests_per_s=_rate(
                environment, "RONDA_DEVICE_REQUESTS_PER_S", DEFAULT_REQUESTS_PER_S
            ),
        )


def _rate(environment: Environment, name: str, default: float) -> float:
    rate = environment.number(name, default)
    if not 0 < rate <= 1_000_000:
        raise SettingsError(f"{name} must be more than 0 and at most 1000000 a second")
    return rate
