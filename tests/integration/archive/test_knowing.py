"""No login learns over HTTP of what accuses its unit or is for others: by no route, in no role."""

import asyncio
import base64
import io
import zipfile
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import replace
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from services.archive.adapters.seal_keys import make_key
from services.archive.app import running
from services.archive.settings import ArchiveSettings, SealSettings
from shared.auth import ROLES
from shared.events.media import Media, MediaStored, media_id
from shared.events.registry import encode
from shared.topics import ALERT, INCIDENT, MEDIA, PATROL, QUARANTINE, TopicSpec
from tests.integration.archive.conftest import Tokens
from tests.integration.archive.witnesses import send
from tests.unit.archive.builders import NIGHT, UNIT, an_event, an_id
from tests.waiting import eventually

SOKO = f"{UNIT}/polsek-soko"
UNITS = (UNIT, SOKO, f"{SOKO}/pos-1")
WHY = "permintaan Bawaslu 12/XI/2026"
SITE = "kantor-desa"
PHOTO = b"\xff\xd8\xff\xe0" + b"saksi" * 1_000
HASH = sha256(PHOTO).hexdigest()
SECRET = "perangkat desa membagi amplop"
ACCUSES = {"roles": ["commander", "supervisor"], "hidden_from": [SOKO]}
HIDDEN = ("report", "raised", "answer", "backup", "forged", "photo")
IDS = {name: an_id(name) for name in HIDDEN} | {"photo": media_id(HASH)}
ROUTES: dict[str, list[dict[str, str]]] = {
    "GET /v1/events": [
        {"site": SITE},
        {"alert": an_id("alert")},
        {"id": IDS["report"]},
        {"type": "ronda.incident.", "limit": "1"},
        {"status": "aside"},
        {"actor": "p-1", "reason": WHY},
    ],
    "GET /v1/events/{event_id}": [{}],
    "GET /v1/events/{event_id}/proof": [{}],
    "GET /v1/media/{sha256}": [{}],
    "POST /v1/exports": [{"incident": an_id("alert")}, {"site": SITE}],
    # These tell of no event: counts by topic, and the log's own hashes.
    "GET /v1/stats": [{}],
    "GET /v1/consistency": [{"from": "1", "to": "1"}],
    "GET /v1/checkpoints": [{}],
}


def story() -> list[tuple[TopicSpec, bytes]]:
    """A restricted report with all that belongs to it, and one that is nobody's secret."""
    said = {"restrictedto": "commander,supervisor", "hiddenfrom": SOKO}
    accusing = {"category": "neutrality_breach", "text": SECRET, "media": [HASH]}
    part = {"event": IDS["report"], "text": SECRET}
    alert = {"id": an_id("alert"), "restricted": ACCUSES, "parts": [part]}
    photo = MediaStored(
        specversion="1.0",
        id=media_id(HASH),
        source="ronda/checkin",
        time=NIGHT,
        unit=SOKO,
        data=Media(sha256=HASH, content_type="image/jpeg", size=len(PHOTO), content=PHOTO),
    )
    return [
        (INCIDENT, told("report", "incident.reported", accusing, **said)),
        (QUARANTINE, told("forged", "incident.reported", accusing, **said)),
        (ALERT, told("raised", "alert.raised", alert)),
        (PATROL, told("answer", "dispatch.accepted", {"alert": an_id("alert"), "crew": "R-1"})),
        (
            INCIDENT,
            told("backup", "backup.requested", {"incident": IDS["report"], "text": SECRET}),
        ),
        (MEDIA, encode(photo)),
        (INCIDENT, told("open", "incident.reported", {"category": "suspicious_person"})),
    ]


def told(name: str, kind: str, data: Mapping[str, object], **stamps: str) -> bytes:
    return an_event(name, type=f"ronda.{kind}.v1", unit=SOKO, subject=SITE, data=data, **stamps)


@pytest.fixture
async def client(
    settings: ArchiveSettings, sender: AIOKafkaProducer, token: Tokens, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """A running, sealed archive that holds the story."""
    make_key(tmp_path / "seal.pem")
    seal = SealSettings(origin="ronda/test", unit=UNIT, key_file=tmp_path / "seal.pem", every_s=1.0)
    for topic, value in story():
        await send(sender, settings.kafka, topic, value)
    async with (
        running(replace(settings, seal=seal)) as app,
        httpx.AsyncClient(base_url=app.url, trust_env=False, timeout=20) as made,
    ):

        async def proved() -> bool:
            paths = (f"/v1/events/{each}/proof" for each in IDS.values())
            answers = [await made.get(path, headers=token()) for path in paths]
            return all(answer.status_code == 200 for answer in answers)

        await eventually(proved, within=40)
        yield made


def asked(
    client: httpx.AsyncClient, route: str, query: dict[str, str], headers: dict[str, str]
) -> list[Coroutine[Any, Any, httpx.Response]]:
    """The questions of a route, one for each event of the story where it takes one."""
    method, _, path = route.partition(" ")
    if method == "POST":
        return [client.post(path, json=query | {"reason": WHY}, headers=headers)]
    ids = IDS.values() if "{event_id}" in path else [""]
    paths = [path.replace("{event_id}", each).replace("{sha256}", HASH) for each in ids]
    return [client.get(each, params=query, headers=headers) for each in paths]


def shown(answer: httpx.Response) -> set[str]:
    """What of the story an answer tells of, beyond what its question named."""
    if answer.content.startswith(b"PK"):
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        text = "".join(archive.read(name).decode(errors="replace") for name in archive.namelist())
    elif answer.is_success and answer.request.url.path.endswith("/proof"):
        text = base64.b64decode(answer.json()["record"]["value"]).decode()
    else:
        text = answer.content.decode(errors="replace")
    url, body = str(answer.request.url), answer.request.content.decode()
    named = {name for name, each in IDS.items() if each in url + body and not answer.is_success}
    found = {name for name, each in IDS.items() if each in text} - named
    secret = {"text"} if SECRET in text or PHOTO in answer.content else set()
    return found | secret


async def test_every_route_of_the_archive_is_asked(client: httpx.AsyncClient) -> None:
    document = (await client.get("/schema/openapi.json")).json()
    routes = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
        if path.startswith("/v1/")
    }
    assert routes == set(ROUTES)


async def test_no_route_tells_any_role_in_any_unit_of_what_it_may_not_know(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    told: set[tuple[str, str]] = set()
    for route, role, unit in product(ROUTES, ROLES, UNITS):
        may = unit == UNIT and role in {"commander", "supervisor", "auditor"}
        headers = token(role, unit)
        answers = [each for query in ROUTES[route] for each in asked(client, route, query, headers)]
        for answer in await asyncio.gather(*answers):
            assert answer.status_code < 500, answer.text
            if shown(answer):
                assert may, (route, role, unit, answer.text)
                told.add((route, role))
            elif "{" in route and answer.status_code != 403:
                # Like what is not there at all.
                assert answer.status_code == 404, (route, role, unit)
    of_records = {route for route in ROUTES if "{" in route} | {
        "GET /v1/events",
        "POST /v1/exports",
    }
    # And it tells those who may know: otherwise this test sees nothing at all.
    assert told == {*product(of_records, ("commander", "supervisor", "auditor"))}


async def test_what_accuses_nobody_is_still_shown_to_the_unit(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    answer = await client.get("/v1/events", params={"site": SITE}, headers=token("operator", SOKO))
    assert [each["id"] for each in answer.json()["items"]] == [an_id("open")]
    answers = await asyncio.gather(
        *(client.get(f"/v1/events/{an_id('open')}", headers=token(role, SOKO))
          for role in ("operator", "commander", "auditor"))
    )  # fmt: skip
    assert [each.status_code for each in answers] == [200, 200, 200]
