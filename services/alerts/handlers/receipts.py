"""What providers say later of pages that they took, and what a failure leads to: the next way to
the same person, and in the end an alert that shows whom nobody could tell."""

from datetime import datetime

from services.alerts.domain.decision import Decision
from services.alerts.domain.delivery import (
    Progress,
    bounced,
    confirmed,
    is_moot,
    reached,
    unreached,
)
from services.alerts.domain.escalation import hastened
from services.alerts.handlers.gaps import raise_gaps
from services.alerts.handlers.recording import Tally, record, record_notification
from services.alerts.metrics import Metrics
from services.alerts.ports import Page, PlanBook, Store, Transaction
from shared.clock import Clock
from shared.events.alert import Alert, Notification

TIMED_OUT = "the delivery was not confirmed in time"


def told(
    page: Page,
    attempt: int,
    at: datetime,
    *,
    error: str | None = None,
    delivered_at: datetime | None = None,
    final: bool = False,
) -> Notification:
    """What an attempt came to."""
    return Notification(
        dedup=page.dedup,
        alert=page.alert.id,
        cycle=page.cycle,
        level=page.level,
        post=page.post,
        recipient=page.recipient,
        channel=page.channel,
        attempt=attempt,
        at=at,
        error=error,
        delivered_at=delivered_at,
        final=final,
    )


class Receipts:
    """Settles pages whose provider has failed or has said what became of them."""

    def __init__(self, *, store: Store, plans: PlanBook, clock: Clock, metrics: Metrics) -> None:
        self._store = store
        self._plans = plans
        self._clock = clock
        self._metrics = metrics

    async def receive(self, channel: str, ref: str, *, delivered: bool, why: str | None) -> bool:
        """A provider's word on the page that it took as `ref`; False where there is no such page.

        The same word again changes nothing.
        """
        page = await self._store.page_named(channel, ref)
        if page is None:
            return False
        if delivered:
            await self._confirm(page)
        else:
            await self.bounce(page, why or "the provider could not deliver it")
        return True

    async def bounce(self, page: Page, error: str) -> None:
        """A page that was taken will not arrive, as far as anybody knows."""
        await self.fail(page, bounced(page, error))
        self._metrics.pages.labels(page.channel, "bounced").inc()

    async def fail(self, page: Page, progress: Progress) -> None:
        """Records a failure; releases the next way, unless nobody need be called any more."""
        now, tally = self._clock(), Tally()
        async with self._store.transaction() as transaction:
            # Locks are taken in one order: alerts first.
            alert = await transaction.alert(page.alert.id) or page.alert
            if not await transaction.settle_page(page.dedup, page.attempt, progress):
                return
            failure = told(
                page,
                progress.attempt,
                now,
                error=progress.error,
                final=progress.due_at is None,
            )
            await record_notification(transaction, page.alert, failure, now)
            decision = None if is_moot(page, alert) else await _next(transaction, alert, page, now)
            if decision is not None:
                plan = self._plans.plan
                decision = hastened(decision, page.level, plan, now)
                await record(transaction, decision, tally)
                await raise_gaps(transaction, decision, plan, now, tally)
        tally.count(self._metrics)

    async def _confirm(self, page: Page) -> None:
        now, tally = self._clock(), Tally()
        progress = confirmed(page, now)
        async with self._store.transaction() as transaction:
            alert = await transaction.alert(page.alert.id)
            if not await transaction.settle_page(page.dedup, page.attempt, progress):
                return
            arrived = told(page, page.attempt, now, delivered_at=now)
            await record_notification(transaction, page.alert, arrived, now)
            decision = reached(alert, page, now) if alert is not None else None
            if decision is not None:
                await record(transaction, decision, tally)
        tally.count(self._metrics)
        self._metrics.pages.labels(page.channel, "delivered").inc()


async def _next(
    transaction: Transaction, alert: Alert, page: Page, now: datetime
) -> Decision | None:
    """After the first failure of a way the next one is tried; where there is none, and no other
    contact of the post has been told or may still be, the alert shows it."""
    following = page.next_way(now)
    if following is not None and page.attempt + (page.accepted_at is None) == 1:
        await transaction.page(following)
        return None
    return unreached(alert, page, await transaction.call(page.call), now)
