"""A phone as the field app is one: a key of its own, and a signature on every event."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from services.checkin.domain.devices import code_hash, device_id, key_name
from shared.auth import Principal
from shared.events.device import DeviceEnrolled, DeviceInvited, Enrolment, Invitation
from shared.events.identity import new_id
from shared.signing import Jwk, canonical, jwk_of, sign, signed_text
from tests.unit.checkin.builders import INCIDENT, NOW, UNIT, an_event

CODE = "ABCD-EFGH-JKMN-PQRS"


@dataclass(slots=True)
class Phone:
    """Events of it are signed; those who need its name in a registry feed it `enrolment()`."""

    code: str = CODE
    actor: str = "p-1021"
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    sequence: int = 0

    @property
    def key(self) -> Jwk:
        return jwk_of(self.private.public_key())

    @property
    def id(self) -> str:
        return device_id(self.key)

    def event(self, event_type: str = INCIDENT, **changes: Any) -> dict[str, Any]:
        """A signed event."""
        self.sequence += 1
        return self.signed(
            an_event(event_type, **{"device": self.id, "deviceseq": self.sequence} | changes)
        )

    def signed(self, event: dict[str, Any]) -> dict[str, Any]:
        """An event with this phone's signature."""
        return event | {"signature": sign(self.private, signed_text(event))}

    def token_request(
        self, at: datetime, shift: dict[str, Any] | None = None, **changes: Any
    ) -> dict[str, Any]:
        """What `POST /v1/tokens` is sent; `shift` as the phone signs it."""
        said: dict[str, Any] = {"at": at.isoformat(), "device": self.id, "purpose": "ronda.token"}
        said |= {"shift": shift} if shift is not None else {}
        signature = sign(self.private, canonical(said))
        del said["purpose"]
        return said | {"signature": signature} | changes

    def sender(self, **changes: Any) -> Principal:
        """Whom its token speaks for."""
        claims: dict[str, Any] = {
            "actor": self.actor,
            "name": "Sari Wulandari",
            "role": "officer",
            "unit": UNIT,
            "issuer": "checkin",
            "expires_at": NOW + timedelta(minutes=15),
            "device": self.id,
            "key": key_name(self.key),
        }
        return Principal(**(claims | changes))

    def invitation(self, *, expires_at: datetime = NOW + timedelta(minutes=15)) -> DeviceInvited:
        """What `ronda device enroll` publishes."""
        return DeviceInvited(
            specversion="1.0",
            id=new_id(NOW),
            source="test",
            time=NOW,
            data=Invitation(
                code_sha256=code_hash(self.code),
                actor=self.actor,
                name="Bripka Sari Wulandari",
                role="officer",
                unit=UNIT,
                expires_at=expires_at,
            ),
        )

    def enrolled(self) -> DeviceEnrolled:
        """What checkin publishes for it."""
        return DeviceEnrolled(
            specversion="1.0",
            id=new_id(NOW),
            source="test",
            time=NOW,
            data=Enrolment(code_sha256=code_hash(self.code), device=self.id, key=self.key),
        )

    def enrolment(self) -> tuple[DeviceInvited, DeviceEnrolled]:
        """Both, in their order."""
        return self.invitation(), self.enrolled()
