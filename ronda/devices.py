"""The phones from the command line: invited by a one-time code, listed, revoked."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ronda import topic
from services.checkin.domain.devices import Registry, code_hash
from shared.bus import Record
from shared.events.device import DeviceInvited, DeviceRevoked, Invitation, Revocation
from shared.events.envelope import Event
from shared.events.identity import new_id
from shared.events.registry import Undecodable, decode
from shared.mendable import MendableError
from shared.plan.model import Plan
from shared.settings import KafkaSettings
from shared.topics import DEVICE

SOURCE = "/ronda/command"
# Crockford's base32: no letter that is read as another, 80 bits in 16 characters.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUPS, _GROUP = 4, 4


class DevicesError(MendableError):
    """It cannot be done; `str()` is one sentence that says why."""


def new_code() -> str:
    """A one-time code, as people read it out: `ABCD-EFGH-JKMN-PQRS`."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def invitation(
    plan: Plan | None, *, person: str, code: str, valid_for: timedelta, by: str, now: datetime
) -> DeviceInvited:
    """The event that lets one phone speak for a person; raises `DevicesError` for nobody's."""
    known = plan.person_by_id.get(person) if plan is not None else None
    if known is None:
        raise DevicesError(f"the published plan has no person {person!r}; `ronda plan show`")
    return DeviceInvited(
        specversion="1.0",
        id=new_id(now),
        source=SOURCE,
        time=now,
        unit=known.unit,
        actor=by,
        receivedtime=now,
        channel="system",
        data=Invitation(
            code_sha256=code_hash(code),
            actor=known.id,
            name=f"{known.rank} {known.name}",
            # A phone never has the rights of the control room, whoever carries it.
            role="guard" if known.role == "guard" else "officer",
            unit=known.unit,
            expires_at=now + valid_for,
        ),
    )


def revocation(
    registry: Registry, *, device: str, reason: str | None, by: str, now: datetime
) -> DeviceRevoked:
    """The event that ends a phone; raises `DevicesError` where there is none, or it has ended."""
    known = registry.devices.get(device)
    if known is None:
        raise DevicesError(f"no phone {device!r} is enrolled; `ronda device list` has all")
    if known.revoked_at is not None:
        raise DevicesError(f"phone {device} was revoked at {known.revoked_at:%Y-%m-%d %H:%M} UTC")
    return DeviceRevoked(
        specversion="1.0",
        id=new_id(now),
        source=SOURCE,
        time=now,
        unit=known.unit,
        actor=by,
        device=device,
        receivedtime=now,
        channel="system",
        data=Revocation(device=device, reason=reason),
    )


async def publish(kafka: KafkaSettings, event: Event) -> None:
    """Sends an event of the registry; returns after the acknowledgement."""
    await topic.publish(kafka, DEVICE, event)


async def registry(kafka: KafkaSettings) -> Registry:
    """The phones as the services know them now."""
    fold = Registry()

    def feed(records: Sequence[Record]) -> None:
        for record in records:
            try:
                event = decode(record.value)
            except Undecodable:
                continue  # services pass it by too
            fold.feed(event, datetime.fromtimestamp(record.timestamp / 1000, UTC))

    await topic.read(kafka, DEVICE, feed)
    return fold
