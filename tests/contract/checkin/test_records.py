"""What the intake puts on Kafka, read by the official CloudEvents SDK and by our own readers."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_structured_event
from cloudevents.core.formats.json import JSONFormat

from services.checkin.domain.incoming import Incoming, Rejection
from services.checkin.domain.stamping import Desk, Outgoing, Stamp
from shared.checkpoint_codes import CodeBook
from shared.events import catalogue
from shared.events.envelope import KAFKA_HEADERS, SIGNED_FIELDS, Envelope
from shared.events.registry import decode
from shared.topics import intake_topic
from tests.unit.checkin.builders import NOW, SOKO, a_plan, a_sender

EXAMPLES = sorted((catalogue.ROOT / "shared/events/examples").glob("*.json"))
OF_DEVICES = [path for path in EXAMPLES if intake_topic(f"ronda.{path.stem}")]
OF_SERVICES = [path for path in EXAMPLES if path not in OF_DEVICES]


def received(path: Path) -> Incoming:
    return msgspec.json.decode(path.read_bytes(), type=Incoming)


def admitted(path: Path, skew: int | None = 3) -> Outgoing:
    record = Desk(a_sender(), a_plan(), skew, NOW, CodeBook({})).admit(received(path))
    assert isinstance(record, Outgoing), record
    return record


@pytest.mark.parametrize("path", OF_DEVICES, ids=lambda path: path.stem)
def test_every_example_that_a_device_may_send_is_taken_and_read_by_the_official_sdk(
    path: Path,
) -> None:
    sent: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    record = admitted(path)
    message = KafkaMessage(headers=dict(KAFKA_HEADERS), key=record.key, value=record.value)
    event = from_structured_event(message, JSONFormat())
    assert event.get_specversion() == "1.0"
    assert (event.get_id(), event.get_type()) == (sent["id"], sent["type"])
    assert (event.get_source(), event.get_subject()) == (sent["source"], sent.get("subject"))
    assert event.get_data() == sent["data"]
    assert event.get_extension("actor") == "p-1021"
    assert event.get_extension("device") == "d-0007"
    assert event.get_extension("skew") == 3
    assert event.get_extension("receivedtime") == "2023-11-29T14:12:30Z"
    assert event.get_extension("unit") == (SOKO if sent.get("subject") else a_sender().unit)


@pytest.mark.parametrize("path", OF_DEVICES, ids=lambda path: path.stem)
def test_our_readers_get_the_typed_event_with_every_attribute_once(path: Path) -> None:
    record = admitted(path, skew=None)
    event = decode(record.value)
    assert not isinstance(event, Envelope)
    assert event.type == f"ronda.{path.stem}"
    assert event.receivedtime == NOW
    names = [name for name, _ in msgspec.json.decode(record.value).items()]
    assert all(record.value.count(b'"%s":' % name.encode()) == 1 for name in ("unit", "flags"))
    assert "skew" not in names


@pytest.mark.parametrize("path", OF_SERVICES, ids=lambda path: path.stem)
def test_no_example_of_a_service_is_taken_from_a_device(path: Path) -> None:
    decision = Desk(a_sender(), a_plan(), 0, NOW, CodeBook({})).admit(received(path))
    assert isinstance(decision, Rejection)
    assert decision.code == "type"


def test_what_is_received_and_what_is_stamped_are_the_envelope_and_do_not_overlap() -> None:
    device = {field.name for field in msgspec.structs.fields(Incoming)}
    server = {field.name for field in msgspec.structs.fields(Stamp)}
    envelope = {field.name for field in msgspec.structs.fields(Envelope)}
    assert device & server == set()
    assert device | server == envelope - {"traceparent"}
    assert set(SIGNED_FIELDS) <= device
