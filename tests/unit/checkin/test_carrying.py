"""A phone in other hands: its events are those of the person whose shift they were made in."""

from datetime import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.checkin.domain.carrying import credited
from services.checkin.domain.devices import Device, Registry
from shared.auth import Carried, generate_keys
from shared.events.registry import decode_envelope
from shared.plan.model import Person, Plan, Shift
from tests.unit.checkin.builders import NOW, SOKO, UNIT, a_plan
from tests.unit.checkin.phones import Phone
from tests.unit.checkin.service import Service

ELSEWHERE = "polda-jatim/polres-bojonegoro"


def person(actor: str, unit: str) -> Person:
    return Person(id=actor, name="Budi Laksono", rank="Bripda", unit=unit, role="officer")


def shift(name: str, unit: str, *members: str) -> Shift:
    return Shift(
        id=name, crew=name, unit=unit, members=list(members), starts=time(19), ends=time(7)
    )


def rostered() -> Plan:
    """A colleague, one of a post below, a guest in our shift, a crew mate, and a stranger."""
    people = {"p-2": UNIT, "p-3": SOKO, "p-4": ELSEWHERE, "p-5": ELSEWHERE, "p-6": ELSEWHERE}
    shifts = [
        shift("r-21", SOKO, "p-4"),
        shift("r-30", ELSEWHERE, "p-1021", "p-5"),
        shift("r-31", ELSEWHERE, "p-6"),
    ]
    return replace(a_plan(), people=[person(*each) for each in people.items()], shifts=shifts)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(generate_keys(tmp_path), plan=rostered())


async def ask(service: Service, shift: dict[str, Any] | None) -> httpx.Response:
    return await post(service, service.phone.token_request(NOW, shift))


async def post(service: Service, request: dict[str, Any]) -> httpx.Response:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(service.app()), base_url="http://test"
    ) as client:
        return await client.post("/v1/tokens", json=request)


async def send(service: Service, token: str, *events: dict[str, Any]) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(service.app()), base_url="http://test"
    ) as client:
        answer = await client.post(
            "/v1/events", json=list(events), headers={"Authorization": f"Bearer {token}"}
        )
        assert [one["status"] for one in answer.json()["results"]] == ["accepted"] * len(events)


def actors(service: Service) -> list[tuple[str | None, bool]]:
    """Of each published event whose it is, and whether it is marked as of no shift."""
    events = [decode_envelope(record.value) for record in service.publisher.records]
    return [(event.actor, "outside_shift" in event.flag_set) for event in events]


async def test_the_person_of_the_shift_speaks_with_the_phones_own_rights(service: Service) -> None:
    granted = (await ask(service, {"person": "p-2", "from": 2})).json()
    assert (granted["actor"], granted["name"]) == ("p-2", "Bripda Budi Laksono")
    assert (granted["role"], granted["unit"]) == ("officer", UNIT)


async def test_a_late_queue_is_never_credited_to_the_next_person(service: Service) -> None:
    before, mine, after = (service.phone.event() for _ in range(3))
    granted = (await ask(service, {"person": "p-2", "from": 2, "to": 2})).json()
    await send(service, granted["token"], before, mine, after)
    assert actors(service) == [("p-1021", True), ("p-2", False), ("p-1021", True)]


async def test_without_a_shift_the_events_are_the_enrolled_persons(service: Service) -> None:
    granted = (await ask(service, None)).json()
    await send(service, granted["token"], service.phone.event())
    assert actors(service) == [("p-1021", False)]


async def test_the_enrolled_persons_own_shift_needs_nobody_in_the_plan(service: Service) -> None:
    service.plan = None
    granted = (await ask(service, {"person": "p-1021", "from": 1})).json()
    await send(service, granted["token"], service.phone.event())
    assert actors(service) == [("p-1021", False)]


@pytest.mark.parametrize("actor", ["p-2", "p-3", "p-4", "p-5"])
async def test_colleagues_guests_and_crew_mates_may_carry_it(service: Service, actor: str) -> None:
    answer = await ask(service, {"person": actor, "from": 1})
    assert (answer.status_code, answer.json()["actor"]) == (200, actor)


@pytest.mark.parametrize(("actor", "code"), [("p-6", "other_unit"), ("p-7", "unknown_person")])
async def test_nobody_else_may_and_the_answer_says_why(
    service: Service, actor: str, code: str
) -> None:
    answer = await ask(service, {"person": actor, "from": 1})
    assert (answer.status_code, answer.json()["extra"]["code"]) == (403, code)


@pytest.mark.parametrize(
    "changed", [None, {"person": "p-3", "from": 1}, {"person": "p-2", "from": 1, "to": 9}]
)
async def test_whose_shift_it_is_cannot_be_changed_on_the_way(
    service: Service, changed: dict[str, Any] | None
) -> None:
    signed = service.phone.token_request(NOW, {"person": "p-2", "from": 1})
    answer = await post(service, signed | {"shift": changed})
    assert (answer.status_code, answer.json()["extra"]["code"]) == (401, "bad_signature")


def a_device(phone: Phone) -> Device:
    registry = Registry()
    for event in phone.enrolment():
        registry.feed(event, NOW)
    return registry.devices[phone.id]


PHONE = Phone()
DEVICE = a_device(PHONE)
COUNTERS = st.integers(0, 50)


@given(first=COUNTERS, last=st.none() | COUNTERS, number=st.none() | COUNTERS)
def test_an_event_is_one_persons_and_never_of_somebody_whose_shift_it_is_not_in(
    first: int, last: int | None, number: int | None
) -> None:
    sender = PHONE.sender(actor="p-2", shift=Carried("p-1021", first, last))
    actor, marks = credited(sender, DEVICE, number, ("late",))
    within = number is not None and first <= number and (last is None or number <= last)
    theirs, ours = ("p-2", ("late",)), ("p-1021", ("late", "outside_shift"))
    assert (actor, marks) == (theirs if within else ours)
