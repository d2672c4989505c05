"""Examples of what is said about phones and operators' sign-ins, and of a photo."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from shared.events.device import (
    DeviceEnrolled,
    DeviceInvited,
    DeviceRevoked,
    Enrolment,
    Invitation,
    Revocation,
)
from shared.events.envelope import Event
from shared.events.identity import derived_id
from shared.events.media import Media, MediaStored, media_id
from shared.events.operator import OperatorRevoked
from shared.events.operator import Revocation as SignedOut
from shared.signing import Jwk

_NIGHT = datetime(2023, 11, 29, 11, 0, tzinfo=UTC)
_UNIT = "polda-jatim/polres-tuban"
_CODE = "5f0c8b7a1d2e3f40516273849a0bcdef5f0c8b7a1d2e3f40516273849a0bcdef"
_DEVICE = "d-3f9a1c07b2e4"
_PHOTO = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")
_SHA256 = sha256(_PHOTO).hexdigest()
_KEY = Jwk(
    kty="EC",
    crv="P-256",
    x="f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    y="x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
)


def phone_samples() -> list[Event]:
    """One of each type."""
    return [
        DeviceInvited(
            specversion="1.0",
            id=derived_id(_NIGHT, "sample", "DeviceInvited"),
            source="/ronda/command",
            time=_NIGHT,
            unit=_UNIT,
            actor="account:posko",
            receivedtime=_NIGHT,
            channel="system",
            data=Invitation(
                code_sha256=_CODE,
                actor="p-1021",
                name="Bripka Arya Rahmanto",
                role="officer",
                unit=_UNIT,
                expires_at=_NIGHT + timedelta(minutes=15),
            ),
        ),
        DeviceEnrolled(
            specversion="1.0",
            id=derived_id(_NIGHT, "sample", "DeviceEnrolled"),
            source="ronda/checkin",
            time=_NIGHT + timedelta(minutes=2),
            unit=_UNIT,
            actor="p-1021",
            device=_DEVICE,
            receivedtime=_NIGHT + timedelta(minutes=2),
            channel="app",
            data=Enrolment(code_sha256=_CODE, device=_DEVICE, key=_KEY, label="HP dinas 7"),
        ),
        DeviceRevoked(
            specversion="1.0",
            id=derived_id(_NIGHT, "sample", "DeviceRevoked"),
            source="/ronda/command",
            time=_NIGHT + timedelta(hours=5),
            unit=_UNIT,
            actor="account:posko",
            device=_DEVICE,
            receivedtime=_NIGHT + timedelta(hours=5),
            channel="system",
            data=Revocation(device=_DEVICE, reason="HP hilang di lapangan"),
        ),
        OperatorRevoked(
            specversion="1.0",
            id=derived_id(_NIGHT, "sample", "OperatorRevoked"),
            source="ronda/alerts",
            time=_NIGHT + timedelta(hours=13),
            unit=_UNIT,
            actor="n.wulandari",
            receivedtime=_NIGHT + timedelta(hours=13),
            channel="operator",
            data=SignedOut(
                actor="s.contoh", before=_NIGHT + timedelta(hours=13), reason="disabled"
            ),
        ),
        MediaStored(
            specversion="1.0",
            id=media_id(_SHA256),
            source="ronda/checkin",
            time=_NIGHT + timedelta(hours=3),
            unit=_UNIT,
            actor="p-1021",
            device=_DEVICE,
            receivedtime=_NIGHT + timedelta(hours=3, seconds=4),
            channel="app",
            data=Media(sha256=_SHA256, content_type="image/jpeg", size=len(_PHOTO), content=_PHOTO),
        ),
    ]
