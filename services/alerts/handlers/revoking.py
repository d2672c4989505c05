"""Telling every service that tokens are good for nothing any more."""

from datetime import datetime

from services.alerts.ports import AccountTransaction
from shared.events.identity import derived_id
from shared.events.operator import OperatorRevoked, Revocation
from shared.topics import DEVICE

SOURCE = "ronda/alerts"


async def revoke(
    transaction: AccountTransaction, revocation: Revocation, *, by: str, unit: str, now: datetime
) -> None:
    """Publishes a revocation; `by` is who decided it, `unit` the account's."""
    event = OperatorRevoked(
        specversion="1.0",
        id=derived_id(now, revocation.actor, revocation.reason, revocation.session or ""),
        source=SOURCE,
        time=now,
        receivedtime=now,
        unit=unit,
        actor=by,
        channel="operator",
        data=revocation,
    )
    await transaction.publish(DEVICE, revocation.actor, event)
