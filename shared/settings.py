"""Settings from the environment (`RONDA_*`), one section per concern.

A secret may come from a file: `RONDA_X_FILE` names it where `RONDA_X` would hold it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path


class SettingsError(ValueError):
    """A setting is missing or wrong; `str()` names it and says what to mend."""


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """How to reach the brokers, and the prefix of this deployment's topics."""

    bootstrap_servers: str
    topic_prefix: str = ""
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: str | None = None
    ssl_ca_file: Path | None = None
    instance: str | None = None
    """Names this process among its replicas, the same after a restart: its partitions are then
    its own again at once, where the group would first wait for the dead one's session to end."""


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where a service listens; port 0 takes a free one. With a certificate it speaks TLS itself."""

    host: str = "127.0.0.1"
    port: int = 0
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks whose word is taken for who asks, and whether over TLS. Of everybody
    else `X-Forwarded-For` and `-Proto` are nothing."""


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """The JWKS that every service verifies with, and an issuer's own signing key."""

    keys_file: Path
    signing_key_file: Path | None = None


class Environment:
    """Reads `RONDA_*` variables with errors that name the variable."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def optional(self, name: str) -> str | None:
        """The value of a variable or of the file that `<name>_FILE` names, or None."""
        value = self._variables.get(name)
        if value:
            return value
        file = self._variables.get(f"{name}_FILE")
        if not file:
            return None
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"{name}_FILE: {error}") from error

    def text(self, name: str, default: str | None = None) -> str:
        """A variable that must be there unless it has a default."""
        value = self.optional(name)
        if value is not None:
            return value
        if default is None:
            raise SettingsError(f"{name} is not set; .env.example says what it is for")
        return default

    def number(self, name: str, default: float) -> float:
        """A variable that is a number."""
        value = self.optional(name)
        if value is None:
            return default
        try:
            return float(value)
        except ValueError as error:
            raise SettingsError(f"{name} must be a number, not {value!r}") from error

    def path(self, name: str) -> Path | None:
        """A variable that names a file."""
        value = self._variables.get(name)
        return Path(value) if value else None

    def kafka(self) -> KafkaSettings:
        """The section RONDA_KAFKA_* and RONDA_TOPIC_PREFIX."""
        return KafkaSettings(
            bootstrap_servers=self.text("RONDA_KAFKA_BOOTSTRAP_SERVERS"),
            topic_prefix=self.text("RONDA_TOPIC_PREFIX", ""),
            security_protocol=self.text("RONDA_KAFKA_SECURITY_PROTOCOL", "PLAINTEXT"),
            sasl_mechanism=self.optional("RONDA_KAFKA_SASL_MECHANISM"),
            sasl_username=self.optional("RONDA_KAFKA_SASL_USERNAME"),
            sasl_password=self.optional("RONDA_KAFKA_SASL_PASSWORD"),
            ssl_ca_file=self.path("RONDA_KAFKA_SSL_CA_FILE"),
            instance=self.optional("RONDA_INSTANCE"),
        )

    def http(self, default_port: int) -> HttpSettings:
        """The section RONDA_HTTP_*."""
        port = self.number("RONDA_HTTP_PORT", default_port)
        if not 0 <= port <= 65_535 or port != int(port):
            raise SettingsError(f"RONDA_HTTP_PORT must be a port from 0 to 65535, not {port:g}")
        cert, key = self.path("RONDA_HTTP_TLS_CERT_FILE"), self.path("RONDA_HTTP_TLS_KEY_FILE")
        if (cert is None) != (key is None):
            raise SettingsError(
                "RONDA_HTTP_TLS_CERT_FILE and RONDA_HTTP_TLS_KEY_FILE belong together: set both"
            )
        return HttpSettings(
            host=self.text("RONDA_HTTP_HOST", "127.0.0.1"),
            port=int(port),
            tls_cert_file=cert,
            tls_key_file=key,
            trusted_proxies=self._networks("RONDA_HTTP_TRUSTED_PROXIES"),
        )

    def _networks(self, name: str) -> tuple[str, ...]:
        found = tuple(each.strip() for each in self.text(name, "").split(",") if each.strip())
        for each in found:
            try:
                ip_network(each)
            except ValueError as error:
                raise SettingsError(f"{name}: {error}; write addresses or networks") from error
        return found

    def auth(self) -> AuthSettings:
        """The section RONDA_AUTH_*."""
        keys_file = self.path("RONDA_AUTH_KEYS_FILE")
        if keys_file is None:
            raise SettingsError(
                "RONDA_AUTH_KEYS_FILE is not set; it names the JWKS that tokens are verified with"
            )
        return AuthSettings(
            keys_file=keys_file, signing_key_file=self.path("RONDA_AUTH_SIGNING_KEY_FILE")
        )

    def database_url(self) -> str:
        """RONDA_DATABASE_URL, a `postgresql://` URL."""
        url = self.text("RONDA_DATABASE_URL")
        if not url.startswith(("postgresql://", "postgresql+psycopg://")):
            raise SettingsError("RONDA_DATABASE_URL must begin with postgresql://")
        return url
