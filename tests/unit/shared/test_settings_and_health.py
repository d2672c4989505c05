"""Settings say what to mend; health means progress."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.health import Health, Progress, verdict
from shared.settings import Environment, SettingsError


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(SettingsError, match="RONDA_KAFKA_BOOTSTRAP_SERVERS is not set"):
        Environment({}).kafka()


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://ronda@db/ronda\n")
    environment = Environment({"RONDA_DATABASE_URL_FILE": str(secret)})
    assert environment.database_url() == "postgresql://ronda@db/ronda"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    environment = Environment({"RONDA_DATABASE_URL_FILE": str(tmp_path / "none")})
    with pytest.raises(SettingsError, match="RONDA_DATABASE_URL_FILE"):
        environment.database_url()


@pytest.mark.parametrize("port", ["x", "-1", "65536", "80.5"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(SettingsError, match="RONDA_HTTP_PORT"):
        Environment({"RONDA_HTTP_PORT": port}).http(8001)


def test_proxies_are_addresses_and_networks() -> None:
    trusted = Environment({"RONDA_HTTP_TRUSTED_PROXIES": "10.1.0.5, 172.31.240.0/23"})
    assert trusted.http(8001).trusted_proxies == ("10.1.0.5", "172.31.240.0/23")
    assert Environment({}).http(8001).trusted_proxies == ()


@pytest.mark.parametrize("value", ["*", "caddy", "10.0.0.1/8", "10.0.0.1;10.0.0.2"])
def test_what_is_no_address_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="RONDA_HTTP_TRUSTED_PROXIES"):
        Environment({"RONDA_HTTP_TRUSTED_PROXIES": value}).http(8001)


def test_another_database_is_refused() -> None:
    with pytest.raises(SettingsError, match="postgresql://"):
        Environment({"RONDA_DATABASE_URL": "mysql://x"}).database_url()


class _Hands:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_a_loop_is_ready_while_it_goes_round_and_says_why_it_does_not() -> None:
    clock = _Hands()
    progress = Progress(clock)
    assert progress.ready().detail == "has not started yet"
    progress.made()
    assert progress.ready().ok
    progress.failed("the broker is away")
    clock.now += timedelta(seconds=11)
    assert not progress.ready().ok
    assert "the broker is away" in progress.ready().detail
    assert progress.alive().ok
    progress.made()
    assert progress.ready().ok


def test_a_loop_that_never_goes_round_is_dead_after_its_limit() -> None:
    clock = _Hands()
    progress = Progress(clock)
    assert progress.alive().ok
    clock.now += timedelta(seconds=61)
    assert not progress.alive().ok


def test_a_verdict_names_every_check_and_is_good_only_if_all_are() -> None:
    clock = _Hands()
    health = Health()
    good, bad = Progress(clock), Progress(clock)
    health.watch("consumer", good)
    health.watch("outbox", bad)
    good.made()
    ok, details = verdict(health.readiness)
    assert not ok
    assert details["outbox"].startswith("NOT OK")
    assert details["consumer"].startswith("progress")
