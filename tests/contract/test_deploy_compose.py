"""The compose file names what exists, gives no more than is needed, and agrees with the code."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ronda.stack.kafka import broker_properties
from services.alerts.settings import DEFAULT_PORT as ALERTS_PORT
from services.archive.settings import DEFAULT_PORT as ARCHIVE_PORT
from services.checkin.settings import DEFAULT_PORT as CHECKIN_PORT
from tests.contract.deploy_compose import (
    COMPOSE,
    JOBS,
    OURS,
    ROOT,
    SECRETS,
    NotSetError,
    compose,
    environment,
    server_properties,
    services,
)

HOST = ROOT / "deploy" / "compose.host.yml"
PORTS = {"checkin": CHECKIN_PORT, "alerts": ALERTS_PORT, "archive": ARCHIVE_PORT}
OF_THIS_MACHINE = {
    "advertised.listeners",
    "controller.quorum.voters",
    "listener.security.protocol.map",
    "listeners",
    "log.dirs",
}
"""What differs because the embedded broker is reached on loopback."""
OF_A_SMALL_MACHINE = {
    "background.threads",
    "log.cleaner.dedupe.buffer.size",
    "num.io.threads",
    "num.network.threads",
    "num.recovery.threads.per.data.dir",
}


def test_compose_files_are_valid_by_the_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema"]
    command += ["--builtin-schema", "vendor.compose-spec", str(COMPOSE), str(HOST)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_nothing_starts_before_setup_has_run() -> None:
    with pytest.raises(NotSetError, match=r"RONDA_SITE .*run deploy/setup first"):
        compose({})


def test_every_file_that_is_mounted_exists() -> None:
    for name, service in services().items():
        for volume in service.get("volumes", []):
            source, _, rest = volume.partition(":")
            if source.startswith("./"):
                assert (ROOT / source).exists(), f"{name}: {source}"
                assert rest.endswith(":ro"), f"{name} could change {source}"
            else:
                assert source in compose()["volumes"], f"{name}: {source}"


@pytest.mark.parametrize("name", services())
def test_no_container_may_do_more_than_it_needs(name: str) -> None:
    service = services()[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["cpus"]
    assert service["pids_limit"]
    assert service["logging"]["options"]["max-size"], "logs must not fill the disk"
    assert not service.get("privileged")
    assert not any("docker.sock" in volume for volume in service.get("volumes", []))


@pytest.mark.parametrize("name", [*OURS, *JOBS, "keeper", "ronda"])
def test_our_containers_run_as_nobody_on_a_root_that_cannot_be_written(name: str) -> None:
    service = services()[name]
    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert "cap_add" not in service


@pytest.mark.parametrize("name", OURS)
def test_our_services_are_watched_started_anew_and_given_time_to_stop(name: str) -> None:
    service = services()[name]
    probe = [*("CMD", "python", "/opt/ronda/probe.py"), str(PORTS[name]), "1"]
    assert service["healthcheck"]["test"] == probe
    assert service["restart"] == "unless-stopped"
    assert int(service["stop_grace_period"].removesuffix("s")) > 10
    assert service["depends_on"]["topics"] == {"condition": "service_completed_successfully"}


def test_tables_are_migrated_before_anybody_uses_them() -> None:
    for name in ("alerts", "archive", "keeper"):
        needed = services()[name]["depends_on"]["migrate"]
        assert needed == {"condition": "service_completed_successfully"}
    for name, before in {"topics": "kafka", "migrate": "postgres"}.items():
        assert services()[name]["depends_on"][before] == {"condition": "service_healthy"}
        assert services()[before]["healthcheck"]["test"]


def test_only_the_proxy_is_reached_from_outside() -> None:
    published = {name for name, service in services().items() if service.get("ports")}
    assert published == {"caddy"}
    for name, service in compose(file=HOST)["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name


def test_broker_and_database_lead_nowhere() -> None:
    networks = compose()["networks"]
    for name in ("kafka", "postgres"):
        assert services()[name]["networks"] == ["back"]
    assert all(networks[name]["internal"] for name in ("front", "back", "watch"))


def test_each_secret_is_given_to_those_who_read_it_and_to_nobody_else() -> None:
    by_file = {
        "postgres": ROOT / "deploy" / "postgres" / "roles.sh",
        "alertmanager": ROOT / "deploy" / "alertmanager" / "alertmanager.yml",
    }
    for name, service in services().items():
        texts = [str(value) for value in service.get("environment", {}).values()]
        used = {text.removeprefix(SECRETS) for text in texts if text.startswith(SECRETS)}
        if name in by_file:
            text = by_file[name].read_text(encoding="utf-8")
            used |= set(re.findall(rf"{SECRETS}([\w-]+)", text))
            used |= {f"{role}-database-url" for role in re.findall(r"\$\(password (\w+)\)", text)}
        assert used == set(service.get("secrets", [])), name


def test_the_broker_is_set_as_the_embedded_one_that_the_tests_use() -> None:
    ours = server_properties(environment("kafka"))
    embedded = broker_properties(Path("/data"), 9092, 9093)
    same = embedded.keys() - OF_THIS_MACHINE - OF_A_SMALL_MACHINE
    assert {name: ours.get(name) for name in same} == {name: embedded[name] for name in same}
    assert ours["log.dirs"] == services()["kafka"]["volumes"][0].partition(":")[2]


def test_each_listener_of_the_broker_has_a_protocol_and_an_address() -> None:
    ours = server_properties(environment("kafka"))
    listening = _listeners(ours["listeners"])
    advertised = _listeners(ours["advertised.listeners"])
    protocols = dict(part.split(":") for part in ours["listener.security.protocol.map"].split(","))
    controller = ours["controller.listener.names"]
    assert protocols.keys() == listening.keys() == {*advertised, controller}
    assert ours["inter.broker.listener.name"] in advertised
    for name, address in advertised.items():
        assert address.rpartition(":")[2] == listening[name].rpartition(":")[2], name
    voter = f"{ours['node.id']}@kafka:{listening[controller].rpartition(':')[2]}"
    assert ours["controller.quorum.voters"] == voter
    for client in (*OURS, "topics", "ronda"):
        assert environment(client)["RONDA_KAFKA_BOOTSTRAP_SERVERS"] in advertised.values()
    assert advertised["HOST"] in {
        port.partition(":")[2].replace("19092:", "localhost:")
        for port in compose(file=HOST)["services"]["kafka"]["ports"]
    }


def _listeners(text: str) -> dict[str, str]:
    return dict(part.split("://") for part in text.split(","))


def test_the_database_keeps_its_data_where_the_image_of_18_looks_for_them() -> None:
    assert services()["postgres"]["image"] == "postgres:18"
    assert "postgres:/var/lib/postgresql" in services()["postgres"]["volumes"]


def test_the_database_may_have_a_process_for_each_connection_that_it_allows() -> None:
    service = services()["postgres"]
    (connections,) = [
        int(word.partition("=")[2])
        for word in service["command"]
        if word.startswith("max_connections=")
    ]
    assert service["pids_limit"] >= connections + 50


def _addresses() -> list[tuple[str, str]]:
    """Who speaks to whom, by the files: (service, host:port)."""
    deploy = ROOT / "deploy"
    prometheus: dict[str, Any] = yaml.safe_load((deploy / "prometheus/prometheus.yml").read_text())
    found = []
    for job in prometheus["scrape_configs"]:
        for config in job.get("static_configs", []):
            found += [("prometheus", target) for target in config["targets"]]
        for config in job.get("dns_sd_configs", []):
            found += [("prometheus", f"{name}:{config['port']}") for name in config["names"]]
    for alertmanager in prometheus["alerting"]["alertmanagers"]:
        found += [("prometheus", alertmanager["static_configs"][0]["targets"][0])]
    proxy = (deploy / "caddy" / "Caddyfile").read_text()
    found += [
        ("caddy", upstream) for upstream in re.findall(r"reverse_proxy \{\$\w+:(\S+)\}", proxy)
    ]
    sources = (deploy / "grafana/provisioning/datasources/prometheus.yml").read_text()
    found += [("grafana", url) for url in re.findall(r"url: http://(\S+)", sources)]
    return sorted(set(found))


@pytest.mark.parametrize(("caller", "address"), _addresses())
def test_who_is_called_by_name_is_there_and_on_a_common_network(caller: str, address: str) -> None:
    host, _, port = address.partition(":")
    called = services()[host]
    assert set(called["networks"]) & set(services()[caller]["networks"])
    known = {**PORTS, "prometheus": 9090, "alertmanager": 9093, "grafana": 3000, "caddy": 2080}
    assert int(port) == known[host]
