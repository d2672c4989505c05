"""What a viewer of the live stream gets: what it may see, in order, from where it left off."""

import asyncio
from typing import Any

import msgspec
import pytest
from aiokafka import ConsumerRecord
from msgspec.structs import replace

from services.alerts.adapters.stream import QUEUE, Stream, Viewer, framed, parse_id
from shared.events.alert import AlertRaised
from shared.events.registry import encode
from shared.events.samples import samples
from tests.builders import POLRES, POLSEK, a_principal
from tests.contract.alert_rows import NOW, id_of

RAISED = next(each for each in samples().values() if isinstance(each, AlertRaised))
EVERYBODY = a_principal(unit=POLRES)


def a_record(offset: int, partition: int = 0, **changes: Any) -> Any:
    event = replace(RAISED, id=id_of(f"{partition}:{offset}"), **changes)
    return a_raw_record(offset, partition, encode(event))


def a_raw_record(offset: int, partition: int, value: bytes | None) -> Any:
    return ConsumerRecord(
        topic="ronda.alert",
        partition=partition,
        offset=offset,
        timestamp=0,
        timestamp_type=1,
        key=b"gudang",
        value=value,
        checksum=None,
        serialized_key_size=6,
        serialized_value_size=len(value or b""),
        headers=(),
    )


class Message(msgspec.Struct):
    event: str
    id: str
    data: Any


async def messages(viewer: Viewer) -> list[Message]:
    """What waits for a viewer, without the clock."""
    async with asyncio.timeout(1):
        body = await viewer.take()
    blocks = [
        dict(line.split(": ", 1) for line in block.splitlines() if line.strip())
        for block in body.decode().split("\n\n")
        if block
    ]
    found = [
        Message(each["event"], each["id"], msgspec.json.decode(each["data"])) for each in blocks
    ]
    return [each for each in found if each.event != "clock"]


def opened(stream: Stream) -> Stream:
    stream.opened({0: 10, 1: 20})
    return stream


@pytest.fixture
def stream() -> Stream:
    return opened(Stream(lambda: NOW, lambda: 0.0))


async def test_a_viewer_gets_the_bytes_that_kafka_has(stream: Stream) -> None:
    viewer = stream.join(EVERYBODY, None)
    record = a_record(10)
    stream.feed([record])
    async with asyncio.timeout(1):
        body = await viewer.take()
    assert b"event: alert\nid: 0:11,1:20\ndata: " + record.value + b"\n\n" in body


async def test_the_first_message_says_the_time_the_lag_and_the_place() -> None:
    stream = opened(Stream(lambda: NOW, lambda: 3.14159))
    viewer = stream.join(EVERYBODY, None)
    async with asyncio.timeout(1):
        body = (await viewer.take()).decode()
    assert body.startswith("event: clock\nid: 0:10,1:20\ndata: ")
    data = msgspec.json.decode(body.split("data: ")[1])
    assert data == {
        "now": "2024-02-12T20:00:00Z",
        "lag_s": 3.1,
        "last_id": "0:10,1:20",
        "operators": 1,
    }


async def test_the_time_comes_with_how_many_may_act_at_the_boards_of_a_unit(
    stream: Stream,
) -> None:
    siti = stream.join(a_principal("Siti"), None)
    again = stream.join(a_principal("Siti"), None)
    for name, role, unit in (
        ("Joko", "commander", POLRES),
        ("Bawaslu", "auditor", POLRES),
        ("Soko", "supervisor", POLSEK),
    ):
        stream.join(a_principal(name, role=role, unit=unit), None)
    await siti.take()
    await stream.beat()
    assert operators(await siti.take()) == 2
    again.leave()
    stream.part(siti)
    await again.take()
    late = stream.join(a_principal("Sari"), None)
    assert operators(await late.take()) == 2


def operators(body: bytes) -> int:
    data = body.decode().rsplit("event: clock", 1)[1].split("data: ")[1]
    return int(msgspec.json.decode(data)["operators"])


@pytest.mark.parametrize(
    ("unit", "sees"),
    [
        (POLRES, True),
        (POLSEK, True),
        (f"{POLSEK}/pos-1", False),
        ("polda-jatim", True),
        (f"{POLRES}-lain", False),
        ("polda-jatim/polres-lamongan", False),
    ],
)
async def test_a_viewer_sees_its_unit_and_those_below(
    stream: Stream, unit: str, sees: bool
) -> None:
    viewer = stream.join(a_principal(unit=unit), None)
    stream.feed([a_record(10, unit=POLSEK)])
    assert bool(await messages(viewer)) is sees


async def test_an_event_without_a_unit_is_nobodys(stream: Stream) -> None:
    viewer = stream.join(EVERYBODY, None)
    stream.feed([a_record(10, unit=None)])
    assert await messages(viewer) == []


async def test_visits_and_notifications_have_names_of_their_own(stream: Stream) -> None:
    viewer = stream.join(EVERYBODY, None)
    wanted = ("ronda.visit.missed.v1", "ronda.notification.failed.v1", "ronda.alert.closed.v1")
    for number, name in enumerate(wanted):
        event = replace(samples()[name], unit=POLRES)
        stream.feed([a_raw_record(10 + number, 0, encode(event))])
    assert [each.event for each in await messages(viewer)] == ["visit", "notification", "alert"]


async def test_who_comes_back_gets_what_it_missed_and_nothing_twice(stream: Stream) -> None:
    first = stream.join(EVERYBODY, None)
    stream.feed([a_record(10), a_record(20, 1)])
    last = (await messages(first))[-1].id
    stream.part(first)
    stream.feed([a_record(11), a_record(21, 1)])
    second = stream.join(EVERYBODY, last)
    stream.feed([a_record(12)])
    ids = [each.data["id"] for each in await messages(second)]
    assert ids == [id_of("0:11"), id_of("1:21"), id_of("0:12")]


async def test_who_comes_back_sees_only_what_it_may(stream: Stream) -> None:
    stream.feed([a_record(10, unit="polda-jatim/polres-lamongan"), a_record(11)])
    viewer = stream.join(EVERYBODY, "0:10,1:20")
    assert [each.data["id"] for each in await messages(viewer)] == [id_of("0:11")]


@pytest.mark.parametrize(
    "last_event_id",
    ["", "nonsense", "0:9,1:20", "0:10", "0:10,1:99", "0:-1,1:20", "0:x,1:20", "😀", "0:10,1:20,"],
)
async def test_who_comes_back_from_a_place_that_is_not_known_starts_anew(
    stream: Stream, last_event_id: str
) -> None:
    stream.feed([a_record(10)])
    viewer = stream.join(EVERYBODY, last_event_id)
    assert [(each.event, each.data) for each in await messages(viewer)] == [("reset", {})]


async def test_what_left_the_ring_is_a_reset() -> None:
    stream = opened(Stream(lambda: NOW, lambda: 0.0, ring_bytes=3 * len(encode(RAISED))))
    stream.feed([a_record(10 + number) for number in range(5)])
    viewer = stream.join(EVERYBODY, "0:10,1:20")
    assert [each.event for each in await messages(viewer)] == ["reset"]
    viewer = stream.join(EVERYBODY, "0:14,1:20")
    assert [each.data["id"] for each in await messages(viewer)] == [id_of("0:14")]


async def test_more_than_a_queue_holds_is_a_reset(stream: Stream) -> None:
    stream.feed([a_record(10 + number) for number in range(QUEUE)])
    viewer = stream.join(EVERYBODY, "0:10,1:20")
    assert [each.event for each in await messages(viewer)] == ["reset"]
    assert not viewer.over


async def test_a_viewer_that_is_too_slow_is_let_go_and_the_others_stay(stream: Stream) -> None:
    slow = stream.join(EVERYBODY, None)
    quick = stream.join(EVERYBODY, None)
    for number in range(QUEUE + 1):
        stream.feed([a_record(10 + number)])
        await quick.take()
    assert slow.over
    assert await slow.take() == b""
    assert not quick.over


async def test_a_beat_tells_everybody_the_time(stream: Stream) -> None:
    viewer = stream.join(EVERYBODY, None)
    await viewer.take()
    assert await stream.beat() == 5.0
    assert (await viewer.take()).startswith(b"event: clock\n")


async def test_closing_ends_every_stream(stream: Stream) -> None:
    viewers = [stream.join(EVERYBODY, None) for _ in range(3)]
    stream.close()
    assert [await viewer.take() for viewer in viewers] == [b"", b"", b""]


async def test_an_unreadable_record_stops_nobody(stream: Stream) -> None:
    viewer = stream.join(EVERYBODY, None)
    stream.feed([a_raw_record(10, 0, b"\xff"), a_raw_record(11, 0, None), a_record(12)])
    assert [each.id for each in await messages(viewer)] == ["0:13,1:20"]


def test_data_of_many_lines_cannot_break_out_of_its_message() -> None:
    body = framed("alert", b'{"a":\n1,\r\n"b":\r2}\nevent: forged', "0:1")
    assert body.decode().splitlines() == [
        "event: alert",
        "id: 0:1",
        'data: {"a":',
        "data: 1,",
        'data: "b":',
        "data: 2}",
        "data: event: forged",
        "",
    ]


def test_a_message_id_comes_back_as_it_was() -> None:
    assert parse_id("0:12,1:7") == {0: 12, 1: 7}
