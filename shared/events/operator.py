"""What becomes of operators' accounts, as far as every service must know it."""

from typing import Literal

from msgspec import Struct

from shared.events.envelope import Event, Name, Timestamp


class Revocation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tokens of an actor that were issued at or before a moment are good for nothing any more; with
    `session`, only that one of them, which would have ended by itself at `until`."""

    actor: Name
    before: Timestamp
    reason: Literal["signed_out", "disabled", "password_changed"]
    session: Name | None = None
    until: Timestamp | None = None


class OperatorRevoked(Event, frozen=True, kw_only=True, tag="ronda.operator.revoked.v1"):
    data: Revocation
