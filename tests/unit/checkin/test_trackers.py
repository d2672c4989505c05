"""Free tracker apps: what they send becomes a position, the same one however often it comes."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.checkin.domain.trackers import (
    NoPosition,
    as_event,
    of_osmand,
    of_owntracks,
    of_traccar,
)
from shared.auth import Issuer, generate_keys
from shared.events.identity import id_time_ms
from shared.events.position import PositionRecorded, Track
from shared.events.registry import decode
from shared.topics import POSITION, QUARANTINE
from tests.unit.checkin.builders import NOW, UNIT
from tests.unit.checkin.service import Service

FIXED = NOW - timedelta(seconds=30)
SECONDS = str(int(FIXED.timestamp()))
PLACE = {"lat": "-6.9131", "lon": "112.0662"}
OSMAND = {
    **PLACE,
    "timestamp": SECONDS,
    "speed": "10",
    "bearing": "360",
    "altitude": "12.5",
    "accuracy": "8",
    "batt": "81.4",
    "mock": "true",
}
OWNTRACKS = {
    "_type": "location",
    "lat": -6.9131,
    "lon": 112.0662,
    "tst": int(SECONDS),
    "acc": 8,
    "batt": 81,
    "vel": 36,
    "cog": 90,
    "tid": "s1",
}
TRACCAR = {
    "location": {
        "timestamp": FIXED.isoformat().replace("+00:00", "Z"),
        "coords": {"latitude": -6.9131, "longitude": 112.0662, "accuracy": 8, "speed": 5},
        "mock": True,
        "battery": {"level": 0.81, "is_charging": False},
    },
    "device_id": "481",
}


def track_of(told: Any) -> Track:
    assert told is not None
    track: Track = told.track
    return track


def test_osmands_units_become_ours() -> None:
    track = track_of(of_osmand(OSMAND, NOW))
    assert (track.position.lat, track.position.lon) == (-6.9131, 112.0662)
    assert (track.position.accuracy_m, track.position.mock) == (8, True)
    assert track.position.fixed_at == FIXED
    assert (track.speed_mps, track.heading_deg, track.battery_percent) == (5.144, 0, 81)


def test_owntracks_units_become_ours() -> None:
    track = track_of(of_owntracks(json.dumps(OWNTRACKS).encode(), NOW))
    assert track.position.fixed_at == FIXED
    assert (track.speed_mps, track.heading_deg, track.battery_percent) == (10, 90, 81)
    assert not track.position.mock
    pretended = json.dumps(OWNTRACKS | {"mock": True}).encode()
    assert track_of(of_owntracks(pretended, NOW)).position.mock


def test_traccars_units_become_ours() -> None:
    track = track_of(of_traccar(json.dumps(TRACCAR).encode(), NOW))
    assert track.position.fixed_at == FIXED
    assert (track.position.accuracy_m, track.position.mock) == (8, True)
    assert (track.speed_mps, track.battery_percent) == (5, 81)


@pytest.mark.parametrize(
    "said",
    [SECONDS, f"{SECONDS}000", FIXED.isoformat(), FIXED.replace(tzinfo=None).isoformat(" ")],
)
def test_a_time_is_seconds_milliseconds_or_a_date(said: str) -> None:
    told = of_osmand(PLACE | {"timestamp": said}, NOW)
    assert told is not None
    assert told.at == FIXED


def test_without_a_time_it_is_now_and_no_fix_is_no_position() -> None:
    told = of_osmand({"location": "-6.9131,112.0662"}, NOW)
    assert told is not None
    assert told.at == NOW
    assert of_osmand(OSMAND | {"valid": "false"}, NOW) is None


@pytest.mark.parametrize("body", [b"", b"  ", b'{"_type":"lwt"}', b'{"_type":"encrypted"}', b"{}"])
def test_what_is_no_location_of_owntracks_is_passed_over(body: bytes) -> None:
    assert of_owntracks(body, NOW) is None


@pytest.mark.parametrize(
    "wrong",
    [{"lat": "91"}, {"lat": "nan"}, {"lon": ""}, {"lon": "east"}, {"timestamp": "yesterday"}],
)
def test_without_a_place_or_with_a_time_that_is_none_it_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(NoPosition):
        of_osmand(OSMAND | wrong, NOW)


_ANYTHING = st.text(max_size=20) | st.floats().map(str) | st.integers().map(str)
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*OSMAND, "valid", "location", "heading"]), _ANYTHING))
def test_whatever_a_tracker_says_is_a_position_that_readers_know_or_is_refused(
    fields: dict[str, str],
) -> None:
    try:
        told = of_osmand(PLACE | fields, NOW)
    except NoPosition:
        return
    if told is not None:
        event = as_event(told, "d-1", b"said")
        assert msgspec.json.decode(event.data, type=Track) == told.track


@given(st.dictionaries(st.sampled_from([*OWNTRACKS, "mock"]), _JSON))
def test_whatever_owntracks_says_is_a_position_that_readers_know_or_is_refused(
    fields: dict[str, Any],
) -> None:
    try:
        told = of_owntracks(json.dumps(OWNTRACKS | fields).encode(), NOW)
    except NoPosition:
        return
    if told is not None:
        event = as_event(told, "d-1", b"said")
        assert msgspec.json.decode(event.data, type=Track) == told.track


@given(st.binary(max_size=40), st.binary(max_size=40), st.sampled_from(["d-1", "d-2"]))
def test_the_id_is_of_the_fix_the_device_and_the_bytes(
    one: bytes, other: bytes, device: str
) -> None:
    told = of_osmand(OSMAND, NOW)
    assert told is not None
    event = as_event(told, "d-1", one)
    assert id_time_ms(event.id) == FIXED.timestamp() * 1000
    same = (one, "d-1") == (other, device)
    assert (as_event(told, device, other).id == event.id) == same


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(generate_keys(tmp_path))


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(service.app()), base_url="http://test"
    ) as client:
        yield client


def token_of(service: Service, device: str | None = "t-07", role: str = "officer") -> str:
    return Issuer(service.keys["checkin"]).token(
        actor="p-1021", name="Sari", role=role, unit=UNIT, now=service.clock(), device=device
    )


def basic(token: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"sari:{token}".encode()).decode()}


async def test_every_way_of_the_apps_ends_in_one_position_on_the_topic(
    service: Service, client: httpx.AsyncClient
) -> None:
    token = token_of(service)
    named = {"id": token}
    json_type = {"Content-Type": "application/json"}
    answers = [
        await client.get("/osmand", params=OSMAND | named),
        await client.post("/osmand", params=OSMAND | named),
        await client.post("/osmand", params=named, data=OSMAND),
        await client.get("/osmand", params=OSMAND | {"deviceid": token}),
        await client.get("/osmand", params=OSMAND, headers=basic(token)),
        await client.get("/osmand", params=OSMAND, headers={"Authorization": f"Bearer {token}"}),
        await client.post("/osmand", params=named, json=TRACCAR, headers=json_type),
        await client.post("/owntracks", json=OWNTRACKS, headers=basic(token)),
    ]
    assert [answer.status_code for answer in answers] == [200] * 8
    assert answers[-1].json() == []
    assert {record.topic for record in service.publisher.records} == {POSITION}
    events = [decode(record.value) for record in service.publisher.records]
    for event in events:
        assert isinstance(event, PositionRecorded)
        assert (event.device, event.actor, event.channel) == ("t-07", "p-1021", "tracker")
        assert event.flags is not None
        assert "unsigned" in event.flags.split(",")
        assert token not in str(event)
    flagged = [event for event in events if event.flags and "mock_location" in event.flags]
    assert len(flagged) == 7
    # The first six are the same message, with the credential in another place.
    assert len({event.id for event in events}) == 3


@pytest.mark.parametrize("path", ["/osmand", "/owntracks"])
async def test_nobody_is_let_in_without_a_token_for_a_device(
    service: Service, client: httpx.AsyncClient, path: str
) -> None:
    async def asked(headers: dict[str, str]) -> int:
        answer = await client.post(path, params=OSMAND, json=OWNTRACKS, headers=headers)
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code

    assert await asked({}) == 401
    for wrong in ("Basic", "Basic ?", "Basic eA==", "Digest x", basic("x")["Authorization"]):
        assert await asked({"Authorization": wrong}) == 401, wrong
    assert await asked(basic(token_of(service, device=None))) == 403
    assert await asked(basic(token_of(service, role="auditor"))) == 403
    assert service.publisher.records == []


async def test_owntracks_takes_no_token_from_a_query(
    service: Service, client: httpx.AsyncClient
) -> None:
    params = {"id": token_of(service)}
    assert (await client.post("/owntracks", params=params, json=OWNTRACKS)).status_code == 401


async def test_a_tracker_in_the_name_of_an_enrolled_phone_is_evidence_only(
    service: Service, client: httpx.AsyncClient
) -> None:
    for token in (token_of(service, service.phone.id), service.token()):
        answer = await client.get("/osmand", params=OSMAND | {"id": token})
        assert answer.status_code == 403
        assert answer.json()["extra"]["code"] == "missing_signature"
    assert {record.topic for record in service.publisher.records} == {QUARANTINE}


async def test_what_is_no_position_is_counted_and_what_is_wrong_is_told(
    service: Service, client: httpx.AsyncClient
) -> None:
    headers = basic(token_of(service))
    for message in ({"_type": "lwt", "tst": 1}, {"_type": "waypoints", "waypoints": []}):
        answer = await client.post("/owntracks", json=message, headers=headers)
        assert (answer.status_code, answer.json()) == (200, [])
    wrong = await client.post("/owntracks", json=OWNTRACKS | {"lat": 100}, headers=headers)
    assert wrong.status_code == 400
    assert "latitude" in wrong.json()["detail"]
    large = await client.post("/owntracks", content=b" " * 9_000, headers=headers)
    assert large.status_code == 413
    assert "ronda_tracker_messages_ignored_total 2.0" in (await client.get("/metrics")).text
    assert service.publisher.records == []


def test_the_moment_of_a_fix_keeps_its_day() -> None:
    told = of_osmand(PLACE | {"timestamp": "0"}, NOW)
    assert told is not None
    assert told.at == datetime(1970, 1, 1, tzinfo=UTC)
