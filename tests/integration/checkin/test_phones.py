"""Phones on a real broker: enrolled once, trusted by their key, gone soon after a revocation."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from services.checkin.app import running
from services.checkin.settings import CheckinSettings
from shared.auth import Issuer
from shared.clock import system_clock
from shared.events.alert import AlertAcknowledged, Owner
from shared.events.device import DeviceRevoked, Revocation
from shared.events.identity import new_id
from shared.events.media import MediaStored, media_id
from shared.events.operator import OperatorRevoked
from shared.events.operator import Revocation as OperatorEnd
from shared.events.registry import decode, decode_envelope
from shared.events.samples import samples
from shared.plan.model import Person
from shared.topics import ALERT, DEVICE, INCIDENT, MEDIA, QUARANTINE
from tests.integration.checkin.conftest import publish, publish_plan, records_of
from tests.unit.checkin.builders import UNIT, a_plan
from tests.unit.checkin.phones import Phone
from tests.waiting import eventually

REPLICAS = 3
PHOTO = b"\xff\xd8\xff\xe0" + b"gerbang" * 1000


@pytest.fixture
async def replicas(settings: CheckinSettings) -> AsyncIterator[list[httpx.AsyncClient]]:
    """A client for each of three replicas."""
    await publish_plan(settings.kafka, a_plan())
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(REPLICAS):
            app = await stack.enter_async_context(running(settings))
            client = httpx.AsyncClient(base_url=app.url, timeout=30, trust_env=False)
            clients.append(await stack.enter_async_context(client))
        yield clients


async def invite(settings: CheckinSettings, phone: Phone) -> None:
    soon = system_clock() + timedelta(minutes=15)
    await publish(settings.kafka, DEVICE, phone.invitation(expires_at=soon))


async def revoke(settings: CheckinSettings, phone: Phone) -> None:
    now = system_clock()
    data = Revocation(device=phone.id, reason="hilang")
    event = DeviceRevoked(specversion="1.0", id=new_id(now), source="t", time=now, data=data)
    await publish(settings.kafka, DEVICE, event)


async def enrol(client: httpx.AsyncClient, phone: Phone) -> httpx.Response:
    body = {"code": phone.code.lower(), "key": msgspec.to_builtins(phone.key), "label": "uji"}
    return await client.post("/v1/enrolments", json=body)


async def token(client: httpx.AsyncClient, phone: Phone) -> httpx.Response:
    return await client.post("/v1/tokens", json=phone.token_request(system_clock()))


async def enrolled(
    settings: CheckinSettings, client: httpx.AsyncClient, phone: Phone
) -> dict[str, str]:
    """Enrols a phone; the header that it is known by from then on."""
    await invite(settings, phone)
    assert (await enrol(client, phone)).status_code == 201
    granted = await token(client, phone)
    assert granted.status_code == 200, granted.text
    return {"Authorization": f"Bearer {granted.json()['token']}"}


async def test_a_phone_enrols_gets_a_token_and_its_events_are_its_own(
    settings: CheckinSettings, replicas: list[httpx.AsyncClient]
) -> None:
    here, there, _ = replicas
    phone = Phone()
    await invite(settings, phone)
    answer = await enrol(here, phone)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["device"], told["actor"], told["role"]) == (phone.id, "p-1021", "officer")
    again = await enrol(there, phone)
    assert (again.status_code, again.json()["device"]) == (201, phone.id)
    granted = (await token(there, phone)).json()
    assert datetime.fromisoformat(granted["expires_at"]) > datetime.fromisoformat(granted["now"])
    headers = {"Authorization": f"Bearer {granted['token']}"}
    sent = await here.post("/v1/events", json=[phone.event()], headers=headers)
    assert sent.json()["results"][0]["status"] == "accepted"
    [record] = await records_of(settings.kafka, INCIDENT)
    event = decode_envelope(record.value)
    assert "unsigned" not in event.flag_set
    assert (event.actor, event.device) == ("p-1021", phone.id)


async def test_one_code_shown_at_three_replicas_at_once_has_one_winner_everywhere(
    settings: CheckinSettings, replicas: list[httpx.AsyncClient]
) -> None:
    rivals = [Phone() for _ in range(12)]
    await invite(settings, rivals[0])
    answers = await asyncio.gather(
        *(enrol(replicas[number % REPLICAS], phone) for number, phone in enumerate(rivals))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    winner = rivals[[answer.status_code for answer in answers].index(201)]
    assert {a.json()["extra"]["code"] for a in answers if a.status_code == 409} == {"used_code"}
    for replica in replicas:
        assert (await token(replica, winner)).status_code == 200
    loser = next(phone for phone in rivals if phone is not winner)
    assert (await token(replicas[0], loser)).json()["extra"]["code"] == "unknown_device"


async def test_a_revoked_phone_is_refused_everywhere_and_its_queue_is_evidence(
    settings: CheckinSettings, replicas: list[httpx.AsyncClient]
) -> None:
    phone = Phone()
    headers = await enrolled(settings, replicas[0], phone)
    queue = [phone.event() for _ in range(25)]
    await revoke(settings, phone)

    async def is_refused_everywhere() -> bool:
        answers = [await token(replica, phone) for replica in replicas]
        return all(
            answer.status_code == 401 and answer.json()["extra"]["code"] == "revoked"
            for answer in answers
        )

    began = time.perf_counter()
    await eventually(is_refused_everywhere)
    sys.stdout.write(f"refused by all after {time.perf_counter() - began:.2f} s\n")
    for replica in replicas:
        assert (await replica.get("/v1/assignment", headers=headers)).status_code == 401
        answer = await replica.post("/v1/events", json=queue, headers=headers)
        assert {result["code"] for result in answer.json()["results"]} == {"revoked"}
    kept = [decode_envelope(r.value) for r in await records_of(settings.kafka, QUARANTINE)]
    assert {event.id for event in kept} == {event["id"] for event in queue}
    assert {event.flags for event in kept} == {"revoked"}
    assert await records_of(settings.kafka, INCIDENT) == []


async def test_a_phone_that_is_an_hour_wrong_is_told_the_time_and_then_let_in(
    settings: CheckinSettings, replicas: list[httpx.AsyncClient]
) -> None:
    client, phone = replicas[0], Phone()
    await enrolled(settings, client, phone)
    wrong = system_clock() - timedelta(hours=1)
    refused = await client.post("/v1/tokens", json=phone.token_request(wrong))
    assert (refused.status_code, refused.json()["extra"]["code"]) == (401, "clock")
    correction = datetime.fromisoformat(refused.json()["extra"]["now"]) - wrong
    dated = parsedate_to_datetime(refused.headers["date"]) - wrong
    # Whole seconds, which the server renews when it comes to it: far less than what is corrected.
    assert abs((dated - correction).total_seconds()) < 30
    granted = await client.post(
        "/v1/tokens", json=phone.token_request(system_clock() - timedelta(hours=1) + correction)
    )
    assert granted.status_code == 200
    headers = {
        "Authorization": f"Bearer {granted.json()['token']}",
        "Ronda-Sent-At": (system_clock() - timedelta(hours=1) + correction).isoformat(),
    }
    now = (system_clock() - timedelta(hours=1) + correction).isoformat()
    await client.post("/v1/events", json=[phone.event(time=now)], headers=headers)
    [record] = await records_of(settings.kafka, INCIDENT)
    assert decode_envelope(record.value).flag_set.isdisjoint({"clock_skew", "late"})


async def test_what_is_wrong_with_a_request_for_a_code_or_a_token_is_said(
    settings: CheckinSettings, replicas: list[httpx.AsyncClient]
) -> None:
    client, phone = replicas[0], Phone()
    await enrolled(settings, client, phone)
    stale = Phone(code="AAAA-AAAA-AAAA-AAAA")
    ended = system_clock() - timedelta(seconds=1)
    await publish(settings.kafka, DEVICE, stale.invitation(expires_at=ended))
    twice = Phone(code="BBBB-BBBB-BBBB-BBBB", private=phone.private)
    await invite(settings, twice)
    good = phone.token_request(system_clock())
    key = msgspec.to_builtins(phone.key)
    attempts: list[tuple[httpx.Response, int, str | None]] = [
        (await enrol(client, Phone(code="CCCC-CCCC-CCCC-CCCC")), 404, "unknown_code"),
        (await enrol(client, stale), 410, "expired_code"),
        (await enrol(client, twice), 409, "used_key"),
        (await enrol(client, Phone()), 409, "used_code"),
        (await client.post("/v1/enrolments", json={"code": "x", "key": key | {"y": "A" * 43}}),
         400, "key"),
        (await client.post("/v1/enrolments", json={"code": "x"}), 400, None),
        (await client.post("/v1/tokens", json=good | {"signature": "A" * 86}), 401,
         "bad_signature"),
        (await client.post("/v1/tokens", json=good | {"at": "2023-11-29T00:00:00Z"}), 401,
         "bad_signature"),
        (await client.post("/v1/tokens", json=good | {"device": "d-0"}), 401, "unknown_device"),
        (await client.post("/v1/tokens", content=b"{"), 400, None),
        (await client.get("/v1/inbox"), 401, None),
        (await client.get("/v1/assignment"), 401, None),
    ]  # fmt: skip
    for number, (answer, status, code) in enumerate(attempts):
        assert answer.status_code == status, (number, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.json().get("extra") or {}).get("code") == code, number


async def test_the_inbox_waits_for_the_name_of_who_took_the_report(
    settings: CheckinSettings, replicas: list[httpx.AsyncClient]
) -> None:
    client, phone = replicas[0], Phone()
    headers = await enrolled(settings, client, phone)
    first = (await client.get("/v1/inbox", headers=headers)).json()
    assert first["items"] == []
    waiting = asyncio.create_task(
        client.get("/v1/inbox", headers=headers, params={"after": first["cursor"], "wait": 20})
    )
    event = samples()["ronda.alert.acknowledged.v1"]
    assert isinstance(event, AlertAcknowledged)
    owner = Owner(actor="s", name="Ipda Sari", role="operator", at=system_clock())
    taken = msgspec.structs.replace(event.data, owner=owner)
    await publish(settings.kafka, ALERT, msgspec.structs.replace(event, data=taken), key="gudang")
    page = (await waiting).json()
    [item] = page["items"]
    assert (item["kind"], item["owner"]["name"]) == ("report", "Ipda Sari")
    # The cursor is good on another replica, and one that starts later knows the same.
    later = await replicas[1].get(
        "/v1/inbox", headers=headers, params={"after": page["cursor"], "wait": 0}
    )
    assert later.json()["items"] == []
    async with running(settings) as fresh:
        known = await client.get(f"{fresh.url}/v1/inbox", headers=headers)
        assert known.json()["items"] == page["items"]


async def test_an_assignment_is_not_sent_twice(
    settings: CheckinSettings, replicas: list[httpx.AsyncClient]
) -> None:
    client, phone = replicas[0], Phone()
    headers = await enrolled(settings, client, phone)
    answer = await client.get("/v1/assignment", headers=headers)
    body: dict[str, Any] = answer.json()
    assert [site["id"] for site in body["sites"]] == ["gudang-logistik"]
    assert body["operation"]["id"] == a_plan().operation.id
    again = await replicas[1].get(
        "/v1/assignment", headers=headers | {"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_a_photo_is_kept_under_its_hash_and_a_repeat_is_the_same_event(
    settings: CheckinSettings, replicas: list[httpx.AsyncClient]
) -> None:
    client, phone = replicas[0], Phone()
    headers = await enrolled(settings, client, phone) | {"Content-Type": "image/jpeg"}
    name = sha256(PHOTO).hexdigest()
    headers["Ronda-Taken-At"] = datetime(2023, 11, 29, tzinfo=UTC).isoformat()
    for replica in replicas[:2]:
        answer = await replica.put(f"/v1/media/{name}", content=PHOTO, headers=headers)
        assert (answer.status_code, answer.json()) == (201, {"sha256": name, "size": len(PHOTO)})
    records = await records_of(settings.kafka, MEDIA)
    events = [decode(record.value) for record in records]
    assert [event.id for event in events] == [media_id(name)] * 2
    for event in events:
        assert isinstance(event, MediaStored)
        assert (event.data.content, event.device, event.time.year) == (PHOTO, phone.id, 2023)
    other = "0" * 64
    refused = [
        (await client.put(f"/v1/media/{other}", content=PHOTO, headers=headers), 400),
        (await client.put("/v1/media/x", content=PHOTO, headers=headers), 400),
        (await client.put(f"/v1/media/{other}", content=b"GIF89a", headers=headers), 415),
        (await client.put(f"/v1/media/{other}", content=PHOTO * 200, headers=headers), 413),
    ]
    assert [answer.status_code for answer, _ in refused] == [status for _, status in refused]
    assert len(await records_of(settings.kafka, MEDIA)) == 2


async def test_an_operator_who_was_revoked_sends_no_more(
    settings: CheckinSettings, replicas: list[httpx.AsyncClient], keys: dict[str, Path]
) -> None:
    now = system_clock()
    headers = {"Authorization": f"Bearer {_operator(keys)}"}
    assert (await replicas[0].post("/v1/events", json=[], headers=headers)).status_code == 202
    data = OperatorEnd(actor="n.wulandari", before=now + timedelta(seconds=5), reason="disabled")
    event = OperatorRevoked(specversion="1.0", id=new_id(now), source="t", time=now, data=data)
    await publish(settings.kafka, DEVICE, event)

    async def is_refused_everywhere() -> bool:
        answers = [await r.post("/v1/events", json=[], headers=headers) for r in replicas]
        return all(answer.status_code == 401 for answer in answers)

    await eventually(is_refused_everywhere)


def _operator(keys: dict[str, Path]) -> str:
    return Issuer(keys["alerts"]).token(
        actor="n.wulandari", name="N", role="operator", unit=UNIT, now=system_clock()
    )


async def test_on_every_replica_a_late_queue_stays_with_the_person_whose_shift_it_was(
    settings: CheckinSettings, replicas: list[httpx.AsyncClient]
) -> None:
    here, there, _ = replicas
    phone = Phone()
    await enrolled(settings, here, phone)
    queue = [phone.event() for _ in range(3)]
    budi = Person(id="p-2", name="Budi Laksono", rank="Bripda", unit=UNIT, role="officer")
    await publish_plan(settings.kafka, replace(a_plan("v2"), people=[budi]))

    async def granted() -> httpx.Response:
        request = phone.token_request(system_clock(), {"person": "p-2", "from": 2, "to": 2})
        answer = await here.post("/v1/tokens", json=request)
        return answer.raise_for_status()

    token_of_the_shift = (await eventually(granted)).json()["token"]
    headers = {"Authorization": f"Bearer {token_of_the_shift}"}
    assert (await there.post("/v1/events", json=queue, headers=headers)).status_code == 202
    events = [decode_envelope(each.value) for each in await records_of(settings.kafka, INCIDENT)]
    whose = {event.deviceseq: (event.actor, "outside_shift" in event.flag_set) for event in events}
    assert whose == {1: ("p-1021", True), 2: ("p-2", False), 3: ("p-1021", True)}
