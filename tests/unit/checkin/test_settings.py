"""Settings from the environment: defaults, and errors that name the variable."""

import subprocess
import sys
from pathlib import Path

import pytest

from services.checkin.settings import CheckinSettings
from shared.settings import SettingsError

LEAST = {"RONDA_KAFKA_BOOTSTRAP_SERVERS": "k:9092", "RONDA_AUTH_KEYS_FILE": "keys.json"}


def test_kafka_and_the_keys_are_all_that_must_be_named() -> None:
    settings = CheckinSettings.from_environment(LEAST)
    assert settings.kafka.bootstrap_servers == "k:9092"
    assert settings.auth.keys_file == Path("keys.json")
    assert (settings.http.host, settings.http.port) == ("127.0.0.1", 8001)
    assert settings.ack_timeout_s == 10


@pytest.mark.parametrize("missing", sorted(LEAST))
def test_what_is_missing_is_named(missing: str) -> None:
    variables = {name: value for name, value in LEAST.items() if name != missing}
    with pytest.raises(SettingsError, match=missing):
        CheckinSettings.from_environment(variables)


@pytest.mark.parametrize("wrong", ["0", "-1", "61", "soon", "nan"])
def test_a_timeout_that_makes_no_sense_is_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match="RONDA_ACK_TIMEOUT_S"):
        CheckinSettings.from_environment({**LEAST, "RONDA_ACK_TIMEOUT_S": wrong})


def test_the_program_ends_with_2_and_one_sentence_where_a_setting_is_missing() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "services.checkin"],
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == (
        "checkin: RONDA_KAFKA_BOOTSTRAP_SERVERS is not set; .env.example says what it is for\n"
    )
