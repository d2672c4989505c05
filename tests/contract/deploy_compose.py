"""The compose file as Compose reads it: interpolated, its anchors merged."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
AFTER_SETUP = {"RONDA_SITE": "localhost"}
OURS = ("checkin", "alerts", "archive")
JOBS = ("topics", "migrate")
SECRETS = "/run/secrets/"

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")


class NotSetError(Exception):
    """A variable that must be set is not; `str()` is what Compose would say."""


def compose(variables: Mapping[str, str] = AFTER_SETUP, file: Path = COMPOSE) -> dict[str, Any]:
    """The file's content with `${…}` replaced. Raises `NotSetError` for `${NAME:?why}`."""

    def value(found: re.Match[str]) -> str:
        given = variables.get(found["name"])
        if given:
            return given
        if found["kind"] == "?":
            raise NotSetError(f"{found['name']} {found['rest']}")
        return found["rest"] or ""

    content: dict[str, Any] = yaml.safe_load(_VARIABLE.sub(value, file.read_text(encoding="utf-8")))
    return content


def services() -> dict[str, dict[str, Any]]:
    """The services by name."""
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def environment(service: str) -> dict[str, str]:
    """What a service finds in its environment, beside what its image sets."""
    return {name: str(value) for name, value in services()[service].get("environment", {}).items()}


def server_properties(variables: Mapping[str, str]) -> dict[str, str]:
    """What the image of Kafka makes of `KAFKA_…`: a `_` is a dot, `__` a `_`, `___` a hyphen."""
    return {
        name.removeprefix("KAFKA_")
        .lower()
        .replace("_", ".")
        .replace("...", "-")
        .replace("..", "_"): value
        for name, value in variables.items()
        if name.startswith("KAFKA_")
    }
