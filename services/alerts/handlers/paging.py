"""Pages leave: claimed under a lease, sent outside any transaction, the result recorded."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from services.alerts.domain.delivery import (
    Progress,
    accepted,
    failed,
    is_fresh,
    is_moot,
    reached,
)
from services.alerts.domain.paging import LOG_CHANNEL
from services.alerts.handlers.receipts import TIMED_OUT, Receipts, told
from services.alerts.handlers.recording import Tally, record, record_notification
from services.alerts.metrics import Metrics
from services.alerts.ports import Notifier, Page, PlanBook, Receipt, Store
from shared.clock import Clock
from shared.logging import logger

LEASE = timedelta(seconds=5)
"""How long a page waits whose sender was killed. Who is still sending renews it."""
SEND_TIMEOUT_S = 15.0

_log = logger(__name__)


class Paging:
    """Delivers due pages with bounded parallelism.

    `notifiers` is by the *kind* of a channel (`log`, `webhook`); a notifier looks up what else it
    needs of `page.channel` in the plan. Pages of an alert or an operation that is not live go to
    `log` only, whatever channel they name.
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
        self._receipts = Receipts(store=store, plans=plans, clock=clock, metrics=metrics)

    async def deliver(self, now: datetime) -> int:
        """Sends what is due at `now` and waits for it; returns how many pages it tried."""
        pages = await self.claim(now, self._parallel)
        await asyncio.gather(*map(self.send, pages))
        return len(pages)

    async def claim(self, now: datetime, limit: int, busy: Sequence[str] = ()) -> Sequence[Page]:
        """Due pages that are ours to send until `LEASE` is over, none of the channels in `busy`."""
        return await self._store.claim_pages(now, now + LEASE, limit, busy)

    async def hold(self, pages: Sequence[Page], now: datetime) -> None:
        """Renews the lease of pages that are being sent."""
        await self._store.hold_pages([page.dedup for page in pages], now + LEASE)

    async def send(self, page: Page) -> None:
        """Sends a claimed page and records what came of it. Where that cannot be recorded its lease
        ends, and it is sent again under the same name."""
        try:
            if page.accepted_at is not None:
                await self._receipts.bounce(page, TIMED_OUT)
            elif await self._is_moot(page):
                await self._drop(page)
            else:
                await self._record(page, await self._sent(page))
        except Exception as error:
            _log.warning("the result of a page is not recorded", error=repr(error))

    async def _is_moot(self, page: Page) -> bool:
        """Whether somebody has taken the alert. A page that leaves at once does not ask: that would
        cost the hot path a way to the database and back."""
        if is_fresh(page, self._clock()):
            return False
        async with self._store.transaction() as transaction:
            alert = await transaction.alert(page.alert.id)
        return alert is not None and is_moot(page, alert)

    async def _drop(self, page: Page) -> None:
        """Somebody has taken the alert: nobody need be called any more."""
        async with self._store.transaction() as transaction:
            await transaction.settle_page(
                page.dedup, page.attempt, Progress(page.attempt, error="taken meanwhile")
            )

    async def _record(self, page: Page, receipt: Receipt) -> None:
        if receipt.error is not None:
            await self._receipts.fail(page, failed(page, receipt.error, self._clock()))
            self._metrics.pages.labels(page.channel, "failed").inc()
            return
        now = self._clock()
        progress = accepted(page, receipt.ref, self._receipt_within_s(page.channel), now)
        tally = Tally()
        async with self._store.transaction() as transaction:
            # Only a call that had failures can be shown as undelivered. Alerts are locked first.
            troubled = page.attempt > 0 or page.fallback
            alert = await transaction.alert(page.alert.id) if troubled else None
            if await transaction.settle_page(page.dedup, page.attempt, progress):
                sent = told(page, progress.attempt, now)
                await record_notification(transaction, page.alert, sent, now)
                decision = reached(alert, page, now) if alert is not None else None
                if decision is not None:
                    await record(transaction, decision, tally)
        tally.count(self._metrics)
        self._metrics.pages.labels(page.channel, "sent").inc()
        if page.alert.version == 1:
            age = now - page.alert.received_at
            self._metrics.report_to_page.observe(max(0.0, age.total_seconds()))

    async def _sent(self, page: Page) -> Receipt:
        notifier = self._notifiers.get(self._kind(page))
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

    def _kind(self, page: Page) -> str:
        plan = self._plans.plan
        is_live = plan is None or plan.operation.purpose is None
        if page.alert.purpose is not None or not is_live:
            # An exercise reaches no real contact, whoever queued the page and whatever it says.
            return LOG_CHANNEL
        row = plan.channel_by_id.get(page.channel) if plan else None
        if row is not None:
            return row.kind
        return LOG_CHANNEL if page.channel == LOG_CHANNEL else ""

    def _receipt_within_s(self, channel: str) -> float | None:
        plan = self._plans.plan
        row = plan.channel_by_id.get(channel) if plan else None
        return row.receipt_within_s if row is not None else None
