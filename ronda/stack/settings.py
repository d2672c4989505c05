"""What `ronda up` can be told, from options or the environment."""

from dataclasses import dataclass
from pathlib import Path

from shared.plan.model import Plan
from shared.settings import KafkaSettings

DEFAULT_PORTS = {"checkin": 8001, "alerts": 8002, "archive": 8003}
DEFAULT_INSTALL_PORT = 8000
PROJECT = Path(__file__).parents[2]
DEFAULT_PLAN = PROJECT / "deploy" / "plans" / "tuban.yaml"


@dataclass(frozen=True, slots=True)
class StackSettings:
    """`data` None means a folder that is removed at the end. Ports of 0 take a free one.

    With `kafka` or `database_url` given, that part is not embedded. `plan` is published unless
    there is one already.
    """

    data: Path | None = None
    kafka: KafkaSettings | None = None
    topic_prefix: str = ""
    database_url: str | None = None
    plan: Plan | None = None
    host: str = "127.0.0.1"
    unit: str | None = None
    """Whose deployment it is; None means the unit of `plan`."""
    checkin_port: int = DEFAULT_PORTS["checkin"]
    alerts_port: int = DEFAULT_PORTS["alerts"]
    archive_port: int = DEFAULT_PORTS["archive"]
    kafka_port: int = 0
    postgres_port: int = 0
    verbose: bool = False
    lan_address: str | None = None
    """An address of this machine under which phones reach checkin, over TLS."""
    install_port: int = DEFAULT_INSTALL_PORT

    @property
    def http_ports(self) -> dict[str, int]:
        """Where each service listens, by name."""
        return {
            "checkin": self.checkin_port,
            "alerts": self.alerts_port,
            "archive": self.archive_port,
        }
