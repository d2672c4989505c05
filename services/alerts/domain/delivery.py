"""What becomes of a page: by its provider's answer, by a receipt, by time, by who takes the alert.

A page that failed is tried again with a growing pause; the next way to the same person does not
wait for that, and is tried after the first failure. Nobody goes on calling for an alert that
somebody has taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.alerts.domain.decision import Change, Decision, clipped, decided
from services.alerts.domain.escalation import TERMINAL, is_climbing
from services.alerts.domain.paging import Page
from shared.events.alert import Alert, AlertUpdated, Entry

MAX_ATTEMPTS = 10
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
MOST_UNDELIVERED = 20
FRESH = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Progress:
    """How a page stands now; `due_at` None means that nothing more happens by itself.

    `ref` is the provider's name of it, where there is one.
    """

    attempt: int
    due_at: datetime | None = None
    accepted_at: datetime | None = None
    delivered_at: datetime | None = None
    error: str | None = None
    ref: str | None = None

    @property
    def failed(self) -> bool:
        """Whether it was tried and no provider has it."""
        return self.attempt > 0 and self.accepted_at is None


def pause_before(attempt: int) -> timedelta:
    """How long to wait before the attempt after `attempt` failed ones: 1, 2, 4 … 60 s."""
    return timedelta(seconds=min(FIRST_PAUSE_S * 2 ** (attempt - 1), LONGEST_PAUSE_S))


def accepted(
    page: Page, ref: str | None, receipt_within_s: float | None, now: datetime
) -> Progress:
    """A provider took it. Where a receipt is promised, it must come in time."""
    due_at = now + timedelta(seconds=receipt_within_s) if receipt_within_s else None
    return Progress(page.attempt + 1, due_at, accepted_at=now, ref=ref)


def failed(page: Page, error: str, now: datetime) -> Progress:
    """A provider did not take it: later again, unless that was the last time."""
    attempt = page.attempt + 1
    again = now + pause_before(attempt) if attempt < MAX_ATTEMPTS else None
    return Progress(attempt, again, error=error)


def bounced(page: Page, error: str) -> Progress:
    """A provider that took it has said that it will not arrive, or has said nothing in time: it
    would only say so again."""
    return Progress(page.attempt, error=error)


def confirmed(page: Page, now: datetime) -> Progress:
    """It has arrived."""
    return Progress(page.attempt, accepted_at=page.accepted_at or now, delivered_at=now)


def is_fresh(page: Page, now: datetime) -> bool:
    """Whether it is so new that hardly anybody can have acted upon what it tells."""
    return page.attempt == 0 and not page.fallback and now - page.due_at <= FRESH


def is_moot(page: Page, alert: Alert) -> bool:
    """Whether nobody need be called any more: the climb that the page belongs to is over."""
    if alert.state in TERMINAL:
        return True
    if not is_climbing(page.alert):
        return False
    return alert.cycle != page.cycle or not is_climbing(alert)


def unreached(alert: Alert, page: Page, call: Sequence[Progress], now: datetime) -> Decision | None:
    """Every way of a call has failed: the alert shows whom nobody could tell. None where one may
    still succeed at its first try, or where it is shown already."""
    shown = page.post in alert.undelivered or len(alert.undelivered) >= MOST_UNDELIVERED
    if alert.state in TERMINAL or shown or not all(way.failed for way in call):
        return None
    error = next((way.error for way in reversed(call) if way.error), None)
    entry = Entry(
        at=now,
        what="undelivered",
        by=page.recipient,
        note=clipped(error),
        cycle=page.cycle,
        level=page.level,
    )
    change = Change(alert).to(undelivered=[*alert.undelivered, page.post]).entered(entry)
    return decided(change, AlertUpdated, now)


def reached(alert: Alert, page: Page, now: datetime) -> Decision | None:
    """A post that was shown as not reached has been told after all; None where it was not shown."""
    if alert.state in TERMINAL or page.post not in alert.undelivered:
        return None
    entry = Entry(at=now, what="delivered", by=page.recipient, cycle=page.cycle, level=page.level)
    left = [post for post in alert.undelivered if post != page.post]
    return decided(Change(alert).to(undelivered=left).entered(entry), AlertUpdated, now)
