"""What the desk of the intake makes of one event."""

from datetime import datetime
from typing import Any

from services.checkin.domain.incoming import Incoming, Rejection
from services.checkin.domain.stamping import Desk, Outgoing, Quarantined
from shared.auth import Principal
from shared.checkpoint_codes import CodeBook
from shared.events.envelope import Envelope
from shared.events.registry import decode_envelope
from shared.plan.model import Plan
from tests.unit.checkin.builders import NOW, a_plan, a_sender

PLAN = a_plan()


def admit(
    item: Incoming,
    *,
    sender: Principal | None = None,
    plan: Plan | None = PLAN,
    skew: int | None = 0,
    now: datetime = NOW,
) -> Outgoing | Rejection:
    decision = Desk(sender or a_sender(), plan, skew, now, CodeBook({})).admit(item)
    assert not isinstance(decision, Quarantined)
    return decision


def stamped(item: Incoming, **context: Any) -> Envelope:
    record = admit(item, **context)
    assert isinstance(record, Outgoing), record
    envelope = decode_envelope(record.value)
    assert envelope.flag_set == set(record.flags)
    return envelope
