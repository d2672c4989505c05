"""Small rules of the launcher that need no process."""

from datetime import timedelta
from pathlib import Path

import pytest
import typer

from ronda.commands.token import parse_ttl
from ronda.stack.java import parse_version
from ronda.stack.kafka import broker_properties
from ronda.stack.keys import signing_key_file
from ronda.stack.privilege import is_open
from ronda.stack.services import ServiceSpec, pause_before_restart
from ronda.stack.settings import StackSettings
from ronda.stack.specs import service_specs
from shared.settings import KafkaSettings


def test_a_service_that_keeps_dying_is_started_ever_more_slowly_up_to_ten_seconds() -> None:
    assert [pause_before_restart(deaths) for deaths in (1, 2, 3, 5, 6, 100_000)] == [
        0.5,
        1.0,
        2.0,
        8.0,
        10.0,
        10.0,
    ]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "25.0.2" 2026-01-20 LTS\nOpenJDK Runtime', ("25.0.2", 25)),
        ('openjdk version "17.0.15" 2025-04-15', ("17.0.15", 17)),
        ('java version "1.8.0_402"', ("1.8.0_402", 1)),
        ("no such file", None),
    ],
)
def test_javas_own_words_give_its_version(text: str, version: tuple[str, int] | None) -> None:
    assert parse_version(text) == version


def test_the_broker_is_reached_from_this_machine_only_and_makes_no_topic_by_accident() -> None:
    properties = broker_properties(Path("/data"), 9092, 9093)
    listeners = [*properties["listeners"].split(","), properties["advertised.listeners"]]
    assert all("://127.0.0.1:" in listener for listener in listeners)
    assert properties["auto.create.topics.enable"] == "false"
    assert properties["log.message.timestamp.type"] == "LogAppendTime"


def test_a_folder_that_is_closed_to_others_is_not_open(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0o700)
    assert not is_open(closed / "inner" / "file")
    assert is_open(Path("/usr/bin/env"))


def test_each_service_gets_only_what_it_needs_and_its_own_key(tmp_path: Path) -> None:
    kafka = KafkaSettings("broker:9092", topic_prefix="x.")
    specs = {
        spec.name: spec
        for spec in service_specs(StackSettings(), tmp_path, kafka, "postgresql://db/ronda")
    }
    assert set(specs) == {"checkin", "alerts", "archive"}
    assert "RONDA_DATABASE_URL" not in specs["checkin"].environment
    assert "RONDA_AUTH_SIGNING_KEY_FILE" not in specs["archive"].environment
    keys = {
        specs[name].environment["RONDA_AUTH_SIGNING_KEY_FILE"]
        for name in specs
        if name != "archive"
    }
    assert len(keys) == 2
    for name, port in (("checkin", "8001"), ("alerts", "8002"), ("archive", "8003")):
        assert specs[name].environment["RONDA_HTTP_PORT"] == port
        assert specs[name].environment["RONDA_TOPIC_PREFIX"] == "x."


def test_a_service_that_listens_everywhere_is_reached_on_the_loopback() -> None:
    spec = ServiceSpec("checkin", 8001, {}, "RONDA_CHECKIN_PORT", host="0.0.0.0")  # noqa: S104
    assert spec.url == "http://127.0.0.1:8001"


def test_phones_get_checkins_key_and_operators_get_alerts(tmp_path: Path) -> None:
    assert signing_key_file(tmp_path, "officer").name == "checkin-signing-key.json"
    assert signing_key_file(tmp_path, "commander").name == "alerts-signing-key.json"


@pytest.mark.parametrize(
    ("text", "ttl"),
    [("90s", timedelta(seconds=90)), ("15m", timedelta(minutes=15)), ("7d", timedelta(days=7))],
)
def test_a_lifetime_is_a_number_and_a_letter(text: str, ttl: timedelta) -> None:
    assert parse_ttl(text) == ttl


@pytest.mark.parametrize("text", ["15", "m", "-5m", "0s", "1.5h", "9999999d"])
def test_any_other_lifetime_is_wrong_use(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="write 90s"):
        parse_ttl(text)
