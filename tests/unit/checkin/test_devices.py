"""The registry of phones: one log, one answer, on every replica."""

from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.checkin.domain.devices import Registry, code_hash
from shared.events.device import DeviceEnrolled, DeviceInvited, DeviceRevoked, Revocation
from shared.events.envelope import Event
from shared.events.identity import new_id
from tests.unit.checkin.builders import NOW
from tests.unit.checkin.phones import CODE, Phone

FIRST, SECOND = Phone(), Phone()


def folded(*events: Event, at: datetime = NOW) -> Registry:
    registry = Registry()
    for event in events:
        registry.feed(event, at)
    return registry


def revoked(device: str) -> DeviceRevoked:
    return DeviceRevoked(
        specversion="1.0", id=new_id(NOW), source="t", time=NOW, data=Revocation(device=device)
    )


def test_the_first_phone_with_a_code_gets_it() -> None:
    registry = folded(FIRST.invitation(), SECOND.enrolled(), FIRST.enrolled(), SECOND.enrolled())
    assert registry.winners == {code_hash(CODE): SECOND.id}
    assert set(registry.devices) == {SECOND.id}
    device = registry.devices[SECOND.id]
    assert (device.actor, device.role, device.revoked_at) == ("p-1021", "officer", None)


def test_a_code_that_nobody_was_given_enrols_nobody() -> None:
    assert folded(FIRST.enrolled(), FIRST.invitation()).devices == {}


def test_an_enrolment_counts_by_the_time_at_which_the_broker_appended_it() -> None:
    registry = Registry()
    registry.feed(FIRST.invitation(expires_at=NOW), NOW)
    registry.feed(FIRST.enrolled(), NOW + timedelta(milliseconds=1))
    assert registry.devices == {}
    registry.feed(SECOND.enrolled(), NOW)
    assert set(registry.devices) == {SECOND.id}


def test_one_key_is_one_phone_whatever_code_it_shows_next() -> None:
    other = Phone(code="ZZZZ-ZZZZ-ZZZZ-ZZZZ", actor="p-2", private=FIRST.private)
    registry = folded(*FIRST.enrolment(), other.invitation(), other.enrolled())
    assert registry.devices[FIRST.id].actor == "p-1021"
    assert code_hash(other.code) not in registry.winners


def test_a_phone_cannot_take_a_name_that_its_key_does_not_have() -> None:
    event = FIRST.enrolled()
    lie = msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, device=SECOND.id))
    assert folded(FIRST.invitation(), lie).devices == {}


def test_a_revocation_is_for_good_and_has_one_time() -> None:
    registry = folded(*FIRST.enrolment(), revoked(FIRST.id), revoked("d-unknown"))
    assert registry.devices[FIRST.id].revoked_at == NOW
    registry.feed(revoked(FIRST.id), NOW + timedelta(hours=1))
    registry.feed(FIRST.enrolled(), NOW + timedelta(hours=1))
    assert registry.devices[FIRST.id].revoked_at == NOW


@pytest.mark.parametrize(
    "typed", ["abcd-efgh-jkmn-pqrs", "ABCDEFGHJKMNPQRS", " abcd efgh jkmn pqrs\n"]
)
def test_a_code_may_be_typed_as_people_type(typed: str) -> None:
    assert code_hash(typed) == code_hash(CODE)


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    assert code_hash("OIL0") == code_hash("0110")


@given(st.lists(st.sampled_from([*FIRST.enrolment(), SECOND.enrolled(), revoked(FIRST.id)])))
def test_the_winner_is_the_first_enrolment_behind_the_invitation(log: list[Event]) -> None:
    registry, invited, winner = Registry(), False, None
    for event in log:
        registry.feed(event, NOW)
        if isinstance(event, DeviceInvited):
            invited = True
        elif isinstance(event, DeviceEnrolled) and invited:
            winner = winner or event.data.device
        assert registry.winners.get(code_hash(CODE)) == winner
        assert set(registry.devices) == ({winner} if winner else set())
