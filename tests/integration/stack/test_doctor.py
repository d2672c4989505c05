"""`ronda doctor` tells what is wrong on this machine, with exit code 1."""

import json
import socket

import pytest
from typer.testing import CliRunner

from ronda.cli import application
from ronda.stack.ports import free_port


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Free ports, so that a `ronda up` on this machine does not disturb."""
    for name in ("RONDA_KAFKA_BOOTSTRAP_SERVERS", "RONDA_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return {f"RONDA_{name}_PORT": str(free_port()) for name in ("CHECKIN", "ALERTS", "ARCHIVE")}


def examined(environment: dict[str, str]) -> tuple[int, dict[str, tuple[bool, str]]]:
    result = CliRunner().invoke(application(), ["doctor", "--json"], env=environment)
    findings = {
        finding["name"]: (finding["well"], finding["detail"])
        for finding in json.loads(result.stdout)
    }
    return result.exit_code, findings


def test_a_machine_that_runs_these_tests_is_well(environment: dict[str, str]) -> None:
    code, findings = examined(environment)
    assert code == 0, findings
    assert {"python", "java", "jars", "postgresql", "pages"} <= set(findings)


def test_a_taken_port_is_wrong_and_named_with_its_setting(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", int(environment["RONDA_ALERTS_PORT"]))):
        code, findings = examined(environment)
    assert code == 1
    well, detail = findings[f"port {environment['RONDA_ALERTS_PORT']}"]
    assert not well
    assert "set RONDA_ALERTS_PORT" in detail


def test_brokers_and_databases_that_were_named_are_reached(
    environment: dict[str, str], kafka: str, postgres_url: str
) -> None:
    environment |= {"RONDA_KAFKA_BOOTSTRAP_SERVERS": kafka, "RONDA_DATABASE_URL": postgres_url}
    code, findings = examined(environment)
    assert code == 0, findings
    assert findings["kafka"] == (True, f"{kafka} answers; 1 broker(s)")
    assert findings["postgresql"][1].startswith("PostgreSQL 18 at ")


def test_a_broker_that_does_not_answer_is_wrong(environment: dict[str, str]) -> None:
    closed = f"127.0.0.1:{free_port()}"
    code, findings = examined(environment | {"RONDA_KAFKA_BOOTSTRAP_SERVERS": closed})
    assert code == 1
    assert f"{closed} does not answer" in findings["kafka"][1]
