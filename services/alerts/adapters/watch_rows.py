"""The room's journal, and who had the watch."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.alerts.adapters.rows import Rows, decode_body, encode_body
from services.alerts.adapters.tables import handover, journal
from services.alerts.domain.watch import alarm_due
from shared.events.watch import Handover, JournalEntry

_note = insert(journal).on_conflict_do_nothing()
_by_id = select(handover.c.body).where(handover.c.id == bindparam("handover_id")).with_for_update()
_newest = (
    select(handover.c.body)
    .where(handover.c.unit == bindparam("of_unit"))
    .order_by(handover.c.at.desc(), handover.c.id.desc())
    .limit(1)
    .with_for_update()
)
_due = (
    select(handover.c.body)
    .where(handover.c.next_due_at <= bindparam("now"))
    .order_by(handover.c.next_due_at, handover.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_new = insert(handover)
_save = _new.on_conflict_do_update(
    index_elements=[handover.c.id],
    set_={name: _new.excluded[name] for name in ("accepted_at", "next_due_at", "body")},
)


class WatchRows(Rows):
    """The watch's part of a transaction."""

    async def note(self, unit: str, entry: JournalEntry) -> None:
        """Adds a line to a unit's journal; the same line again changes nothing."""
        body = encode_body(entry)
        await self._run(_note, {"id": entry.id, "unit": unit, "at": entry.at, "body": body})

    async def handover(self, handover_id: str) -> Handover | None:
        """A handover, its row locked until the transaction ends."""
        body = (await self._run(_by_id, {"handover_id": handover_id})).scalar_one_or_none()
        return decode_body(body, Handover) if body is not None else None

    async def newest_handover(self, unit: str) -> Handover | None:
        """What was prepared last for exactly this unit, its row locked."""
        body = (await self._run(_newest, {"of_unit": unit})).scalar_one_or_none()
        return decode_body(body, Handover) if body is not None else None

    async def due_handovers(self, now: datetime, limit: int) -> Sequence[Handover]:
        """Those that nobody accepted in time, the oldest first, locked, skipping locked ones."""
        rows = await self._run(_due, {"now": now, "limit": limit})
        return [decode_body(body, Handover) for body in rows.scalars()]

    async def save_handover(self, made: Handover) -> None:
        """Inserts or replaces a handover."""
        due = alarm_due(made)
        self._schedule(due)
        await self._run(
            _save,
            {
                "id": made.id,
                "unit": made.unit,
                "at": made.outgoing.at,
                "accepted_at": made.incoming.at if made.incoming else None,
                "next_due_at": due,
                "body": encode_body(made),
            },
        )
