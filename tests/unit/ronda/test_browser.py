"""Which of a machine's browsers the tests drive."""

from pathlib import Path

import pytest

from ronda import browser


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, with a whole browser and the shell of the same engine."""
    for name in ("chromium", "chromium-headless-shell"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho Chromium 156.0\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(browser.VARIABLE, raising=False)
    return tmp_path


def test_the_headless_shell_is_taken_first_because_it_is_faster(machine: Path) -> None:
    assert browser.find() == machine / "chromium-headless-shell"


def test_where_tabs_are_needed_the_shell_does_not_count(machine: Path) -> None:
    assert browser.find(whole=True) == machine / "chromium"


def test_the_one_that_somebody_names_is_taken_whatever_there_is(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(browser.VARIABLE, str(machine / "chromium"))
    assert browser.find() == machine / "chromium"


def test_a_named_one_that_does_not_run_is_an_error(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(browser.VARIABLE, str(machine / "nothing"))
    with pytest.raises(browser.BrowserError, match="RONDA_CHROMIUM is"):
        browser.find()
