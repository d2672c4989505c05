"""Whose an event is: what its phone did not sign is kept as evidence, and acted upon by nobody."""

import asyncio
import random
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from services.checkin.domain.authenticity import DOUBTS
from services.checkin.domain.devices import Registry
from services.checkin.domain.incoming import Incoming, Rejection, array_of_events
from services.checkin.handlers import judging
from services.checkin.handlers.intake import Intake, Result
from services.checkin.handlers.judging import WAITING_BATCHES, Judge
from services.checkin.metrics import Metrics
from services.checkin.ports import Unavailable
from shared.auth import Principal
from shared.checkpoint_codes import CodeBook
from shared.events.device import DeviceRevoked, Revocation
from shared.events.identity import new_id
from shared.events.registry import decode_envelope
from shared.signing import canonical
from shared.topics import INCIDENT, QUARANTINE
from tests.unit.checkin.builders import NOW, UNIT, a_plan, a_sender, an_event
from tests.unit.checkin.fakes import FakeDevices, FakePlans, FakePublisher
from tests.unit.checkin.phones import Phone

FLIPS = 1_000


class Desk:
    """An intake that knows one phone, with what it published."""

    def __init__(self) -> None:
        self.phone = Phone()
        self.devices = FakeDevices(self.phone)
        self.publisher = FakePublisher()
        self.registry = CollectorRegistry()
        self.intake = Intake(
            plans=FakePlans(a_plan()),
            judge=Judge(self.devices),
            codes=CodeBook({}),
            publisher=self.publisher,
            metrics=Metrics(self.registry),
            clock=lambda: NOW,
        )

    async def send(self, *events: dict[str, Any], sender: Principal | None = None) -> list[Result]:
        body = msgspec.json.encode(list(events))
        return await self.intake.take(
            array_of_events(body), sender=sender or self.phone.sender(), sent_at=None
        )

    def revoke(self) -> None:
        event = DeviceRevoked(
            specversion="1.0",
            id=new_id(NOW),
            source="t",
            time=NOW,
            data=Revocation(device=self.phone.id),
        )
        self.devices.registry.feed(event, NOW)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_signed_event_is_its_phones_own_and_not_flagged(desk: Desk) -> None:
    [result] = await desk.send(desk.phone.event())
    assert result.status == "accepted"
    [record] = desk.publisher.records
    event = decode_envelope(record.value)
    assert (record.topic, event.flag_set, event.actor) == (INCIDENT, frozenset(), "p-1021")


async def test_the_person_is_the_one_who_enrolled_the_phone_whoever_brings_the_event(
    desk: Desk,
) -> None:
    await desk.send(desk.phone.event(), sender=a_sender("operator", device=None))
    assert decode_envelope(desk.publisher.records[0].value).actor == "p-1021"


async def test_each_doubt_sends_an_event_to_quarantine_with_its_reason(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "NEWS_S", 0.01)
    phone, stranger = desk.phone, Phone(actor="p-666")
    event = phone.event()
    unsigned = {name: value for name, value in event.items() if name != "signature"}
    attempts = {
        "bad_signature": (stranger.signed(unsigned), phone.sender()),
        "missing_signature": (unsigned, phone.sender()),
        "other_device": (event | {"device": "d-0001"}, phone.sender()),
        "unknown_device": (stranger.event(), stranger.sender()),
    }
    for doubt, (sent, sender) in attempts.items():
        [result] = await desk.send(sent, sender=sender)
        assert (result.status, result.code) == ("rejected", doubt), doubt
        assert result.reason is not None
        assert DOUBTS[doubt] in result.reason  # type: ignore[index]
        record = desk.publisher.records[-1]
        kept = decode_envelope(record.value)
        assert (record.topic, kept.flags, kept.id) == (QUARANTINE, doubt, sent["id"])
        assert msgspec.json.decode(kept.data) == sent["data"]
        figure = desk.registry.get_sample_value(
            "ronda_ingest_quarantined_events_total", {"reason": doubt}
        )
        assert figure == 1


async def test_a_tool_may_not_speak_for_a_phone_that_has_a_key(desk: Desk) -> None:
    tool = a_sender(device=None)
    [unsigned, other] = await desk.send(
        an_event(device=desk.phone.id), an_event(device="d-tool"), sender=tool
    )
    assert (unsigned.code, other.status) == ("missing_signature", "accepted")


async def test_what_a_revoked_phone_still_holds_is_evidence(desk: Desk) -> None:
    queued = [desk.phone.event() for _ in range(20)]
    desk.revoke()
    results = await desk.send(*queued)
    assert {result.code for result in results} == {"revoked"}
    assert {record.topic for record in desk.publisher.records} == {QUARANTINE}
    assert len(desk.publisher.records) == 20


async def test_a_good_event_beside_a_forged_one_is_taken(desk: Desk) -> None:
    good, forged = desk.phone.event(), desk.phone.event() | {"subject": "lain"}
    results = await desk.send(forged, good)
    assert [result.status for result in results] == ["rejected", "accepted"]


async def test_whatever_bit_is_flipped_no_event_gets_through(desk: Desk) -> None:
    """Every flip that leaves an event is quarantined; one that leaves none is refused."""
    dice = random.Random(12)
    event = desk.phone.event(data={"category": "suspicious_person", "text": "dua orang", "n": 4.5})
    signature = event.pop("signature")
    text = canonical(event)
    sent = text[:-1] + b',"signature":"' + signature.encode() + b'"}'
    flips, quarantined = 0, 0
    while quarantined < FLIPS:
        spoilt = bytearray(sent)
        place = dice.randrange(1, len(spoilt) - 1)
        spoilt[place] ^= 1 << dice.randrange(8)
        flips += 1
        assert flips < 20 * FLIPS
        [item] = _read(bytes(spoilt))
        if isinstance(item, Rejection):
            continue
        [result] = await desk.intake.take([item], sender=desk.phone.sender(), sent_at=None)
        assert result.status == "rejected", spoilt
        assert result.code in DOUBTS, spoilt
        quarantined += 1
    assert {record.topic for record in desk.publisher.records} == {QUARANTINE}
    assert len(desk.publisher.records) == quarantined


def _read(body: bytes) -> Any:
    try:
        return array_of_events(b"[" + body + b"]")
    except ValueError:
        return [Rejection("undecodable", "no JSON", None)]


async def test_the_news_of_an_enrolment_elsewhere_is_waited_for(desk: Desk) -> None:
    phone = Phone(code="ZZZZ-ZZZZ-ZZZZ-ZZZZ")
    sending = asyncio.create_task(desk.send(phone.event(), sender=phone.sender()))
    await asyncio.sleep(0)
    for event in phone.enrolment():
        desk.devices.registry.feed(event, NOW)
    desk.devices.announce()
    [result] = await sending
    assert result.status == "accepted"


async def test_large_batches_are_judged_beside_the_loop_and_only_so_many_at_once(
    desk: Desk,
) -> None:
    batch = [desk.phone.event() for _ in range(30)]
    results = await desk.send(*batch)
    assert {result.status for result in results} == {"accepted"}
    desk.intake.judge._waiting = WAITING_BATCHES
    with pytest.raises(Unavailable):
        await desk.send(*batch)


def test_the_registry_of_the_fake_is_a_real_one(desk: Desk) -> None:
    assert isinstance(desk.devices.registry, Registry)
    assert desk.devices.registry.devices[desk.phone.id].unit == UNIT
    assert isinstance(array_of_events(msgspec.json.encode([desk.phone.event()]))[0], Incoming)
