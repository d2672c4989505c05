"""How the archive is told to seal."""

from pathlib import Path

import pytest

from services.archive.settings import SealSettings, seal_settings
from shared.settings import Environment, SettingsError


def test_without_settings_nothing_is_sealed_and_the_log_still_has_a_name() -> None:
    assert seal_settings(Environment({})) == SealSettings()
    assert SealSettings().key_file is None


def test_the_log_is_named_after_the_unit_unless_it_is_told() -> None:
    unit = {"RONDA_UNIT": "polda-jatim/polres-tuban"}
    assert seal_settings(Environment(unit)).origin == "ronda/polda-jatim/polres-tuban"
    told = unit | {"RONDA_ARCHIVE_ORIGIN": "tuban.example/ronda"}
    assert seal_settings(Environment(told)).origin == "tuban.example/ronda"


def test_everything_is_read() -> None:
    found = seal_settings(
        Environment(
            {
                "RONDA_ARCHIVE_SEAL_KEY_FILE": "/k/one.pem",
                "RONDA_ARCHIVE_SEAL_SECOND_KEY_FILE": "/k/two.pem",
                "RONDA_ARCHIVE_SEAL_EVERY_S": "60",
                "RONDA_ARCHIVE_SEAL_FILE": "/mnt/notes.txt",
                "RONDA_ARCHIVE_SEAL_WEBHOOK_URL": "https://kpu.example/seals",
            }
        )
    )
    assert found == SealSettings(
        key_file=Path("/k/one.pem"),
        second_key_file=Path("/k/two.pem"),
        every_s=60.0,
        file=Path("/mnt/notes.txt"),
        webhook_url="https://kpu.example/seals",
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"RONDA_ARCHIVE_ORIGIN": "two words"},
        {"RONDA_ARCHIVE_ORIGIN": "a+b"},
        {"RONDA_ARCHIVE_SEAL_EVERY_S": "0"},
        {"RONDA_ARCHIVE_SEAL_EVERY_S": "often"},
    ],
)
def test_a_wrong_setting_is_named(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        seal_settings(Environment(wrong))
