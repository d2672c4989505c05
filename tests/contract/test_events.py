"""The contracts: what is committed is current, and every reader can read it."""

from pathlib import Path

import jsonschema
import msgspec
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_structured_event
from cloudevents.core.formats.json import JSONFormat

from shared.events import catalogue
from shared.events.envelope import CONTENT_TYPE, SIGNED_FIELDS, Envelope
from shared.events.registry import (
    EVENTS,
    Undecodable,
    check_data,
    decode,
    decode_envelope,
    encode,
)
from shared.events.samples import samples
from shared.topics import INCIDENT, PATROL, POSITION, TOPICS, intake_topic, topic_of

EXAMPLES = sorted((catalogue.ROOT / "shared/events/examples").glob("*.json"))


def test_the_committed_schemas_examples_and_asyncapi_are_current() -> None:
    stale = [
        str(path)
        for path, content in catalogue.documents().items()
        if not (catalogue.ROOT / path).exists() or (catalogue.ROOT / path).read_bytes() != content
    ]
    assert not stale, "`./run schemas` writes them anew"


def test_every_type_has_an_example_and_a_topic() -> None:
    assert {path.stem for path in EXAMPLES} == {name.removeprefix("ronda.") for name in EVENTS}
    assert {name for name in EVENTS if topic_of(name) is None} == set()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_decodes_fits_its_schema_and_survives_a_round_trip(path: Path) -> None:
    value = path.read_bytes()
    event = decode(value)
    assert not isinstance(event, Envelope)
    schema = catalogue.schema(event.type)
    jsonschema.Draft202012Validator(schema).validate(msgspec.json.decode(value))
    assert msgspec.json.decode(encode(event)) == msgspec.json.decode(value)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_official_sdk_reads_the_same_event(path: Path) -> None:
    value = path.read_bytes()
    ours = decode_envelope(value)
    message = KafkaMessage(
        headers={"content-type": CONTENT_TYPE.encode()}, key=None, value=encode(ours)
    )
    theirs = from_structured_event(message, JSONFormat())
    assert theirs.get_id() == ours.id
    assert theirs.get_type() == ours.type
    assert theirs.get_time() == ours.time
    assert theirs.get_subject() == ours.subject
    assert theirs.get_data() == msgspec.json.decode(ours.data)
    for extension in ("unit", "actor", "device", "deviceseq", "channel", "skew"):
        assert theirs.get_extension(extension) == getattr(ours, extension)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_event_with_fields_of_the_future_still_decodes(path: Path) -> None:
    value = msgspec.json.decode(path.read_bytes())
    value["shoesize"] = 43
    value["data"]["futurefield"] = {"deep": [1, 2]}
    event = decode(msgspec.json.encode(value))
    assert event.id == value["id"]
    assert not isinstance(event, Envelope)


def test_a_type_of_the_future_is_kept_raw_and_crashes_nobody() -> None:
    value = msgspec.json.decode(EXAMPLES[0].read_bytes())
    value["type"] = "ronda.drone.landed.v7"
    value["data"] = {"anything": [1, {"goes": None}]}
    event = decode(msgspec.json.encode(value))
    assert isinstance(event, Envelope)
    assert msgspec.json.decode(event.data) == value["data"]
    check_data(event.type, event.data)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"\xff\xfe",
        b"{}",
        b"[]",
        b"nonsense",
        b'{"type":"ronda.shift.ended.v1"}',
        b'{"data":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
)
def test_what_is_no_event_is_undecodable_and_says_so(value: bytes | None) -> None:
    with pytest.raises(Undecodable, match=r".+"):
        decode(value)


def test_a_known_type_with_wrong_data_is_undecodable_and_names_the_field() -> None:
    value = msgspec.json.decode(encode(samples()["ronda.incident.reported.v1"]))
    value["data"]["position"]["lat"] = 91
    with pytest.raises(Undecodable, match="lat"):
        decode(msgspec.json.encode(value))
    with pytest.raises(Undecodable, match="lat"):
        check_data(value["type"], msgspec.json.encode(value["data"]))


def test_data_is_forwarded_as_the_bytes_that_were_received() -> None:
    value = encode(samples()["ronda.incident.reported.v1"])
    odd = b'{ "category" :"other",  "text":"\\u0041\\n" , "z":1.50 }'
    before = value[: value.index(b'"data":') + 7]
    envelope = decode_envelope(before + odd + b"}")
    assert bytes(envelope.data) == odd
    assert odd in encode(envelope)


def test_the_signed_fields_are_attributes_of_the_envelope() -> None:
    assert set(SIGNED_FIELDS) <= {field.name for field in msgspec.structs.fields(Envelope)}


def test_no_device_may_send_what_the_services_decide() -> None:
    for name in EVENTS:
        topic = intake_topic(name)
        assert (topic is not None) == (topic_of(name) in (PATROL, INCIDENT, POSITION)), name


def test_topics_are_declared_as_the_design_pins_them() -> None:
    by_name = {topic.name: topic for topic in TOPICS}
    assert by_name["ronda.plan"].partitions == by_name["ronda.device"].partitions == 1
    assert by_name["ronda.plan"].retention_ms == by_name["ronda.device"].retention_ms == -1
    for topic in TOPICS:
        config = topic.config(single_broker=True)
        assert config["message.timestamp.type"] == "LogAppendTime"
        assert config["cleanup.policy"] == "delete"
        assert (config.get("flush.messages") == "1") == (topic.name != "ronda.position")
        assert "flush.messages" not in topic.config(single_broker=False)
        assert "archive" in topic.readers
