"""Visits that are due, and what became of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from services.alerts.adapters.rows import Rows, decode_body, encode_body
from services.alerts.adapters.tables import Id
from services.alerts.adapters.tables import visit as table
from services.alerts.ports import PendingVisit
from shared.events.alert import Visit

_rows = select(table.c.body, table.c.next_check_at, table.c.barrier, table.c.barrier_at)
_of_site = (
    _rows.where(
        table.c.site == bindparam("site"),
        table.c.opens_at <= bindparam("until"),
        table.c.grace_until >= bindparam("since"),
    )
    .order_by(table.c.due_at, table.c.id)
    .with_for_update()
)
_due = (
    _rows.where(table.c.next_check_at <= bindparam("now"))
    .order_by(table.c.next_check_at, table.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_new_visit = insert(table)
_add = _new_visit.on_conflict_do_nothing()
_save = _new_visit.on_conflict_do_update(
    index_elements=[table.c.id],
    set_={
        name: _new_visit.excluded[name]
        for name in table.c.keys()  # noqa: SIM118 - a column collection iterates columns
        if name != "id"
    },
)
_withdraw = delete(table).where(
    table.c.state == "due",
    table.c.opens_at > bindparam("opening_after"),
    table.c.id != func.all(bindparam("keep", type_=ARRAY(Id))),
)


class VisitRows(Rows):
    """The visits' part of a transaction."""

    async def add_visits(self, visits: Sequence[PendingVisit]) -> None:
        """Inserts visits that are not there yet; leaves the others as they are."""
        if visits:
            await self._run(_add, [_columns(each) for each in sorted(visits, key=_id)])

    async def withdraw_visits(self, keep: Sequence[str], opening_after: datetime) -> None:
        """Deletes still-due visits that open after a moment and are not in `keep`."""
        await self._run(_withdraw, {"keep": list(keep), "opening_after": opening_after})

    async def visits_of(
        self, site: str, since: datetime, until: datetime
    ) -> Sequence[PendingVisit]:
        """A site's visits whose window overlaps a span, by due time, locked."""
        return await self._all(_of_site, {"site": site, "since": since, "until": until})

    async def due_visits(self, now: datetime, limit: int) -> Sequence[PendingVisit]:
        """Visits whose `next_check_at` has come, locked, skipping locked ones."""
        return await self._all(_due, {"now": now, "limit": limit})

    async def save_visit(self, visit: PendingVisit) -> None:
        """Replaces a visit."""
        await self._run(_save, _columns(visit))

    async def _all(
        self, statement: Select[Any], parameters: Mapping[str, object]
    ) -> Sequence[PendingVisit]:
        rows = await self._run(statement, parameters)
        return [
            PendingVisit(
                visit=decode_body(row.body, Visit),
                next_check_at=row.next_check_at,
                barrier=None if row.barrier is None else decode_body(row.barrier, dict[int, int]),
                barrier_at=row.barrier_at,
            )
            for row in rows
        ]


def _id(pending: PendingVisit) -> str:
    return pending.visit.id


def _columns(pending: PendingVisit) -> dict[str, object]:
    visit = pending.visit
    return {
        "id": visit.id,
        "state": visit.state,
        "site": visit.site,
        "unit": visit.unit,
        "opens_at": visit.opens_at,
        "due_at": visit.due_at,
        "grace_until": visit.grace_until,
        "next_check_at": pending.next_check_at,
        "barrier": None if pending.barrier is None else encode_body(dict(pending.barrier)),
        "barrier_at": pending.barrier_at,
        "body": encode_body(visit),
        "is_short": bool(visit.shortfalls),
        "visited_at": visit.visited_at,
    }
