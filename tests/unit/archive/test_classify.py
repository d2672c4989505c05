"""What the archive reads in a record, and that no record stops it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.archive.domain.classify import EARLIEST, LATEST, classify
from services.archive.domain.kept import EventRow
from tests.unit.archive.builders import NIGHT, UNIT, a_record, an_event, an_id


def row(value: bytes) -> EventRow:
    event = classify(a_record(value)).event
    assert event is not None
    return event


def test_an_event_row_holds_what_searches_need() -> None:
    event = row(an_event("a"))
    assert event.id.hex() == an_id("a").replace("-", "")
    assert event[1:6] == ("ronda.visit.checked_in.v1", "kpu", UNIT, "p-1", "d-1")
    assert (event.time, event.alert) == (NIGHT, None)


def test_a_record_keeps_its_bytes_key_headers_and_append_time() -> None:
    headers = [("content-type", b"x"), ("null", None), ("binary", b"\xff\xfe"), ("twice", b"1")]
    kept = classify(a_record(b"{", 7, key=b"\x00\xff", headers=headers))
    assert (kept.offset, kept.key, kept.value) == (7, b"\x00\xff", b"{")
    assert kept.appended_at.timestamp() == NIGHT.timestamp() + 7
    assert msgspec.msgpack.decode(kept.headers or b"") == [list(header) for header in headers]
    assert classify(a_record(b"{")).headers is None


@pytest.mark.parametrize(
    ("stamp", "value"),
    [("receivedtime", None), ("skew", 99), ("flags", "late"), ("channel", "sms"), ("actor", "p-2")],
)
def test_what_the_server_stamps_does_not_change_the_content(stamp: str, value: object) -> None:
    assert row(an_event("a")).hash == row(an_event("a", **{stamp: value})).hash


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source", "else"),
        ("type", "ronda.visit.checked_out.v1"),
        ("subject", None),
        ("time", NIGHT.replace(minute=1)),
        ("device", "d-2"),
        ("deviceseq", 2),
        ("data", {"method": "nfc"}),
    ],
)
def test_what_the_device_says_changes_the_content(field: str, value: object) -> None:
    assert row(an_event("a")).hash != row(an_event("a", **{field: value})).hash


def test_an_absent_site_and_an_absent_device_are_not_mistaken_for_each_other() -> None:
    one = row(an_event("a", subject="x", device=None))
    other = row(an_event("a", subject=None, device="x"))
    assert one.hash != other.hash


@pytest.mark.parametrize(
    ("event_type", "data", "found"),
    [
        ("ronda.alert.raised.v1", {"id": an_id("alert")}, True),
        ("ronda.visit.missed.v1", {"id": an_id("visit"), "alert": an_id("alert")}, True),
        ("ronda.dispatch.arrived.v1", {"alert": an_id("alert")}, True),
        ("ronda.drone.sent.v9", {"alert": an_id("alert")}, True),
        ("ronda.visit.due.v1", {"id": an_id("alert"), "alert": None}, False),
        ("ronda.incident.reported.v1", {"text": '"alert"'}, False),
        ("ronda.alert.raised.v1", {"id": 7}, False),
        ("ronda.alert.raised.v1", {"id": an_id("alert") + "\n"}, False),
        ("ronda.alert.raised.v1", ["id"], False),
    ],
)
def test_the_alert_is_found_where_the_data_names_one(
    event_type: str, data: object, found: bool
) -> None:
    alert = row(an_event("a", type=event_type, data=data)).alert
    assert alert == (bytes.fromhex(an_id("alert").replace("-", "")) if found else None)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "no value"),
        (b"", "truncated"),
        (b"\xff\xfe", "malformed"),
        (an_event("a", id="12"), "id"),
        (an_event("a", id=an_id("a").upper()), "id"),
        (an_event("a", id=an_id("a") + "\n"), "id"),
        (an_event("a", time="yesterday"), "time"),
        (an_event("a", time="2026-11-23T00:00:00"), "time"),
        (an_event("a", specversion="\x00" + "9" * 1000), "Invalid enum value"),
        (b'{"data":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001, "recursion"),
    ],
)
def test_what_is_no_event_is_kept_with_the_reason(value: bytes | None, reason: str) -> None:
    kept = classify(a_record(value))
    assert kept.event is None
    assert kept.value == value
    assert reason in (kept.reason or "")
    assert "\x00" not in (kept.reason or "")
    assert len(kept.reason or "") <= 500


def test_data_that_does_not_fit_its_type_is_an_event_all_the_same() -> None:
    assert row(an_event("a", data={"method": 7})).type == "ronda.visit.checked_in.v1"


def test_a_nul_is_replaced_in_the_row_alone() -> None:
    value = an_event("a", subject="\x00", unit="a\x00b", type="t\x00")
    kept = classify(a_record(value))
    assert kept.value == value
    event = row(value)
    assert (event.site, event.unit, event.type, event.actor) == (
        "\ufffd",
        "a\ufffdb",
        "t\ufffd",
        "p-1",
    )


def test_moments_that_no_database_gives_back_are_bounded_in_the_row() -> None:
    event = row(
        an_event("a", time="0001-01-01T00:00:00+14:00", receivedtime="9999-12-31T23:00:00Z")
    )
    assert (event.time, event.received_at) == (EARLIEST, LATEST)


@pytest.mark.parametrize("timestamp", [-1, 2**62])
def test_a_broker_without_a_clock_stops_nothing(timestamp: int) -> None:
    record = a_record(b"{")
    object.__setattr__(record, "timestamp", timestamp)
    assert EARLIEST <= classify(record).appended_at <= LATEST


@given(
    value=st.none() | st.binary(max_size=200),
    key=st.none() | st.binary(max_size=20),
    headers=st.lists(st.tuples(st.text(max_size=9), st.none() | st.binary(max_size=9)), max_size=4),
)
def test_no_bytes_raise(
    value: bytes | None, key: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    kept = classify(a_record(value, key=key, headers=headers))
    assert (kept.event is None) != (kept.reason is None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    changes=st.dictionaries(
        st.sampled_from(["id", "type", "subject", "unit", "time", "deviceseq", "data", "extra"]),
        json_values,
        max_size=3,
    )
)
def test_no_envelope_raises(changes: dict[str, object]) -> None:
    kept = classify(a_record(an_event("a", **changes)))
    assert (kept.event is None) != (kept.reason is None)
    assert not kept.event or not any("\x00" in text for text in kept.event[1:6] if text)
