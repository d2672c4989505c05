"""What was last asked of each crew, and what became of it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.alerts.adapters.rows import Rows, decode_body, encode_body
from services.alerts.adapters.tables import nudge as table
from services.alerts.domain.welfare import is_waiting
from shared.events.welfare import Nudge

_new = insert(table)
_columns = {
    name: _new.excluded[name]
    for name in table.c.keys()  # noqa: SIM118 - a column collection iterates columns
    if name != "crew"
}
_ask = _new.on_conflict_do_update(
    index_elements=[table.c.crew], set_=_columns, where=table.c.state != "asked"
).returning(table.c.id)
_save = _new.on_conflict_do_update(
    index_elements=[table.c.crew],
    set_=_columns,
    where=table.c.id == _new.excluded.id,
)
_standing = select(table.c.body).where(table.c.crew == bindparam("of_crew"))
_by_id = select(table.c.body).where(table.c.id == bindparam("nudge_id")).with_for_update()
_due = (
    select(table.c.body)
    .where(table.c.next_due_at <= bindparam("now"))
    .order_by(table.c.next_due_at, table.c.crew)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
newest = select(table.c.body)


class NudgeRows(Rows):
    """The nudges' part of a transaction."""

    async def ask(self, nudge: Nudge) -> Nudge | None:
        """Begins a nudge. None where it was begun, else the one that its crew still has to
        answer."""
        self._schedule(nudge.due_at)
        if (await self._run(_ask, _row(nudge))).first() is not None:
            return None
        standing = await self._run(_standing, {"of_crew": nudge.crew})
        return decode_body(standing.scalar_one(), Nudge)

    async def nudge(self, nudge_id: str) -> Nudge | None:
        """A nudge, its row locked; None where its crew was asked again since."""
        body = (await self._run(_by_id, {"nudge_id": nudge_id})).scalar_one_or_none()
        return decode_body(body, Nudge) if body is not None else None

    async def due_nudges(self, now: datetime, limit: int) -> Sequence[Nudge]:
        """Those whose time is over, the oldest first, locked, skipping locked ones."""
        rows = await self._run(_due, {"now": now, "limit": limit})
        return [decode_body(body, Nudge) for body in rows.scalars()]

    async def save_nudge(self, nudge: Nudge) -> None:
        """Replaces a nudge."""
        await self._run(_save, _row(nudge))


def _row(nudge: Nudge) -> dict[str, object]:
    return {
        "crew": nudge.crew,
        "id": nudge.id,
        "state": nudge.state,
        "next_due_at": nudge.due_at if is_waiting(nudge) else None,
        "body": encode_body(nudge),
    }
