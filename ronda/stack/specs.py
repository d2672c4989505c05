"""What each service is told when the stack starts it."""

import os
from pathlib import Path

from ronda.stack.keys import keys_folder, seal_key_file
from ronda.stack.lan import EVERYWHERE, Lan
from ronda.stack.services import ServiceSpec
from ronda.stack.settings import StackSettings
from shared.auth import key_files
from shared.settings import KafkaSettings

SEALING = ("RONDA_ARCHIVE_SEAL_KEY_FILE", "RONDA_UNIT")
"""The archive's settings that say how it seals."""


def _unit(settings: StackSettings) -> dict[str, str]:
    """Whoever covers this unit also sees what belongs to no unit, the plan for instance."""
    unit = settings.unit or (settings.plan.operation.unit if settings.plan else None)
    return {"RONDA_UNIT": unit} if unit else {}


def port_setting(service: str) -> str:
    """The setting of `ronda up` that moves a service to another port."""
    return f"RONDA_{service.upper()}_PORT"


def host_of(service: str, settings: StackSettings) -> str:
    """Where a service listens: the local network is for phones, and so for checkin alone."""
    return EVERYWHERE if settings.lan_address and service == "checkin" else settings.host


def _tls(lan: Lan | None) -> dict[str, str]:
    if lan is None:
        return {}
    return {
        "RONDA_HTTP_TLS_CERT_FILE": str(lan.certificates.certificate),
        "RONDA_HTTP_TLS_KEY_FILE": str(lan.certificates.key),
    }


def service_specs(
    settings: StackSettings,
    data: Path,
    kafka: KafkaSettings,
    database_url: str,
    lan: Lan | None = None,
    *,
    archive_url: str | None = None,
) -> list[ServiceSpec]:
    """The three services with what each is told through its environment; the archive reaches the
    database by `archive_url` where it has a role of its own."""
    keys = key_files(keys_folder(data))
    checkpoints = os.environ.get("RONDA_ARCHIVE_SEAL_FILE", str(data / "checkpoints.txt"))
    every = {
        "RONDA_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "RONDA_TOPIC_PREFIX": kafka.topic_prefix,
        "RONDA_AUTH_KEYS_FILE": str(keys["keys"]),
    }
    own = {
        "checkin": {"RONDA_AUTH_SIGNING_KEY_FILE": str(keys["checkin"]), **_tls(lan)},
        "alerts": {
            "RONDA_AUTH_SIGNING_KEY_FILE": str(keys["alerts"]),
            "RONDA_DATABASE_URL": database_url,
            "RONDA_CHECKPOINT_FILE": checkpoints,
            # Under whatever name one has come to the board, the archive is beside it.
            "RONDA_RECORDS_URL": os.environ.get(
                "RONDA_RECORDS_URL", f":{settings.http_ports['archive']}"
            ),
            # A gateway on this machine is what one tries first; the environment may list more.
            "RONDA_NOTIFY_ALLOW": os.environ.get("RONDA_NOTIFY_ALLOW", "loopback"),
        },
        "archive": {
            "RONDA_DATABASE_URL": archive_url or database_url,
            "RONDA_ARCHIVE_SEAL_KEY_FILE": str(seal_key_file(data)),
            "RONDA_ARCHIVE_SEAL_FILE": checkpoints,
            **_unit(settings),
        },
    }
    return [
        ServiceSpec(
            name=name,
            host=host_of(name, settings),
            port=port,
            port_setting=port_setting(name),
            authority=lan.certificates.authority if lan and name == "checkin" else None,
            environment={
                **every,
                **own[name],
                "RONDA_HTTP_HOST": host_of(name, settings),
                "RONDA_HTTP_PORT": str(port),
                "RONDA_INSTANCE": name,
            },
        )
        for name, port in settings.http_ports.items()
    ]
