"""What the server adds to an event, marks on it and refuses."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.checkin.domain.flags import FLAGS
from services.checkin.domain.incoming import Incoming, Rejection
from services.checkin.domain.stamping import MAX_NESTING, Desk, Outgoing, skew_of
from shared.checkpoint_codes import CodeBook
from shared.events.registry import decode
from shared.topics import MAX_EVENT_BYTES
from tests.unit.checkin.builders import (
    CHECKED_IN,
    INCIDENT,
    NORTH_500_M,
    NOW,
    POSITION,
    SOKO,
    UNIT,
    WAREHOUSE,
    a_sender,
    an_event,
    incoming,
)
from tests.unit.checkin.desk import PLAN, admit, stamped

SERVER_ATTRIBUTES = (
    "unit", "actor", "receivedtime", "skew", "channel", "flags", "restrictedto", "hiddenfrom",
)  # fmt: skip


def flags(item: Incoming, **context: Any) -> set[str]:
    return set(stamped(item, **context).flag_set) - {"unsigned"}


def refusal(item: Incoming, **context: Any) -> Rejection:
    decision = admit(item, **context)
    assert isinstance(decision, Rejection), decision
    assert decision.id == item.id
    return decision


def test_an_event_of_a_known_site_belongs_to_the_unit_of_the_site() -> None:
    event = stamped(incoming(), skew=2)
    assert (event.unit, event.actor, event.channel) == (SOKO, "p-1021", "app")
    assert (event.receivedtime, event.skew) == (NOW, 2)
    assert event.flags == "unsigned"


def test_an_event_without_a_site_belongs_to_the_unit_of_its_sender() -> None:
    assert stamped(incoming("ronda.duress.raised.v1", subject=None, data={})).unit == UNIT


@pytest.mark.parametrize("role", ["operator", "supervisor", "commander"])
def test_who_sends_from_the_control_room_sends_as_operator(role: str) -> None:
    assert stamped(incoming(), sender=a_sender(role, device=None)).channel == "operator"


@pytest.mark.parametrize("purpose", [None, "exercise", "synthetic"])
def test_the_purpose_is_the_senders_to_say(purpose: str | None) -> None:
    assert stamped(incoming(purpose=purpose)).purpose == purpose


def test_the_time_stays_as_it_was_written_because_it_is_signed() -> None:
    record = admit(incoming(time="2023-11-29T21:12:28.50+07:00"))
    assert isinstance(record, Outgoing)
    assert b'"time":"2023-11-29T21:12:28.50+07:00"' in record.value


@pytest.mark.parametrize(
    ("item", "key"),
    [
        (incoming(), b"gudang-logistik"),
        (incoming(subject="tidak-dikenal"), b"tidak-dikenal"),
        (incoming(subject=None), UNIT.encode()),
        (incoming(POSITION, data={"position": WAREHOUSE}), b"d-0007"),
    ],
)
def test_the_key_is_the_site_or_the_unit_and_the_device_for_positions(
    item: Incoming, key: bytes
) -> None:
    record = admit(item)
    assert isinstance(record, Outgoing)
    assert record.key == key


def test_a_position_without_a_device_is_keyed_by_its_sender() -> None:
    item = incoming(POSITION, device=None, data={"position": WAREHOUSE})
    record = admit(item, sender=a_sender(device=None))
    assert isinstance(record, Outgoing)
    assert record.key == b"p-1021"


def with_fix(event_type: str = CHECKED_IN, **fix: Any) -> Incoming:
    data = {"method": "gps", "position": {**WAREHOUSE, **fix}}
    return incoming(event_type, data=data)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (incoming(subject="tidak-dikenal"), {"unknown_site"}),
        (incoming(data={"category": "ufo"}), {"unknown_category"}),
        (incoming("ronda.incident.reported.v2", data=[1]), {"unknown_type"}),
        (with_fix(), set()),
        (with_fix(**NORTH_500_M), {"outside_geofence"}),
        (with_fix(**NORTH_500_M, accuracy_m=90.0), {"outside_geofence"}),
        (with_fix(**NORTH_500_M, accuracy_m=450.0), {"low_accuracy"}),
        (with_fix(accuracy_m=100.0), set()),
        (with_fix(accuracy_m=100.5), {"low_accuracy"}),
        (with_fix(mock=True), {"mock_location"}),
        (incoming(time="2023-11-29T14:07:30Z"), set()),
        (incoming(time="2023-11-29T14:07:29Z"), {"late"}),
        (incoming(time="2023-11-29T14:13:30Z"), set()),
        (incoming(time="2023-11-29T14:13:31Z"), {"clock_skew"}),
        (incoming(time="1970-01-01T00:00:00Z"), {"late"}),
    ],
)
def test_a_flag_states_what_one_event_shows(item: Incoming, expected: set[str]) -> None:
    assert flags(item) == expected


def test_a_crew_on_its_way_is_not_outside_of_where_it_goes() -> None:
    data = {
        "alert": "018c1b0e-0000-7000-8000-000000000000",
        "crew": "R-07",
        "position": NORTH_500_M,
    }
    assert flags(incoming("ronda.dispatch.en_route.v1", data=data)) == set()
    assert flags(incoming("ronda.dispatch.arrived.v1", data=data)) == {"outside_geofence"}


def test_a_wrong_clock_is_marked_and_does_not_make_an_event_late() -> None:
    item = incoming(time="2023-11-29T07:12:28Z")  # seven hours behind
    assert flags(item, skew=7 * 3600) == {"clock_skew"}
    assert flags(item, skew=None) == {"late"}
    assert flags(item, skew=0) == {"late"}
    ahead = incoming(time="2023-11-29T21:12:28Z")
    assert flags(ahead, skew=-7 * 3600) == {"clock_skew"}
    assert flags(ahead, skew=None) == {"clock_skew"}


@pytest.mark.parametrize(("skew", "expected"), [(60, set()), (-60, set()), (61, {"clock_skew"})])
def test_a_clock_may_be_a_minute_off(skew: int, expected: set[str]) -> None:
    assert flags(incoming(), skew=skew) == expected


def test_without_a_plan_events_are_taken_and_marked() -> None:
    event = stamped(incoming(subject="apa-saja", data={"category": "ufo"}), plan=None)
    assert event.flag_set == {"no_plan", "unsigned"}
    assert event.unit == UNIT


def test_the_flags_are_listed_in_one_table() -> None:
    assert all(FLAGS.values())
    assert not any("," in flag for flag in FLAGS)


@pytest.mark.parametrize(
    "event_type",
    ["ronda.alert.closed.v1", "ronda.plan.published.v1", "ronda.visit.missed.v1", "com.example.x"],
)
def test_what_only_a_service_says_no_device_may_send(event_type: str) -> None:
    rejected = refusal(incoming(event_type, data={}))
    assert rejected.code == "type"
    assert event_type in rejected.reason


@pytest.mark.parametrize("device", ["d-0008", None])
def test_a_devices_token_is_for_this_device_alone(device: str | None) -> None:
    rejected = refusal(incoming(device=device), sender=a_sender(device="d-0007"))
    assert rejected.code == "device"
    assert "d-0007" in rejected.reason


def test_a_token_without_a_device_may_name_any() -> None:
    assert stamped(incoming(device="d-0008"), sender=a_sender(device=None)).device == "d-0008"


@pytest.mark.parametrize(
    "time",
    [
        "",
        "yesterday",
        "2023-11-29",
        "2023-11-29T14:12:28",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
    ],
)
def test_a_time_that_no_reader_could_use_is_refused(time: str) -> None:
    rejected = refusal(incoming(time=time))
    assert rejected.code == "time"
    assert rejected.reason.startswith("`time`")


def test_data_that_does_not_fit_its_type_is_refused_and_the_field_named() -> None:
    rejected = refusal(with_fix(lat=91))
    assert (rejected.code, "`$.data.position.lat`" in rejected.reason) == ("data", True)
    assert "`$.data`" in refusal(incoming(data=[1])).reason


@pytest.mark.parametrize("event_type", [INCIDENT, "ronda.incident.reported.v2"])
def test_data_that_is_nested_too_deeply_for_some_reader_is_refused(event_type: str) -> None:
    def nested(levels: int) -> dict[str, Any]:
        text = '{"category":"other","x":' + "[" * levels + "]" * levels + "}"
        return {"data": msgspec.Raw(text.encode())}

    assert refusal(incoming(event_type, **nested(MAX_NESTING))).code == "data"
    stamped(incoming(event_type, **nested(MAX_NESTING - 1)))
    wide = {"category": "other", "x": [[]] * 500, "text": "[[[[" * 100}
    stamped(incoming(event_type, data=wide))


def test_data_that_is_not_utf_8_is_refused_also_where_no_field_of_ours_reads_it() -> None:
    data = msgspec.Raw(b'{"category":"other","unknown":"\xff\xfe"}')
    rejected = refusal(incoming(INCIDENT, data=data))
    assert (rejected.code, rejected.reason) == ("data", "`data` is not UTF-8: invalid start byte")


def test_an_event_over_the_limit_is_refused_before_it_gets_near_the_producer() -> None:
    def padded(size: int) -> Incoming:
        return incoming("ronda.incident.reported.v2", data={"x": "x" * size})

    room = MAX_EVENT_BYTES - len(admitted_value(padded(0)))
    assert len(admitted_value(padded(room))) == MAX_EVENT_BYTES
    rejected = refusal(padded(room + 1))
    assert rejected.code == "too_large"
    assert str(MAX_EVENT_BYTES) in rejected.reason


def admitted_value(item: Incoming) -> bytes:
    record = admit(item)
    assert isinstance(record, Outgoing)
    return record.value


@pytest.mark.parametrize(
    ("sent_at", "skew"),
    [
        (None, None),
        ("", None),
        ("yesterday", None),
        ("2023-11-29T14:12:30", None),
        ("2023-11-29T14:12:30Z", 0),
        ("2023-11-29T21:12:27.4+07:00", 3),
        ("2023-11-29T14:13:00Z", -30),
        ("9999-12-31T23:59:59Z", -2_147_483_647),
    ],
)
def test_the_skew_is_what_the_senders_clock_is_behind(
    sent_at: str | None, skew: int | None
) -> None:
    assert skew_of(sent_at, NOW) == skew


def test_events_of_one_request_share_nothing_that_differs_between_them() -> None:
    desk = Desk(a_sender(device=None), PLAN, 0, NOW, CodeBook({}))
    items = [incoming(), incoming(subject="lain"), incoming(data={"category": "ufo"}), incoming()]
    together = [desk.admit(item) for item in items]
    alone = [admit(item, sender=a_sender(device=None)) for item in items]
    assert together == alone


@pytest.mark.parametrize("event_type", [INCIDENT, CHECKED_IN, POSITION])
def test_a_field_that_is_another_types_is_passed_over_whatever_it_holds(event_type: str) -> None:
    data = {
        INCIDENT: {"category": "suspicious_person", "method": 5, "code": []},
        CHECKED_IN: {"method": "gps", "category": 5, "position": {**NORTH_500_M}},
        POSITION: {"position": {**WAREHOUSE}, "category": {}, "code": 7},
    }[event_type]
    seen = flags(incoming(event_type, data=data))
    assert ("outside_geofence" in seen) == (event_type == CHECKED_IN)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(
    extra=st.dictionaries(st.text().map("x-{}".format), json_values, max_size=5),
    indent=st.integers(0, 4),
)
def test_data_is_forwarded_byte_for_byte(extra: dict[str, Any], indent: int) -> None:
    known = {"category": "suspicious_person"}
    data = msgspec.json.format(msgspec.json.encode(extra | known), indent=indent)
    event = stamped(incoming(data=msgspec.Raw(data)))
    assert bytes(event.data) == data


@settings(deadline=None)
@given(
    claims=st.dictionaries(st.sampled_from(SERVER_ATTRIBUTES), json_values),
    others=st.dictionaries(st.from_regex("x[a-z0-9]{1,20}", fullmatch=True), json_values),
)
def test_what_the_server_sets_cannot_be_claimed(
    claims: dict[str, Any], others: dict[str, Any]
) -> None:
    honest = an_event()
    forged = msgspec.json.encode(others | claims | honest)
    received = msgspec.json.decode(msgspec.json.encode(honest), type=Incoming)
    assert admit(msgspec.json.decode(forged, type=Incoming)) == admit(received)
    assert (stamped(received).unit, stamped(received).actor) == (SOKO, "p-1021")


@settings(deadline=None)
@given(
    time=st.datetimes(timezones=st.timezones()),
    skew=st.none() | st.integers(-(2**31) + 1, 2**31 - 1),
    now=st.integers(0, 36_500).map(lambda days: NOW + timedelta(days=days)),
)
def test_whatever_the_clocks_say_the_event_is_readable_or_refused(
    time: datetime, skew: int | None, now: datetime
) -> None:
    decision = admit(incoming(time=time.isoformat()), skew=skew, now=now)
    if isinstance(decision, Rejection):
        assert decision.code == "time"
        return
    event = decode(decision.value)
    assert event.time.astimezone(UTC) - now < timedelta(days=9999 * 366)
    assert event.skew == skew
