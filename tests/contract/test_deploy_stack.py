"""The compose file's commands, environments, roles and secrets run the whole stack as processes."""

import asyncio
import re
import shlex
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from ronda.stack.postgres import EmbeddedPostgres
from shared.auth import Issuer
from shared.clock import system_clock
from shared.events.identity import new_id
from shared.topics import TOPICS
from tests.contract.deploy_compose import OURS, ROOT
from tests.contract.deploy_processes import Machine, get
from tests.contract.deploy_proxy import proxied
from tests.waiting import eventually

README = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
UNIT = "polda-jatim/polres-tuban"
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """Everything up, in the file's order, with the example's plan applied."""
    folder = tmp_path_factory.mktemp("machine")
    folder.chmod(0o711)
    async with EmbeddedPostgres(folder / "postgres", durable=False) as postgres:
        machine = Machine(folder, postgres)
        machine.setup()
        try:
            await asyncio.gather(machine.start_kafka(), machine.make_roles())
            await asyncio.gather(machine.run("topics"), machine.run("migrate"))
            for service in OURS:
                await machine.start(service)
            await asyncio.gather(*map(machine.healthy, OURS))
            await machine.run("ronda", "plan", "apply", str(ROOT / "deploy/plans/tuban.yaml"))
            yield machine
        finally:
            await machine.stop()


def token(machine: Machine, issuer: str, role: str) -> str:
    """A token of a person in the example's plan."""
    key = machine.secrets / f"{issuer}-signing-key"
    return Issuer(key).token(
        actor="p-1021", name="Petugas", role=role, unit=UNIT, now=system_clock()
    )


async def rows(machine: Machine, role: str, statement: str) -> list[tuple[object, ...]]:
    """What a statement gives under a role of the deployment."""
    url = (machine.secrets / f"{role}-database-url").read_text().strip()
    async with await psycopg.AsyncConnection.connect(url, connect_timeout=5) as connection:
        return await (await connection.execute(statement.encode())).fetchall()


async def test_jobs_may_run_again(machine: Machine) -> None:
    topics, tables = await asyncio.gather(machine.run("topics"), machine.run("migrate"))
    assert "present  ronda.alert" in topics
    assert "newest version" in tables


async def test_the_account_that_the_readme_makes_signs_in_to_the_board(machine: Machine) -> None:
    line = re.search(r"^docker compose exec alerts python -m ronda (user add .+)$", README, re.M)
    assert line
    password = machine.folder / "password"
    password.write_text("kata sandi yang panjang sekali")
    words = [*shlex.split(line[1]), "--password-file", str(password)]
    await machine.within("alerts", "ronda", *words)
    async with httpx.AsyncClient(base_url=machine.url("alerts")) as board:
        said = {"login": "you", "password": password.read_text()}
        assert (await board.post("/v1/session", json=said)).status_code == 204
        assert (await board.get("/v1/session")).json()["role"] == "commander"
        assert "<html" in (await board.get("/board/")).text


async def test_each_topic_is_kept_and_flushed_as_declared(machine: Machine) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{machine.kafka_port}")
    await admin.start()
    try:
        asked = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in TOPICS]
        answers = await admin.describe_configs(asked)
    finally:
        await admin.close()
    found = {
        name: {entry[0]: entry[1] for entry in entries}
        for answer in answers
        for _, _, _, name, entries in answer.resources
    }
    for topic in TOPICS:
        declared = topic.config(single_broker=True)
        assert {name: found[topic.name][name] for name in declared} == declared


async def test_each_operation_that_a_service_documents_is_reached_through_the_proxy(
    machine: Machine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with proxied(tmp_path_factory.mktemp("caddy")) as site:
        for service in OURS:
            document = await get(machine.url(service) + "/schema/openapi.json")
            assert document["paths"], service
            for path, operations in document["paths"].items():
                address = re.sub(r"\{\w+\}", "0193", path)
                for method in operations:
                    async with site.client.stream(method.upper(), address) as answer:
                        assert answer.headers.get("by") == service, f"{method} {path}"


async def test_a_report_reaches_board_and_archive(machine: Machine) -> None:
    now = system_clock()
    event = {
        "specversion": "1.0",
        "id": new_id(now),
        "source": "ronda/app",
        "type": "ronda.incident.reported.v1",
        "subject": "gudang-logistik",
        "time": now.isoformat(),
        "data": {"category": "suspicious_person", "text": "Dua orang di tembok belakang"},
    }
    officer = {"Authorization": f"Bearer {token(machine, 'checkin', 'officer')}"}
    commander = {"Authorization": f"Bearer {token(machine, 'alerts', 'commander')}"}
    async with httpx.AsyncClient(base_url=machine.url("checkin"), headers=officer) as phone:
        answer = await phone.post("/v1/events", json=event)
    assert answer.status_code == 202, answer.text
    assert answer.json()["results"] == [{"id": event["id"], "status": "accepted"}]
    alerts = f"{machine.url('alerts')}/v1/alerts?state=open"
    await eventually(lambda: _items(alerts, commander), within=20)
    archived = f"{machine.url('archive')}/v1/events?id={event['id']}"
    found = await eventually(lambda: _items(archived, commander), within=20)
    assert found[0]["status"] == "event"


async def _items(url: str, headers: dict[str, str]) -> list[dict[str, object]]:
    items: list[dict[str, object]] = (await get(url, headers))["items"]
    return items


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE archive.event SET site = NULL RETURNING 1",
        "DELETE FROM archive.record RETURNING 1",
        "DELETE FROM archive.segment RETURNING 1",
        "UPDATE archive.record SET leaf = NULL RETURNING 1",
        "UPDATE archive.checkpoint SET note = 'x' RETURNING 1",
        "DELETE FROM archive.log RETURNING 1",
        "UPDATE archive.log_node SET hash = NULL RETURNING 1",
        "TRUNCATE archive.record",
        "DROP TABLE archive.record_default",
        "ALTER TABLE archive.record DISABLE TRIGGER ALL",
        "SET ROLE archive_keeper",
        "SELECT 1 FROM alerts.alert",
        "CREATE TABLE archive.mine (id int)",
        "CREATE TABLE public.mine (id int)",
    ],
)
async def test_the_archive_s_role_can_add_and_read_and_nothing_else(
    machine: Machine, statement: str
) -> None:
    assert await rows(machine, "archive", "SELECT count(*) > 0 FROM archive.event") == [(True,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await rows(machine, "archive", statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 FROM alerts.alert",
        "CREATE TABLE public.mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "SET ROLE ronda_owner",
        "COPY archive.topic TO PROGRAM 'true'",
    ],
)
async def test_the_keeper_s_role_owns_the_archive_s_tables_and_nothing_else(
    machine: Machine, statement: str
) -> None:
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'archive'"
    assert await rows(machine, "keeper", owners) == [("archive_keeper",)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await rows(machine, "keeper", statement)


async def test_the_keeper_makes_the_months_and_stops_when_it_is_told(machine: Machine) -> None:
    present = "SELECT to_regclass('archive.record_2036_05') IS NOT NULL"
    # A broker's clock was years ahead for a moment.
    await rows(
        machine,
        "archive",
        'INSERT INTO archive.record (appended_at, "offset", partition, topic, status, salt)'
        " VALUES ('2036-05-04T12:00:00Z', 0, 0, -1, 'undecodable', '\\x00') RETURNING 1",
    )
    keeper = await machine.start("keeper")
    await eventually(lambda: _is(machine, present), within=20)
    await keeper.stop(within=10)
    assert keeper.exit_code == 0, keeper.tail()


async def _is(machine: Machine, question: str) -> bool:
    return await rows(machine, "keeper", question) == [(True,)]


async def test_the_archive_seals_with_its_own_role(machine: Machine) -> None:
    url = f"{machine.url('archive')}/v1/checkpoints"
    auditor = {"Authorization": f"Bearer {token(machine, 'alerts', 'auditor')}"}
    (newest, *_) = await eventually(lambda: _items(url, auditor), within=20)
    assert str(newest["note"]).startswith("ronda")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 FROM archive.event",
        "DROP TABLE alerts.alert",
        "CREATE TABLE alerts.mine (id int)",
        "CREATE TEMP TABLE mine (id int)",
    ],
)
async def test_the_role_of_alerts_keeps_to_the_rows_of_its_schema(
    machine: Machine, statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await rows(machine, "alerts", statement)


async def test_metrics_show_which_check_of_readiness_fails(machine: Machine) -> None:
    for service in OURS:
        async with httpx.AsyncClient() as client:
            shown = (await client.get(machine.url(service) + "/metrics")).text
        assert 'ronda_check_ok{check="' in shown, service
