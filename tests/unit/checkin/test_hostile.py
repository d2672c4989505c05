"""What a hostile client may write: it is answered, and what was accepted is JSON for everybody."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

from shared.auth import Issuer, generate_keys
from shared.events.registry import decode_envelope
from tests.unit.checkin.builders import NOW, UNIT, an_event
from tests.unit.checkin.service import Service

MIB = 1_048_576
NUMBERS = [
    b"NaN",
    b"-NaN",
    b"Infinity",
    b"-Infinity",
    b"1e400",
    b"-1e400",
    b"1e-400",
    b"-0",
    b"01",
    b"+1",
    b".5",
    b"5.",
    b"0x10",
    b"9" * 400,
    b"18446744073709551616",
    b"-9223372036854775809",
]
STRINGS = [
    rb'"\u0000"',
    b'"\x00"',
    b'"\x1f"',
    rb'"\ud800"',
    rb'"\udc00\ud800"',
    rb'"\ud83d\ude00"',
    rb'"\ufffe\uffff"',
    rb'"\x41"',
    b'"\xff\xfe"',
    b'"\xc0\xaf"',
    b'"\xed\xa0\x80"',
    b'"\xf4\x90\x80\x80"',
    b'"\xe2\x80\xae\xe2\x81\xa6"',
    b'"' + "e\u0301".encode() * 2_000 + b'"',
    b'"unclosed',
    b'"\xef\xbb\xbf"',
]
SHAPES = [
    b'{"' + b"k" * 10_000 + b'":1}',
    b'{"":1}',
    rb'{"\u0000":1}',
    b'{"a":1,"a":2}',
    b'{"__proto__":{"role":"admin"}}',
    b'{"a":1,}',
    b"[" * 65 + b"]" * 65,
    b"/* a word */ 1",
]
PAYLOADS = [*NUMBERS, *STRINGS, *SHAPES]


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(generate_keys(tmp_path))


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A tool's, whose events need no signature."""
    token = Issuer(service.keys["checkin"]).token(
        actor="p-1021", name="Sari", role="officer", unit=UNIT, now=NOW
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(service.app()),
        base_url="http://test",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    ) as client:
        yield client


def _never(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON")


def _with(payload: bytes, place: str) -> tuple[str, bytes]:
    """An event with the payload in that place: its id and its text."""
    event: dict[str, Any] = an_event(device=None)
    if place == "beside":
        event["x_beside"] = "HERE"
    else:
        event["data"] |= {place: "HERE"}
    return event["id"], json.dumps(event).encode().replace(b'"HERE"', payload)


@pytest.mark.parametrize("place", ["category", "note", "x_future", "beside"])
async def test_none_of_forty_payloads_is_our_fault_or_reaches_a_reader_as_no_json(
    client: httpx.AsyncClient, service: Service, place: str
) -> None:
    assert len(PAYLOADS) == 40
    for payload in PAYLOADS:
        service.publisher.records.clear()
        event_id, body = _with(payload, place)
        for content in (body, b"[" + body + b"]"):
            answer = await client.post("/v1/events", content=content)
            assert answer.status_code in {202, 400}, (payload[:16], answer.text)
        for record in service.publisher.records:
            assert decode_envelope(record.value).id == event_id, payload[:16]
            json.loads(record.value.decode(), parse_constant=_never)


@pytest.mark.parametrize(
    ("method", "path", "most"),
    [
        ("POST", "/v1/events", MIB),
        ("PUT", f"/v1/media/{'0' * 64}", MIB),
        ("POST", "/v1/tokens", 8_192),
        ("POST", "/v1/enrolments", 8_192),
    ],
)
async def test_fifty_megabytes_are_answered_before_they_have_come(
    client: httpx.AsyncClient, method: str, path: str, most: int
) -> None:
    piece, taken = b" " * 4_096, 0

    async def fifty_megabytes() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken < 50 * MIB:
            taken += len(piece)
            yield piece

    answer = await client.request(method, path, content=fifty_megabytes())
    assert answer.status_code == 413
    assert taken <= most + 2 * len(piece)
