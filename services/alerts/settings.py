"""Settings of alerts, from the environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from shared.settings import AuthSettings, Environment, HttpSettings, KafkaSettings, SettingsError

DEFAULT_PORT = 8002
PAGES = Path(__file__).parent / "web" / "dist"
MailSecurity = Literal["starttls", "tls", "none"]
SECURITIES: tuple[MailSecurity, ...] = get_args(MailSecurity)

_SECRET = "RONDA_WEBHOOK_SECRET_"  # noqa: S105 - the name of a variable
_APPRISE = "RONDA_APPRISE_URL_"


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The server that letters leave by: `starttls` after the greeting, `tls` from the start, `none`
    within one's own walls."""

    host: str
    sender: str
    port: int = 587
    security: MailSecurity = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """Whose word of who somebody is we take. `public_url` is where browsers reach this service;
    `login_claim` names the claim that holds an account's login at the first sign-in."""

    issuer: str
    client_id: str
    public_url: str
    client_secret: str | None = field(default=None, repr=False)
    login_claim: str = "preferred_username"
    label: str = "SSO"


@dataclass(frozen=True, slots=True)
class AlertsSettings:
    """Everything that may differ between two deployments.

    `webhook_secrets` are by what follows `RONDA_WEBHOOK_SECRET_`: `POSKO` for a channel whose
    `secret_name` is `posko`; so are `apprise_urls`. `notify_allow` lists the targets inside one's
    own walls: networks, hosts, `loopback`.
    """

    kafka: KafkaSettings
    database_url: str
    http: HttpSettings
    auth: AuthSettings
    webhook_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    apprise_urls: Mapping[str, str] = field(default_factory=dict, repr=False)
    notify_allow: tuple[str, ...] = ()
    notify_ca_file: Path | None = None
    mail: MailSettings | None = None
    oidc: OidcSettings | None = None
    map_lines: Path | None = None
    """A GeoJSON file of lines for the board's map: borders, roads, rivers."""
    map_tiles: Path | None = None
    """A PMTiles archive for the ground below them."""
    checkpoint_file: Path | None = None
    """Where the archive publishes its checkpoints (its RONDA_ARCHIVE_SEAL_FILE)."""
    records_url: str | None = None
    """Where browsers reach the archive: a URL, `:8003` for another port of the host that serves the
    board, empty for the board's own address."""
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
            webhook_secrets=_by_name(environment, variables, _SECRET),
            apprise_urls=_by_name(environment, variables, _APPRISE),
            notify_allow=_allowed(environment),
            notify_ca_file=environment.path("RONDA_NOTIFY_CA_FILE"),
            mail=_mail(environment),
            oidc=_oidc(environment),
            map_lines=environment.path("RONDA_MAP_LINES_FILE"),
            map_tiles=environment.path("RONDA_MAP_TILES_FILE"),
            checkpoint_file=environment.path("RONDA_CHECKPOINT_FILE"),
            records_url=_records_url(environment),
        )


def _by_name(environment: Environment, variables: Mapping[str, str], prefix: str) -> dict[str, str]:
    names = {
        variable.removesuffix("_FILE") for variable in variables if variable.startswith(prefix)
    }
    values = {name.removeprefix(prefix): environment.optional(name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _records_url(environment: Environment) -> str | None:
    url = environment.optional("RONDA_RECORDS_URL")
    if url is None:
        return None
    if not re.fullmatch(r"/|:\d{1,5}|https?://[^\s/].*", url):
        raise SettingsError(
            "RONDA_RECORDS_URL must begin with https:// or http://, or be a port as :8003, or /"
        )
    return url.rstrip("/")


def _allowed(environment: Environment) -> tuple[str, ...]:
    listed = environment.text("RONDA_NOTIFY_ALLOW", "")
    return tuple(entry.strip() for entry in listed.split(",") if entry.strip())


def _mail(environment: Environment) -> MailSettings | None:
    host = environment.optional("RONDA_SMTP_HOST")
    if host is None:
        return None
    wanted = environment.text("RONDA_SMTP_SECURITY", "starttls")
    security = next((each for each in SECURITIES if each == wanted), None)
    if security is None:
        raise SettingsError(f"RONDA_SMTP_SECURITY must be one of {', '.join(SECURITIES)}")
    return MailSettings(
        host=host,
        sender=environment.text("RONDA_SMTP_FROM"),
        port=int(environment.number("RONDA_SMTP_PORT", 587)),
        security=security,
        username=environment.optional("RONDA_SMTP_USERNAME"),
        password=environment.optional("RONDA_SMTP_PASSWORD"),
    )


def _oidc(environment: Environment) -> OidcSettings | None:
    issuer = environment.optional("RONDA_OIDC_ISSUER")
    if issuer is None:
        return None
    local = issuer.startswith(("http://127.0.0.1:", "http://localhost:"))
    if not issuer.startswith("https://") and not local:
        raise SettingsError("RONDA_OIDC_ISSUER must begin with https://")
    return OidcSettings(
        issuer=issuer.rstrip("/"),
        client_id=environment.text("RONDA_OIDC_CLIENT_ID"),
        client_secret=environment.optional("RONDA_OIDC_CLIENT_SECRET"),
        public_url=environment.text("RONDA_PUBLIC_URL").rstrip("/"),
        login_claim=environment.text("RONDA_OIDC_LOGIN_CLAIM", "preferred_username"),
        label=environment.text("RONDA_OIDC_LABEL", "SSO"),
    )
