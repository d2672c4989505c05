"""Sealing on a schedule: one checkpoint when it is due, told to everybody who listens."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import CollectorRegistry

from services.archive.domain.merkle import EMPTY_ROOT
from services.archive.domain.note import Key, verified
from services.archive.handlers import Sealing
from services.archive.metrics import Metrics
from services.archive.ports import Sealed, Unavailable
from tests.unit.archive.builders import NIGHT

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEY = Key("ronda/tuban", PRIVATE.public_key().public_bytes_raw())
EVERY = timedelta(minutes=5)


class MemoryLedger:
    """`Ledger`; `meanwhile` runs before somebody gets the lock."""

    def __init__(self) -> None:
        self.size = 0
        self.sealed: list[Sealed] = []
        self.meanwhile: Callable[[], None] = lambda: None

    async def seal(
        self, sign: Callable[[int, bytes], Sealed], *, unless_since: datetime | None = None
    ) -> Sealed | None:
        """See `Ledger`."""
        self.meanwhile()
        if unless_since is not None and any(each.sealed_at > unless_since for each in self.sealed):
            return None
        self.sealed.append(sign(self.size, EMPTY_ROOT))
        return self.sealed[-1]

    async def checkpoints(self, *, before: int | None = None, limit: int) -> Sequence[Sealed]:
        """See `Ledger`."""
        return self.sealed[::-1][:limit]


class Listener:
    """`Announcer`; `away` while it cannot be told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.told: list[Sealed] = []
        self.away = False

    async def announce(self, sealed: Sealed) -> None:
        """See `Announcer`."""
        if self.away:
            raise Unavailable("away")
        self.told.append(sealed)


class Office:
    """A sealer with everything around it."""

    def __init__(self) -> None:
        self.now = NIGHT
        self.ledger = MemoryLedger()
        self.listeners = [Listener("bus"), Listener("file")]
        self.registry = CollectorRegistry()
        self.sealing = Sealing(
            ledger=self.ledger,
            origin=KEY.name,
            signers=[(KEY, PRIVATE.sign)],
            announcers=self.listeners,
            clock=lambda: self.now,
            metrics=Metrics(self.registry),
            every=EVERY,
        )


async def test_a_checkpoint_is_made_when_it_is_due_and_not_before() -> None:
    office = Office()
    assert await office.sealing.on_schedule() == EVERY
    office.now += timedelta(minutes=2)
    assert await office.sealing.on_schedule() == timedelta(minutes=3)
    office.now += timedelta(minutes=3)
    assert await office.sealing.on_schedule() == EVERY
    assert [each.sealed_at for each in office.ledger.sealed] == [NIGHT, NIGHT + EVERY]


async def test_what_is_told_is_the_signed_note() -> None:
    office = Office()
    office.ledger.size = 7
    sealed, untold = await office.sealing.seal("end of the watch")
    assert untold == []
    assert [listener.told for listener in office.listeners] == [[sealed], [sealed]]
    assert verified(sealed.note, KEY) == ("ronda/tuban", 7, EMPTY_ROOT)
    assert sealed.reason == "end of the watch"


async def test_one_who_cannot_be_told_keeps_nobody_else_from_being_told() -> None:
    office = Office()
    office.listeners[0].away = True
    sealed, untold = await office.sealing.seal("by hand")
    assert (untold, office.listeners[1].told) == (["bus: away"], [sealed])
    missed = office.registry.get_sample_value(
        "ronda_archive_checkpoints_untold_total", {"to": "bus"}
    )
    assert missed == 1


async def test_two_replicas_whose_time_has_come_make_one_checkpoint() -> None:
    office = Office()
    await office.sealing.on_schedule()
    office.now += EVERY
    other = office.ledger.sealed[0]._replace(sealed_at=office.now)
    office.ledger.meanwhile = lambda: office.ledger.sealed.append(other)
    assert await office.sealing.on_schedule() == EVERY
    assert office.ledger.sealed[1:] == [other]
    assert [len(listener.told) for listener in office.listeners] == [1, 1]


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=400)])
async def test_a_clock_that_jumps_does_not_stop_the_sealing(jump: timedelta) -> None:
    office = Office()
    await office.sealing.on_schedule()
    office.now += jump
    assert await office.sealing.on_schedule() == EVERY
    assert len(office.ledger.sealed) == 2
