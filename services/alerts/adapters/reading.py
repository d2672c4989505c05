"""What people look at: plain reads, outside any of the engine's transactions."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Executable, Row, Select, Table, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.cursor import Cursor, Page, page_of
from services.alerts.adapters.nudge_rows import newest as newest_nudges
from services.alerts.adapters.patrol_rows import duty_of, on_duty
from services.alerts.adapters.rows import decode_body
from services.alerts.adapters.store import retryable
from services.alerts.adapters.tables import PARKED, alert, outbox, site_risk, site_sign
from services.alerts.domain.restriction import sees
from services.alerts.domain.site_status import Sign
from services.alerts.ports import Duty
from shared.auth import Principal
from shared.events.alert import Alert
from shared.events.risk import RiskBand
from shared.events.welfare import Nudge

_bands = select(site_risk.c.site, site_risk.c.band)


class Readings:
    """Reads of committed rows; each raises `TryAgain` while the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def alert(self, viewer: Principal, alert_id: str) -> Alert | None:
        """One alert; None where there is none, or none for this viewer."""
        found = await self._alerts(select(alert.c.body).where(alert.c.id == alert_id))
        return next((each for each in found if sees(viewer, each)), None)

    async def alerts(
        self, viewer: Principal, *, only_open: bool, after: Cursor | None = None, limit: int
    ) -> Page[Alert]:
        """A page of what is there for a viewer, the newest first; what the viewer may not know of
        is left out of it, so a page may be short though there is another."""
        statement = _newest(_within(alert, viewer.unit), only_open=only_open).limit(limit + 1)
        if after is not None:
            statement = statement.where(after.before(alert.c.opened_at, alert.c.id))
        page = page_of(await self._all(statement), limit, _alert, "opened_at")
        return Page([each for each in page.items if sees(viewer, each)], page.rest)

    async def open_alerts(self, viewer: Principal) -> list[Alert]:
        """Every open alert that is there for a viewer, the newest first."""
        found = await self._alerts(_newest(_within(alert, viewer.unit), only_open=True))
        return [each for each in found if sees(viewer, each)]

    async def everybodys(self) -> list[Alert]:
        """Open alerts whoever may know of them, the newest first: to be counted, not shown."""
        return await self._alerts(_newest(true(), only_open=True))

    async def hidden(self, viewer: Principal, alert_ids: Collection[str]) -> set[str]:
        """Which of these alerts are not there for a viewer."""
        found = await self._alerts(select(alert.c.body).where(alert.c.id.in_(alert_ids)))
        return {each.id for each in found if not sees(viewer, each)}

    async def signs(self) -> Mapping[str, Sign]:
        """Each site's last sign of life."""
        return {
            row.site: Sign(
                seen_at=row.seen_at, situation=row.situation, situation_at=row.situation_at
            )
            for row in await self._all(select(site_sign).where(site_sign.c.seen_at.is_not(None)))
        }

    async def bands(self) -> Mapping[str, RiskBand]:
        """The band of each site that was ever in another one than the lowest."""
        return {row.site: row.band for row in await self._all(_bands)}

    async def duties(self) -> list[Duty]:
        """Crews on duty."""
        return [duty_of(row) for row in await self._all(on_duty)]

    async def nudges(self) -> list[Nudge]:
        """What was last asked of each crew."""
        return [decode_body(row.body, Nudge) for row in await self._all(newest_nudges)]

    async def oldest_untaken(self) -> datetime | None:
        """When the oldest alert was raised that still climbs; an exercise wakes nobody on call."""
        statement = select(func.min(alert.c.opened_at).label("oldest")).where(
            alert.c.closed_at.is_(None),
            alert.c.next_due_kind == "climb",
            alert.c.purpose.is_(None),
        )
        oldest: datetime | None = (await self._all(statement))[0].oldest
        return oldest

    async def parked(self) -> int:
        """How many records of the outbox no topic takes."""
        statement = select(func.count().label("parked")).where(outbox.c.shard == PARKED)
        return int((await self._all(statement))[0].parked)

    async def _alerts(self, statement: Executable) -> list[Alert]:
        return [_alert(row) for row in await self._all(statement)]

    async def _all(self, statement: Executable) -> Sequence[Row[Any]]:
        with retryable():
            async with self._engine.connect() as connection:
                return (await connection.execute(statement)).all()


def _alert(row: Row[Any]) -> Alert:
    return decode_body(row.body, Alert)


def _newest(where: ColumnElement[bool], *, only_open: bool) -> Select[Any]:
    statement = select(alert.c.id, alert.c.opened_at, alert.c.body).where(where)
    if only_open:
        statement = statement.where(alert.c.closed_at.is_(None))
    return statement.order_by(alert.c.opened_at.desc(), alert.c.id.desc())


def _within(table: Table, unit: str) -> ColumnElement[bool]:
    below = table.c.unit.startswith(f"{unit}/", autoescape=True)
    return or_(table.c.unit == unit, below)
