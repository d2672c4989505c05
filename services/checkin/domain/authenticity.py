"""Whether an event is its device's own. What is not is evidence, and acted upon by nobody."""

from typing import Literal

from services.checkin.domain.devices import Device
from services.checkin.domain.incoming import Incoming
from shared.auth import Principal
from shared.signing import is_event_signed_by

Doubt = Literal["other_device", "unknown_device", "revoked", "missing_signature", "bad_signature"]

DOUBTS: dict[Doubt, str] = {
    "other_device": "`device` is not the phone that the token is for",
    "unknown_device": "the phone that the token is for is not enrolled",
    "revoked": "the phone was revoked",
    "missing_signature": "a phone that has enrolled a key signs every event",
    "bad_signature": "the signature is not that of the phone's key over this event",
}
"""Why an event goes to quarantine, in the order in which it is looked at."""


def doubt_of(item: Incoming, sender: Principal, device: Device | None) -> Doubt | None:
    """What is wrong, or None; `device` is the enrolled phone that the event names.

    A credential without a key (a tool, a tracker, the posko) may send what is not signed, except in
    the name of a phone that has a key.
    """
    if sender.key is not None and item.device != sender.device:
        return "other_device"
    if device is None:
        return "unknown_device" if sender.key is not None else None
    if device.revoked_at is not None:
        return "revoked"
    if item.signature is None:
        return "missing_signature"
    if not is_event_signed_by(device.key, item, item.signature):
        return "bad_signature"
    return None
