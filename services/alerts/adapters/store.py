"""The store on PostgreSQL: SQL by SQLAlchemy Core, one connection per transaction.

Locks are taken in one order: the operation's lock, then alerts or visits, then everything else;
rows of many at once by their key. A deadlock that is left is broken by PostgreSQL and tried again.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Text, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.account_rows import AccountRows
from services.alerts.adapters.alert_rows import AlertRows, KnownAlerts
from services.alerts.adapters.bell import Bell
from services.alerts.adapters.delivery_rows import DeliveryRows
from services.alerts.adapters.inbox_rows import InboxRows
from services.alerts.adapters.nudge_rows import NudgeRows
from services.alerts.adapters.outgoing_rows import OutgoingRows
from services.alerts.adapters.patrol_rows import PatrolRows
from services.alerts.adapters.presence_rows import PresenceRows
from services.alerts.adapters.risk_rows import RiskRows
from services.alerts.adapters.rows import decode_body
from services.alerts.adapters.silence_rows import SilenceRows
from services.alerts.adapters.tables import (
    alert,
    device_track,
    handover,
    notification,
    nudge,
    task,
    visit,
)
from services.alerts.adapters.task_rows import TaskRows
from services.alerts.adapters.visit_rows import VisitRows
from services.alerts.adapters.watch_rows import WatchRows
from services.alerts.ports import Page, TryAgain

_page = (notification.c.body, notification.c.attempt, notification.c.accepted_at)
_due_pages = (
    select(notification.c.dedup)
    .where(
        notification.c.due_at <= bindparam("now"),
        notification.c.channel != func.all(bindparam("busy", type_=ARRAY(Text))),
    )
    .order_by(notification.c.due_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    # Materialized, or the planner may evaluate the limit once per row of the update.
    .cte("due_pages")
    .prefix_with("MATERIALIZED")
)
_claim = (
    update(notification)
    .where(notification.c.dedup.in_(select(_due_pages.c.dedup)))
    .values(due_at=bindparam("lease_until"))
    .returning(*_page)
)
_hold = (
    update(notification)
    .where(
        notification.c.dedup == func.any(bindparam("dedups", type_=ARRAY(Text))),
        notification.c.due_at.is_not(None),
    )
    .values(due_at=bindparam("until"))
)
_named = select(*_page).where(
    notification.c.channel == bindparam("channel"), notification.c.ref == bindparam("ref")
)
_next_due = select(
    func.least(
        select(func.min(alert.c.next_due_at)).scalar_subquery(),
        select(func.min(task.c.next_due_at)).scalar_subquery(),
        select(func.min(device_track.c.next_check_at)).scalar_subquery(),
        select(func.min(nudge.c.next_due_at)).scalar_subquery(),
        select(func.min(handover.c.next_due_at)).scalar_subquery(),
    )
)
_next_visit_due = select(func.min(visit.c.next_check_at))
_awaits_ends = select(
    select(visit.c.id)
    .where(
        visit.c.next_check_at <= bindparam("now"),
        visit.c.grace_until <= bindparam("now"),
        visit.c.barrier.is_(None),
    )
    .exists()
)


class PostgresTransaction(
    OutgoingRows,
    AccountRows,
    DeliveryRows,
    InboxRows,
    AlertRows,
    VisitRows,
    TaskRows,
    RiskRows,
    PatrolRows,
    NudgeRows,
    SilenceRows,
    PresenceRows,
    WatchRows,
):
    """One open transaction; each concern's statements are in a file of their own."""


class PostgresStore:
    """`Store` on a migrated schema.

    After a commit `published` is rung where it filled the outbox, `scheduled` where it may have
    brought a deadline nearer, `paged` where it queued a page.
    """

    def __init__(
        self, engine: AsyncEngine, *, published: Bell, scheduled: Bell, paged: Bell
    ) -> None:
        self._engine = engine
        # One statement is a transaction anyway; saying so costs two more ways to the server.
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._published = published
        self._scheduled = scheduled
        self._paged = paged
        self._known = KnownAlerts()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        """Begins; commits at the end of the block, rolls back on any exception.

        Raises `TryAgain` when the database is away, too slow, or broke a deadlock.
        """
        with retryable():
            async with self._engine.begin() as connection:
                transaction = PostgresTransaction(connection, self._known)
                yield transaction
                await transaction.flush()
        # The page first: somebody is waited for, and both loops share one event loop.
        if transaction.paged:
            self._paged.ring()
        if transaction.published:
            self._published.ring()
        if transaction.scheduled is not None:
            self._scheduled.ring_by(transaction.scheduled)

    async def claim_pages(
        self, now: datetime, lease_until: datetime, limit: int, busy: Sequence[str] = ()
    ) -> Sequence[Page]:
        """Due pages, the longest due first, leased: nobody else gets them before `lease_until`."""
        claim = {"now": now, "lease_until": lease_until, "limit": limit, "busy": list(busy)}
        with retryable():
            async with self._single.connect() as connection:
                rows = await connection.execute(_claim, claim)
        return sorted((_page_of(row) for row in rows), key=lambda page: page.due_at)

    async def hold_pages(self, dedups: Sequence[str], until: datetime) -> None:
        """Renews the lease of pages that are being sent."""
        with retryable():
            async with self._single.connect() as connection:
                await connection.execute(_hold, {"dedups": list(dedups), "until": until})

    async def page_named(self, channel: str, ref: str) -> Page | None:
        """The page that a channel's provider took under a name, or None."""
        with retryable():
            async with self._single.connect() as connection:
                row = (await connection.execute(_named, {"channel": channel, "ref": ref})).first()
        return _page_of(row) if row is not None else None

    async def next_due(self) -> datetime | None:
        """The earliest deadline of an alert, a task, a device, a nudge or a handover."""
        due: datetime | None = await self._value(_next_due)
        return due

    async def next_visit_due(self) -> datetime | None:
        """The earliest check of a visit."""
        due: datetime | None = await self._value(_next_visit_due)
        return due

    async def awaits_ends(self, now: datetime) -> bool:
        """Whether a visit's check has come that is past its grace and has no barrier yet."""
        return bool(await self._value(_awaits_ends, now=now))

    async def _value(self, statement: Select[Any], **parameters: object) -> Any:
        with retryable():
            async with self._single.connect() as connection:
                return (await connection.execute(statement, parameters)).scalar_one()


def _page_of(row: Any) -> Page:
    page = decode_body(row.body, Page)
    return replace(page, attempt=row.attempt, accepted_at=row.accepted_at)


@contextmanager
def retryable() -> Iterator[None]:
    """Turns what another try may mend into `TryAgain`: disconnects, timeouts, deadlocks."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise TryAgain(f"the database could not do it now: {error.__class__.__name__}") from error
