"""What the service is told by its environment."""

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class CheckinSettings:
    """`ack_timeout_s` is how long Kafka may take to acknowledge before the answer is 503."""

    kafka: KafkaSettings
    http: HttpSettings
    auth: AuthSettings
    ack_timeout_s: float = DEFAULT_ACK_TIMEOUT_S

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
        )
