"""Pages leave: claimed under a lease, sent outside any transaction, the result recorded."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from services.alerts.domain.paging import LOG_CHANNEL
from services.alerts.handlers.recording import record_notification
from services.alerts.metrics import Metrics
from services.alerts.ports import Notifier, Page, PlanBook, Receipt, Store
from shared.clock import Clock
from shared.events.alert import Notification
from shared.logging import logger

MAX_ATTEMPTS = 10
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
LEASE = timedelta(seconds=30)
SEND_TIMEOUT_S = 15.0
"""Well below the lease, so that a page has one sender at a time."""

_log = logger(__name__)


def pause_before(attempt: int) -> timedelta:
    """How long to wait before the attempt after `attempt` failed ones: 1, 2, 4 … 60 s."""
    return timedelta(seconds=min(FIRST_PAUSE_S * 2 ** (attempt - 1), LONGEST_PAUSE_S))


class Paging:
    """Delivers due pages with bounded parallelism.

    `notifiers` is by the *kind* of a channel (`log`, `webhook`); a notifier looks up what else it
    needs of `page.channel` in the plan. Pages of an alert that is not live go to `log` only.
    """

    def __init__(
        self,
        *,
        store: Store,
        plans: PlanBook,
        notifiers: Mapping[str, Notifier],
        clock: Clock,
        metrics: Metrics,
        parallel: int = 16,
    ) -> None:
        self._store = store
        self._plans = plans
        self._notifiers = notifiers
        self._clock = clock
        self._metrics = metrics
        self._parallel = parallel

    async def deliver(self, now: datetime) -> int:
        """Sends what is due at `now`; returns how many pages it tried, so 0 means be idle.

        No more are claimed than are sent at once: a page that waits for its turn would outlive its
        lease.
        """
        pages = await self._store.claim_pages(now, now + LEASE, self._parallel)
        results = await asyncio.gather(*map(self._deliver, pages), return_exceptions=True)
        for error in results:
            # Its lease ends, and it is tried again; the other pages are not held up by it.
            if isinstance(error, Exception):
                _log.warning("the result of a page is not recorded", error=repr(error))
            elif isinstance(error, BaseException):
                raise error
        return len(pages)

    async def _deliver(self, page: Page) -> None:
        receipt = await self._sent(page)
        now = self._clock()
        attempt = page.attempt + 1
        notification = Notification(
            dedup=page.dedup,
            alert=page.alert.id,
            cycle=page.cycle,
            level=page.level,
            post=page.post,
            recipient=page.recipient,
            channel=page.channel,
            attempt=attempt,
            at=now,
            error=receipt.error,
        )
        async with self._store.transaction() as transaction:
            if receipt.error is None or attempt >= MAX_ATTEMPTS:
                await transaction.finish_page(page.dedup)
            else:
                await transaction.retry_page(page.dedup, attempt, now + pause_before(attempt))
            await record_notification(transaction, page.alert, notification, now)
        self._count(page, receipt, now)

    async def _sent(self, page: Page) -> Receipt:
        notifier = self._notifiers.get(self._kind(page.channel))
        if notifier is None:
            return Receipt(error=f"there is no channel {page.channel}")
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                return await notifier.send(page)
        except TimeoutError:
            return Receipt(error="timeout")
        except Exception as error:
            _log.exception("a notifier raised", channel=page.channel)
            return Receipt(error=repr(error)[:200])

    def _kind(self, channel: str) -> str:
        plan = self._plans.plan
        row = plan.channel_by_id.get(channel) if plan else None
        if row is not None:
            return row.kind
        return LOG_CHANNEL if channel == LOG_CHANNEL else ""

    def _count(self, page: Page, receipt: Receipt, now: datetime) -> None:
        result = "sent" if receipt.error is None else "failed"
        self._metrics.pages.labels(page.channel, result).inc()
        if receipt.error is None and page.alert.version == 1:
            age = now - page.alert.received_at
            self._metrics.report_to_page.observe(max(0.0, age.total_seconds()))
