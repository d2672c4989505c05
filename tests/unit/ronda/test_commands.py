"""What the commands answer, and their exit codes: 0 done, 1 found wrong, 2 wrong use."""

import json
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import pytest

from ronda import cli
from shared.auth import Verifier, generate_keys
from shared.clock import system_clock

PLAN = Path(__file__).parents[3] / "deploy" / "plans" / "tuban.yaml"


def exit_code(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Runs `ronda WORDS` in this process."""
    monkeypatch.setattr("sys.argv", ["ronda", *words])
    with pytest.raises(SystemExit) as end:
        cli.main()
    code = end.value.code
    return code if isinstance(code, int) else int(code is not None)


@pytest.fixture(autouse=True)
def _unconfigured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RONDA_KAFKA_BOOTSTRAP_SERVERS", "RONDA_DATABASE_URL", "RONDA_DATA"):
        monkeypatch.delenv(name, raising=False)


def test_a_sound_plan_is_described(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(monkeypatch, "plan", "validate", str(PLAN), "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["errors"] == []
    assert answer["sites"]


def test_every_error_of_a_plan_is_told_with_its_line_and_code_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("operation: {id: x}\nnonsense: 1\n")
    assert exit_code(monkeypatch, "plan", "validate", str(broken), "--json") == 1
    errors = json.loads(capsys.readouterr().out)["errors"]
    assert len(errors) > 1
    assert all(error["line"] >= 1 and error["file"] == str(broken) for error in errors)


def test_a_token_made_here_is_one_that_services_accept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    files = generate_keys(tmp_path / "keys")
    words = ("--actor", "n.wulandari", "--role", "commander", "--unit", "polda-jatim/polres-tuban")
    assert exit_code(monkeypatch, "token", *words, "--ttl", "8h", "--data", str(tmp_path)) == 0
    now = system_clock()
    principal = Verifier(files["keys"]).verify(capsys.readouterr().out.strip(), now)
    assert (principal.actor, principal.role, principal.issuer) == (
        "n.wulandari",
        "commander",
        "alerts",
    )
    assert principal.expires_at - now > timedelta(hours=7)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "nothing"), "there is no service 'nothing'"),
        (("token", "--actor", "a", "--role", "boss", "--unit", "u"), "there is no role 'boss'"),
        (("token", "--actor", "a", "--role", "admin", "--unit", "u"), "name the signing key"),
        (("plan", "show"), "RONDA_KAFKA_BOOTSTRAP_SERVERS is not set"),
        (("db", "upgrade"), "RONDA_DATABASE_URL is not set"),
        (("topics", "apply", "--replication", "0"), "--replication"),
        (("plan", "validate", "no-such-file.yaml"), "no-such-file.yaml"),
    ],
)
def test_wrong_use_ends_with_code_two_and_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    told: str,
) -> None:
    assert exit_code(monkeypatch, *words) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [("up",), ("demo",), ("run",), ("token",), ("doctor",), ("plan", "apply"), ("topics", "apply")],
)
def test_the_help_of_a_command_teaches_with_an_example(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert exit_code(monkeypatch, *words, "--help") == 0
    assert "Example" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--qr-file", "seal.gif"], ".svg or .png"),
        (["--reason", ""], "a reason has 1 to 500 characters"),
        ([], "RONDA_ARCHIVE_SEAL_KEY_FILE"),
    ],
)
def test_sealing_in_a_wrong_way_is_a_sentence_and_code_two(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    complaint: str,
) -> None:
    monkeypatch.setenv("RONDA_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9")
    monkeypatch.setenv("RONDA_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    monkeypatch.delenv("RONDA_ARCHIVE_SEAL_KEY_FILE", raising=False)
    assert exit_code(monkeypatch, "archive", "seal", *words) == 2
    assert complaint in capsys.readouterr().err


def test_readiness_of_a_sound_plan_finds_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    radio = "{id: radio, kind: webhook, url: 'http://127.0.0.1:9/x', secret_name: posko}"
    plan = _copied(tmp_path).replace("channel: log", "channel: radio")
    (tmp_path / "plan.yaml").write_text(plan.replace("channels:\n", f"channels:\n  - {radio}\n"))
    words = ("plan", "readiness", str(tmp_path / "plan.yaml"), "--at", "2023-11-29T21:00", "--json")
    assert exit_code(monkeypatch, *words) == 0
    assert json.loads(capsys.readouterr().out)["items"] == []


def test_readiness_of_the_example_says_that_its_chains_call_nobody_yet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("plan", "readiness", str(PLAN), "--at", "2023-11-29T21:00", "--json")
    assert exit_code(monkeypatch, *words) == 1
    items = json.loads(capsys.readouterr().out)["items"]
    assert {item["code"] for item in items if item.get("grave", True)} == {"deaf_chain"}


def _copied(folder: Path) -> str:
    """The example's tables go into the folder; returns its YAML."""
    for table in PLAN.parent.glob("tuban*.csv"):
        (folder / table.name).write_text(table.read_text())
    return PLAN.read_text()


def test_readiness_names_a_crew_that_is_missing_and_exits_with_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines = _copied(tmp_path).splitlines()
    text = "\n".join(line for line in lines if "id: jaga-gudang-malam" not in line)
    (tmp_path / "plan.yaml").write_text(text)
    at = "2023-11-29T21:00"
    assert exit_code(monkeypatch, "plan", "readiness", str(tmp_path / "plan.yaml"), "--at", at) == 1
    assert "EMPTY" in (told := capsys.readouterr().out)
    assert "Jaga Gudang" in told


@pytest.mark.parametrize("command", list(cli.MODULES))
def test_each_command_explains_itself_when_it_is_asked_for_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert exit_code(monkeypatch, command, "--help") == 0
    assert f"ronda {command} " in capsys.readouterr().out


def test_all_commands_are_listed_each_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(monkeypatch, "--help") == 0
    listed = capsys.readouterr().out.partition("Commands:")[2].strip().splitlines()
    assert [line.split()[0] for line in listed] == list(cli.MODULES)
    assert all(len(line.split()) > 2 for line in listed)


def test_the_version_is_the_packages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(monkeypatch, "--version") == 0
    assert capsys.readouterr().out.strip() == version("ronda")
