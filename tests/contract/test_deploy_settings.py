"""What the compose file sets is what the programs read, and what they need is set."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from services.alerts.settings import AlertsSettings
from services.archive.settings import ArchiveSettings
from services.checkin.settings import CheckinSettings
from shared.settings import Environment
from tests.contract.deploy_compose import OURS, SECRETS, compose, environment, services

SETTINGS: Mapping[str, Any] = {
    "checkin": CheckinSettings.from_environment,
    "alerts": AlertsSettings.from_environment,
    "archive": ArchiveSettings.from_environment,
    "topics": lambda variables: Environment(variables).kafka(),
    "migrate": lambda variables: (
        Environment(variables).database_url(),
        Environment(variables).text("RONDA_ARCHIVE_DATABASE_URL"),
    ),
    "keeper": lambda variables: Environment(variables).database_url(),
}


INTERNAL = {"RONDA_CRASH_AT"}
"""What only tests set."""


class Watched(dict[str, str]):
    """An environment that remembers what was asked of it."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__(variables)
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A file for each secret."""
    for service in services().values():
        for name in service.get("secrets", []):
            (tmp_path / name).write_text("postgresql://role:secret@postgres:5432/ronda\n")
    return tmp_path


@pytest.mark.parametrize("name", SETTINGS)
def test_everything_that_is_set_is_read_and_nothing_that_is_needed_is_missing(
    name: str, secrets: Path
) -> None:
    found = {
        variable: value.replace(SECRETS, f"{secrets}/")
        for variable, value in environment(name).items()
    }
    watched = Watched(found)
    SETTINGS[name](watched)
    assert watched.keys() <= watched.asked


@pytest.mark.parametrize("name", ["checkin", "alerts", "archive"])
def test_a_service_listens_where_others_can_reach_it(name: str, secrets: Path) -> None:
    found = {
        variable: value.replace(SECRETS, f"{secrets}/")
        for variable, value in environment(name).items()
    }
    assert SETTINGS[name](found).http.host == "0.0.0.0"  # noqa: S104 - inside a container


@pytest.mark.parametrize("name", OURS)
def test_a_service_believes_whoever_shares_a_network_with_it_and_the_proxy(
    name: str, secrets: Path
) -> None:
    shared = {*services()[name]["networks"]} & {*services()["caddy"]["networks"]}
    subnets = {
        IPv4Network(each["subnet"])
        for network in shared
        for each in compose()["networks"][network]["ipam"]["config"]
    }
    [trusted] = map(IPv4Network, environment(name)["RONDA_HTTP_TRUSTED_PROXIES"].split(","))
    assert all(subnet.subnet_of(trusted) for subnet in subnets)
    assert "front" in shared
    assert "back" not in shared


def test_no_secret_is_written_into_the_file() -> None:
    for name in services():
        for variable, value in environment(name).items():
            secret = any(
                word in variable for word in ("PASSWORD", "SECRET", "_KEY", "DATABASE_URL")
            )
            assert not secret or value.startswith(SECRETS), f"{name}: {variable}"


def test_every_setting_stands_in_the_example_with_its_meaning() -> None:
    root = Path(__file__).parents[2]
    code = "".join(
        file.read_text(encoding="utf-8")
        for folder in ("ronda", "services", "shared")
        for file in sorted((root / folder).rglob("*.py"))
        if "bench" not in file.parts
    )
    read = set(re.findall(r'"(RONDA_[A-Z_]+[A-Z])"', code)) - INTERNAL
    told = set(re.findall(r"RONDA_[A-Z_]+[A-Z]", (root / ".env.example").read_text("utf-8")))
    assert len(read) > 40
    # A secret may come from a file instead.
    assert {name for name in read if not {name, f"{name}_FILE"} & told} == set()
