"""Who may speak: the phones, folded from `ronda.device` in offset order, alike on every replica."""

import base64
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256

from shared.events.device import DeviceEnrolled, DeviceInvited, DeviceRevoked, Enrolment, Invitation
from shared.events.envelope import Envelope, Event
from shared.signing import Jwk, PublicKey, public_key, thumbprint

_TYPED_WRONGLY = str.maketrans("OIL", "011", " -\t\r\n")


@dataclass(frozen=True, slots=True)
class Device:
    """A phone with the person that it speaks for, and its key. Revoked once and for all."""

    id: str
    actor: str
    name: str
    role: str
    unit: str
    key: PublicKey
    thumbprint: str
    enrolled_at: datetime
    label: str | None = None
    revoked_at: datetime | None = None


def code_hash(code: str) -> str:
    """What names an invitation: the code itself is written nowhere. Spaces, hyphens, case and the
    letters that Crockford's base32 leaves out do not matter."""
    return sha256(code.upper().translate(_TYPED_WRONGLY).encode()).hexdigest()


def device_id(key: Jwk) -> str:
    """The name of the phone that holds a key; another key is another phone."""
    return f"d-{thumbprint(key).hex()[:16]}"


def key_name(key: Jwk) -> str:
    """The key's thumbprint as tokens carry it (RFC 7800, `jkt`)."""
    return base64.urlsafe_b64encode(thumbprint(key)).rstrip(b"=").decode()


@dataclass(slots=True)
class Registry:
    """The fold. `appended_at` is the broker's time of a record, the same for whoever reads it, so
    all replicas agree on what came before an invitation ended."""

    invitations: dict[str, Invitation] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    winners: dict[str, str] = field(default_factory=dict)
    """The phone that a code was used by, by the code's hash."""

    def feed(self, event: Event | Envelope, appended_at: datetime) -> None:
        """Takes the next event; one that says nothing of phones changes nothing."""
        if isinstance(event, DeviceInvited):
            self.invitations.setdefault(event.data.code_sha256, event.data)
        elif isinstance(event, DeviceEnrolled):
            self._enrol(event.data, appended_at)
        elif isinstance(event, DeviceRevoked):
            self._revoke(event.data.device, appended_at)

    def _enrol(self, enrolment: Enrolment, appended_at: datetime) -> None:
        code, name = enrolment.code_sha256, enrolment.device
        invitation = self.invitations.get(code)
        if invitation is None or appended_at > invitation.expires_at:
            return
        if code in self.winners or name in self.devices or name != device_id(enrolment.key):
            return
        try:
            key = public_key(enrolment.key)
        except ValueError:
            return
        self.winners[code] = name
        self.devices[name] = Device(
            id=name,
            actor=invitation.actor,
            name=invitation.name,
            role=invitation.role,
            unit=invitation.unit,
            key=key,
            thumbprint=key_name(enrolment.key),
            enrolled_at=appended_at,
            label=enrolment.label,
        )

    def _revoke(self, name: str, appended_at: datetime) -> None:
        device = self.devices.get(name)
        if device is not None and device.revoked_at is None:
            self.devices[name] = replace(device, revoked_at=appended_at)
