"""How a decision is kept: the object, the event that carries it, its pages; counted once it stands.

The id of an event is a function of what it tells, so what is published twice carries one id.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias, TypeVar

from msgspec.structs import replace

from services.alerts.domain.decision import Decision
from services.alerts.metrics import Metrics
from services.alerts.ports import PendingVisit, Transaction
from shared.events.alert import (
    Alert,
    Notification,
    NotificationFailed,
    NotificationSent,
    VisitAtRisk,
    VisitDone,
    VisitDue,
    VisitMissed,
    VisitRecovered,
)
from shared.events.identity import derived_id
from shared.logging import logger
from shared.topics import ALERT

SOURCE = "ronda/alerts"
T = TypeVar("T")

_log = logger(__name__)

VisitEvent: TypeAlias = VisitDue | VisitAtRisk | VisitDone | VisitMissed | VisitRecovered


@dataclass(slots=True)
class Tally:
    """What a transaction did; it counts only after the commit."""

    records: dict[str, int] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    report_ages_s: list[float] = field(default_factory=list)
    lateness_s: list[float] = field(default_factory=list)
    failures: int = 0

    def read(self, result: str) -> None:
        """One more record of a result."""
        self.records[result] = self.records.get(result, 0) + 1

    def attempt(self, decide: Callable[[], T], **about: str) -> T | None:
        """What is decided; None where that fails: one object that cannot be decided must not stop
        the others. It stays due, and is seen."""
        try:
            return decide()
        except Exception:
            _log.exception("what is due cannot be decided", **about)
            self.failures += 1
            return None

    def count(self, metrics: Metrics) -> None:
        """Hands everything to the instruments."""
        for result, number in self.records.items():
            metrics.records.labels(result).inc(number)
        for event_type in self.events:
            metrics.alert_events.labels(event_type).inc()
        for seconds in self.report_ages_s:
            metrics.report_to_alert.observe(max(0.0, seconds))
        for seconds in self.lateness_s:
            metrics.timer_lateness.observe(max(0.0, seconds))
        metrics.timer_failures.inc(self.failures)


def key_of(alert: Alert) -> str:
    """The record key of everything about an alert, for its whole life."""
    return alert.site or alert.unit


async def record(
    transaction: Transaction, decision: Decision, tally: Tally, *, actor: str | None = None
) -> None:
    """Keeps a decision; `actor` is the person who made it, None the system."""
    await transaction.save_alert(decision.alert)
    await _tell(transaction, decision, tally, actor)


async def record_all(transaction: Transaction, decisions: Sequence[Decision], tally: Tally) -> None:
    """Keeps what the clock decided about alerts that are there, all at once."""
    await transaction.save_alerts([decision.alert for decision in decisions])
    for decision in decisions:
        await _tell(transaction, decision, tally, None)


async def _tell(
    transaction: Transaction, decision: Decision, tally: Tally, actor: str | None
) -> None:
    alert = decision.alert
    kind = str(decision.event.__struct_config__.tag)
    event = decision.event(
        specversion="1.0",
        id=derived_id(alert.updated_at, alert.id, str(alert.version), kind),
        source=SOURCE,
        time=alert.updated_at,
        receivedtime=alert.updated_at,
        subject=alert.site,
        unit=alert.unit,
        actor=actor,
        channel="operator" if actor else "system",
        purpose=alert.purpose,
        data=alert,
    )
    await transaction.publish(ALERT, key_of(alert), event)
    for page in decision.pages:
        await transaction.page(page)
    tally.events.append(kind)


async def record_visit(
    transaction: Transaction,
    pending: PendingVisit,
    event_type: type[VisitEvent],
    now: datetime,
    tally: Tally,
    *,
    purpose: str | None = None,
) -> None:
    """Keeps a visit and tells what became of it; `purpose` is the operation's."""
    visit = pending.visit
    kind = str(event_type.__struct_config__.tag)
    event = event_type(
        specversion="1.0",
        id=derived_id(now, visit.id, str(visit.version), kind),
        source=SOURCE,
        time=now,
        receivedtime=now,
        subject=visit.site,
        unit=visit.unit,
        channel="system",
        purpose=purpose,
        data=visit,
    )
    await transaction.save_visit(pending)
    await transaction.publish(ALERT, visit.site, event)
    tally.events.append(kind)


async def record_notification(
    transaction: Transaction, alert: Alert, notification: Notification, now: datetime
) -> None:
    """Tells of one attempt to reach somebody; the same attempt has the same event id."""
    kind = NotificationFailed if notification.error else NotificationSent
    notification = replace(notification, restricted=alert.restricted)
    event = kind(
        specversion="1.0",
        id=derived_id(
            alert.updated_at,
            notification.dedup,
            str(notification.attempt),
            str(kind.__struct_config__.tag),
            *(("delivered",) if notification.delivered_at else ()),
        ),
        source=SOURCE,
        time=now,
        receivedtime=now,
        subject=alert.site,
        unit=alert.unit,
        channel="system",
        purpose=alert.purpose,
        data=notification,
    )
    await transaction.publish(ALERT, key_of(alert), event)
