"""Proofs and exports over HTTP: real Kafka, real PostgreSQL, a sealed archive."""

import base64
import io
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from services.archive.adapters.evidence import verifier
from services.archive.adapters.evidence import verifier_proofs as alone
from services.archive.adapters.seal_keys import make_key
from services.archive.app import running
from services.archive.settings import ArchiveSettings, SealSettings
from shared.topics import INCIDENT, PATROL
from tests.integration.archive.conftest import Tokens
from tests.integration.archive.witnesses import in_topics, send
from tests.unit.archive.builders import UNIT, an_event, an_id
from tests.waiting import eventually

WHY = {"reason": "permintaan Bawaslu 12/XI/2026"}


@pytest.fixture
async def client(settings: ArchiveSettings, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    make_key(tmp_path / "seal.pem")
    sealing = SealSettings(
        origin="ronda/test", unit=UNIT, key_file=tmp_path / "seal.pem", every_s=1.0
    )
    async with (
        running(replace(settings, seal=sealing)) as app,
        httpx.AsyncClient(base_url=app.url, trust_env=False, timeout=20) as made,
    ):
        yield made


@pytest.fixture
async def sealed(
    settings: ArchiveSettings, sender: AIOKafkaProducer, client: httpx.AsyncClient, token: Tokens
) -> httpx.AsyncClient:
    """Four visits and an incident of two units, in a checkpoint."""
    for number in range(4):
        unit = f"{UNIT}/polsek-{number % 2}"
        await send(sender, settings.kafka, PATROL, an_event(f"p{number}", unit=unit))
    incident = an_event("i", type="ronda.incident.reported.v1", subject="gudang")
    await send(sender, settings.kafka, INCIDENT, incident)

    async def proved() -> bool:
        names = ("i", "p0", "p3")
        found = [
            await client.get(f"/v1/events/{an_id(name)}/proof", headers=token()) for name in names
        ]
        return all(each.status_code == 200 for each in found)

    await eventually(proved, within=40)
    return client


def leads_to_its_checkpoint(proof: dict[str, Any]) -> bool:
    """Follows the proof with nothing but the two RFCs' rules."""
    record, segment, log = proof["record"], proof["segment"], proof["log"]
    line = record | {f"{name}_base64": record[name] for name in ("key", "value", "headers")}
    line |= {"salt": base64.b64decode(record["salt"]).hex(), "leaf": None}
    leaf = alone.record_leaf(line)
    path = map(bytes.fromhex, segment["path"])
    root = alone.path_root(leaf, segment["index"], segment["records"], path)
    of_segment = alone.segment_leaf(
        segment | {"topic": record["topic"], "partition": record["partition"]}
    )
    nodes = map(bytes.fromhex, log["path"])
    whole = alone.path_root(of_segment, log["index"], log["size"], nodes)
    _, size, said = alone.read_note(proof["checkpoint"])
    return (
        (root or b"").hex() == segment["root"]
        and leaf.hex() == record["leaf"]
        and (size, said) == (log["size"], whole)
    )


async def test_an_event_is_proved_to_somebody_who_trusts_the_seal_alone(
    sealed: httpx.AsyncClient, token: Tokens
) -> None:
    proof = (await sealed.get(f"/v1/events/{an_id('i')}/proof", headers=token())).json()
    assert leads_to_its_checkpoint(proof)
    value = base64.b64decode(proof["record"]["value"])
    assert value == an_event("i", type="ronda.incident.reported.v1", subject="gudang")
    keys = (await sealed.get("/v1/checkpoints", headers=token())).json()["keys"]
    assert alone.is_signed(proof["checkpoint"], keys)


async def test_a_later_checkpoint_is_shown_to_follow_the_one_that_was_kept(
    sealed: httpx.AsyncClient, token: Tokens, settings: ArchiveSettings, sender: AIOKafkaProducer
) -> None:
    path = f"/v1/events/{an_id('p3')}/proof"
    kept = (await sealed.get(path, headers=token())).json()["log"]["size"]
    await send(sender, settings.kafka, PATROL, an_event("later"))

    async def grown() -> Any:
        answer = await sealed.get(path, params={"since": kept}, headers=token())
        return answer.json() if answer.json()["log"]["size"] > kept else None

    later = (await eventually(grown, within=40))["consistency"]
    between = {"from": kept, "to": later["second"]}
    answer = await sealed.get("/v1/consistency", params=between, headers=token())
    assert answer.json() == later
    too_far = await sealed.get(
        "/v1/consistency", params={"from": kept, "to": 10**9}, headers=token()
    )
    assert too_far.status_code == 400


async def test_a_proof_shows_nothing_that_a_search_would_not(
    sealed: httpx.AsyncClient, token: Tokens
) -> None:
    path = f"/v1/events/{an_id('p1')}/proof"
    elsewhere = token("commander", f"{UNIT}/polsek-0")
    assert (await sealed.get(path, headers=elsewhere)).status_code == 404
    assert (await sealed.get(path, headers=token("officer"))).status_code == 403
    assert (await sealed.get(path)).status_code == 401
    nothing = await sealed.get(f"/v1/events/{an_id('nothing')}/proof", headers=token())
    assert nothing.status_code == 404


async def test_an_auditor_gets_evidence_in_one_file_and_the_look_is_recorded(
    sealed: httpx.AsyncClient, token: Tokens, settings: ArchiveSettings, tmp_path: Path
) -> None:
    answer = await sealed.post("/v1/exports", json={"site": "gudang", **WHY}, headers=token())
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["cache-control"] == "no-store"
    file = tmp_path / "bukti.zip"
    file.write_bytes(answer.content)
    found = verifier.check(file)
    assert (found.findings, found.records, found.unsealed) == ([], 1, 0)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
        page = bundle.read("index.html").decode()
    assert "Laporan kejadian" in page
    looks = [row for row in await in_topics(settings.kafka) if b'"export"' in (row.value or b"")]
    assert len(looks) == 1


async def test_an_export_that_asks_too_little_or_too_much_is_refused_with_what_to_mend(
    sealed: httpx.AsyncClient, token: Tokens
) -> None:
    for body, status in (
        ({"site": "gudang"}, 400),
        ({"site": "gudang", "reason": "short"}, 400),
        (WHY, 400),
        ({"site": "nowhere", **WHY}, 404),
        ({"incident": "12", **WHY}, 400),
        ({"site": "gudang", "since": "2026-11-23T00:00:00", **WHY}, 400),
        ({"site": "gudang", "everything": True, **WHY}, 400),
    ):
        answer = await sealed.post("/v1/exports", json=body, headers=token())
        assert answer.status_code == status, (body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    for role in ("officer", "operator", "partner"):
        refused = await sealed.post("/v1/exports", json=WHY, headers=token(role))
        assert refused.status_code == 403


async def test_the_openapi_document_lists_filters_proofs_and_exports(
    client: httpx.AsyncClient,
) -> None:
    paths = (await client.get("/schema/openapi.json")).json()["paths"]
    names = {each["name"] for each in paths["/v1/events"]["get"]["parameters"]}
    assert names >= {
        "type", "site", "unit", "alert", "device", "actor", "id", "from", "to", "status", "reason",
        "cursor", "limit",
    }  # fmt: skip
    proof = paths["/v1/events/{event_id}/proof"]["get"]["parameters"]
    assert {each["name"] for each in proof} >= {"event_id", "size", "since"}
    between = paths["/v1/consistency"]["get"]["parameters"]
    assert {each["name"] for each in between} == {"from", "to"}
    assert "post" in paths["/v1/exports"]
