"""Commands whose servers are away end with a sentence, and no traceback."""

import pytest

from ronda.stack.ports import free_port
from tests.unit.ronda.test_commands import PLAN, exit_code


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "apply", str(PLAN)),
        ("plan", "show"),
        ("plan", "readiness"),
        ("device", "list"),
        ("device", "revoke", "d-1"),
        ("deadletter", "list"),
        ("deadletter", "redrive", "--all"),
        ("user", "list"),
        ("db", "upgrade"),
    ],
)
def test_who_is_away_is_named_with_the_setting_to_mend(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("RONDA_KAFKA_BOOTSTRAP_SERVERS", nowhere)
    monkeypatch.setenv("RONDA_DATABASE_URL", f"postgresql://ronda:secret@{nowhere}/ronda")
    assert exit_code(monkeypatch, *words) == 1
    told = capsys.readouterr().err
    assert told.startswith("ronda: ")
    assert nowhere in told
    assert "RONDA_KAFKA_BOOTSTRAP_SERVERS" in told or "RONDA_DATABASE_URL" in told
    assert "secret" not in told
    assert "Traceback" not in told
