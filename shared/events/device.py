"""Which phones may speak: invited, enrolled with a key of their own, revoked."""

from typing import Annotated

from msgspec import Meta, Struct

from shared.events.envelope import Event, Name, Timestamp
from shared.events.patrol import Sha256
from shared.signing import Jwk

Label = Annotated[str, Meta(max_length=80)]


class Invitation(Struct, frozen=True, kw_only=True):
    """A one-time code for one person's phone. The code itself is told to nobody but that person."""

    code_sha256: Sha256
    actor: Name
    name: Name
    role: Name
    unit: Name
    expires_at: Timestamp


class Enrolment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A phone that showed a code, and the public half of the key that it made.

    The first one with a given code counts, by offset, and only while the invitation was open.
    """

    code_sha256: Sha256
    device: Name
    key: Jwk
    label: Label | None = None


class Revocation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The end of a phone: what it still sends is evidence and nothing else."""

    device: Name
    reason: Annotated[str, Meta(max_length=500)] | None = None


class DeviceInvited(Event, frozen=True, kw_only=True, tag="ronda.device.invited.v1"):
    data: Invitation


class DeviceEnrolled(Event, frozen=True, kw_only=True, tag="ronda.device.enrolled.v1"):
    data: Enrolment


class DeviceRevoked(Event, frozen=True, kw_only=True, tag="ronda.device.revoked.v1"):
    data: Revocation
