"""Bodies: what is read, what is refused, and that one bad event spoils no other."""

from typing import Any

import msgspec
import pytest

from services.checkin.domain.incoming import (
    MAX_EVENTS,
    Incoming,
    Rejection,
    TooManyEvents,
    Unreadable,
    array_of_events,
    is_array,
    lines_of_events,
    one_event,
)
from tests.unit.checkin.builders import an_event

GOOD = msgspec.json.encode(an_event())
DEEP = GOOD[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
NOT_UTF_8 = GOOD.replace(b"suspicious_person", b"\xff\xfe")


def test_an_array_is_told_from_one_event() -> None:
    assert is_array(b" \n[]")
    assert not is_array(b'{"a":[]}')
    assert not is_array(b"")


def test_attributes_that_only_the_server_sets_are_not_even_read() -> None:
    forged = an_event(
        unit="x", actor="y", flags="", skew=1, channel="system", receivedtime="z", colour="red"
    )
    (item,) = one_event(msgspec.json.encode(forged))
    assert item == one_event(msgspec.json.encode(an_event(id=forged["id"])))[0]


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", GOOD + GOOD, DEEP, NOT_UTF_8, b"\xff"])
def test_a_body_that_is_no_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable, match=r"not one JSON value: .+"):
        one_event(body)


@pytest.mark.parametrize("body", [b"[", b"[1,", b"[1] [2]", b"[nonsense]", b"[" + GOOD])
def test_an_array_that_is_no_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable, match=r"not a JSON array: .+"):
        array_of_events(body)


@pytest.mark.parametrize("body", [b"nonsense\nmore of it", b"id;time\n1;2", b"{\n}"])
def test_lines_of_which_none_is_json_are_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable, match="no line of the body is JSON"):
        lines_of_events(body)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "018C1B0E-0000-7000-8000-000000000000"}, r"\$\.id"),
        ({"id": "5f0e4a52-3c1f-4d3c-9b1a-1f6c0a4f9d11"}, r"\$\.id"),
        ({"specversion": "0.3"}, r"\$\.specversion"),
        ({"subject": ""}, r"\$\.subject"),
        ({"time": 1701267150}, r"\$\.time"),
        ({"deviceseq": -1}, r"\$\.deviceseq"),
        ({"deviceseq": 2**31}, r"\$\.deviceseq"),
        ({"purpose": "live"}, r"\$\.purpose"),
        ({"type": None}, "`type`"),
        ({"data": None}, "`data`"),
        ({"source": None}, "`source`"),
    ],
)
def test_a_wrong_or_missing_attribute_is_named(changes: dict[str, Any], reason: str) -> None:
    event = an_event(**changes)
    (item,) = one_event(msgspec.json.encode(event))
    assert isinstance(item, Rejection)
    assert item.code == "undecodable"
    assert item.id == event["id"]
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(item.reason)


def test_one_misfit_of_an_array_spoils_no_other_and_keeps_the_order() -> None:
    body = b"[" + b",".join((GOOD, b'{"id":7}', NOT_UTF_8, b"null", GOOD)) + b"]"
    items = array_of_events(body)
    assert [type(item) for item in items] == [Incoming, *[Rejection] * 3, Incoming]
    assert [item.id for item in items[1:4]] == [None, items[0].id, None]
    assert isinstance(items[2], Rejection)
    assert "not UTF-8" in items[2].reason


def test_one_misfit_of_the_lines_spoils_no_other_and_keeps_the_order() -> None:
    body = b"\r\n".join((GOOD, b"{broken", b"", GOOD, b'{"id":"mine"}', DEEP))
    items = lines_of_events(body)
    assert [type(item) for item in items] == [Incoming, Rejection, Incoming, *[Rejection] * 2]
    assert [item.id for item in items] == [items[0].id, None, items[0].id, "mine", None]


def test_no_events_are_an_empty_batch() -> None:
    assert array_of_events(b"[]") == []
    assert lines_of_events(b"\n \r\n") == []


@pytest.mark.parametrize("misfit", [b"", b",7"])
def test_a_batch_of_501_is_too_many_however_well_it_reads(misfit: bytes) -> None:
    events = b",".join([GOOD] * (MAX_EVENTS if misfit else MAX_EVENTS + 1))
    with pytest.raises(TooManyEvents, match="501"):
        array_of_events(b"[" + events + misfit + b"]")
    with pytest.raises(TooManyEvents, match="501"):
        lines_of_events((events + misfit).replace(b"},{", b"}\n{").replace(b",7", b"\n7"))
