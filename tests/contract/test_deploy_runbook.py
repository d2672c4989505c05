"""Every command that the runbook tells is one that can be run, in a container that there is."""

import re
import shlex
from typing import Any

import pytest
import typer

from ronda.cli import application
from tests.contract.deploy_compose import ROOT, services

NAMES = ("docs/runbook.md", "deploy/README.md")
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in NAMES}
_COMPOSE = re.compile(
    r"docker compose (?:run --rm ronda|exec (?P<service>\w+) python -m ronda) (?P<words>[^`#\n]+)"
)
_SETUP = re.compile(r"deploy/setup (--\w+) (\w+)")


def told(text: str) -> list[tuple[str, str]]:
    """The container and the words of each command of ours."""
    return [(found["service"] or "ronda", found["words"]) for found in _COMPOSE.finditer(text)]


def problem_of(words: str) -> str | None:
    """Why the command line would not take these words."""
    command: Any = typer.main.get_command(application())
    rest = shlex.split(words)
    while hasattr(command, "commands"):
        if not rest or rest[0] not in command.commands:
            return f"there is no command {words!r}"
        command = command.commands[rest.pop(0)]
    context = command.context_class(command, info_name=words, resilient_parsing=False)
    try:
        given, left, _ = command.make_parser(context).parse_args(list(rest))
    except Exception as error:
        return str(error)
    missing = [one.name for one in command.params if one.required and given.get(one.name) is None]
    return f"{left=} {missing=}" if left or missing else None


@pytest.mark.parametrize(
    ("container", "words"),
    sorted({each for text in TEXTS.values() for each in told(text)}),
)
def test_a_command_that_is_told_can_be_run(container: str, words: str) -> None:
    assert container in services()
    assert problem_of(words) is None


def test_the_runbook_tells_no_command_of_ours_without_where_to_run_it() -> None:
    text = TEXTS["docs/runbook.md"]
    spans = re.findall(r"`([^`\n]*\bronda (?:[a-z]+)[^`\n]*)`", text)
    assert spans
    assert [span for span in spans if not _COMPOSE.match(span)] == []


def test_setup_is_told_with_words_that_it_knows() -> None:
    script = (ROOT / "deploy" / "setup").read_text(encoding="utf-8")
    asked = {each for text in TEXTS.values() for each in _SETUP.findall(text)}
    assert asked
    for option, issuer in asked:
        assert f"{option})" in script
        assert issuer in {"checkin", "alerts"}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("keys rotate checkin", "missing=['folder']"),
        ("device revoke d-1 --because x", "--because"),
        ("device forget d-1", "there is no command"),
        ("device list d-1", "left=['d-1']"),
    ],
)
def test_a_command_that_cannot_run_would_be_found(wrong: str, why: str) -> None:
    assert why in str(problem_of(wrong))
