"""What each service is told when the stack starts it."""

from pathlib import Path

from ronda.stack.keys import keys_folder
from ronda.stack.services import ServiceSpec
from ronda.stack.settings import StackSettings
from shared.auth import key_files
from shared.settings import KafkaSettings


def _unit(settings: StackSettings) -> dict[str, str]:
    """Whoever covers this unit also sees what belongs to no unit, the plan for instance."""
    unit = settings.unit or (settings.plan.operation.unit if settings.plan else None)
    return {"RONDA_UNIT": unit} if unit else {}


def port_setting(service: str) -> str:
    """The setting of `ronda up` that moves a service to another port."""
    return f"RONDA_{service.upper()}_PORT"


def service_specs(
    settings: StackSettings, data: Path, kafka: KafkaSettings, database_url: str
) -> list[ServiceSpec]:
    """The three services with what each is told through its environment."""
    keys = key_files(keys_folder(data))
    every = {
        "RONDA_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "RONDA_TOPIC_PREFIX": kafka.topic_prefix,
        "RONDA_AUTH_KEYS_FILE": str(keys["keys"]),
        "RONDA_HTTP_HOST": settings.host,
    }
    own = {
        "checkin": {"RONDA_AUTH_SIGNING_KEY_FILE": str(keys["checkin"])},
        "alerts": {
            "RONDA_AUTH_SIGNING_KEY_FILE": str(keys["alerts"]),
            "RONDA_DATABASE_URL": database_url,
        },
        "archive": {"RONDA_DATABASE_URL": database_url, **_unit(settings)},
    }
    return [
        ServiceSpec(
            name=name,
            host=settings.host,
            port=port,
            port_setting=port_setting(name),
            environment={
                **every,
                **own[name],
                "RONDA_HTTP_PORT": str(port),
                "RONDA_INSTANCE": name,
            },
        )
        for name, port in settings.http_ports.items()
    ]
