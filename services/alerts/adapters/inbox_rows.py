"""How far the topics are taken in: positions, and the ids of the events that had their effect."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from services.alerts.adapters.rows import Rows
from services.alerts.adapters.tables import Id, inbox, position
from services.alerts.ports import TopicPartition

# "Ronda" and a number for the lock of triage.
_OPERATION_LOCK = 0x526F_6E64_6101

_lock = select(func.pg_advisory_xact_lock(_OPERATION_LOCK))
_positions = select(position.c.topic, position.c.partition, position.c.next_offset)
_new_position = insert(position)
_advance = _new_position.on_conflict_do_update(
    index_elements=[position.c.topic, position.c.partition],
    set_={"next_offset": func.greatest(position.c.next_offset, _new_position.excluded.next_offset)},
)
_admit = (
    insert(inbox)
    .from_select(["event_id"], select(func.unnest(bindparam("ids", type_=ARRAY(Id)))))
    .on_conflict_do_nothing()
    .returning(inbox.c.event_id)
)


class InboxRows(Rows):
    """The inbox's part of a transaction."""

    async def lock_operation(self) -> None:
        """Waits for the one lock under which triage and correlation are decided."""
        await self._run(_lock)

    async def positions(self) -> Mapping[TopicPartition, int]:
        """The next offset to process, by logical topic and partition."""
        rows = await self._run(_positions)
        return {(row.topic, row.partition): row.next_offset for row in rows}

    async def advance(self, positions: Mapping[TopicPartition, int]) -> None:
        """Stores new positions; they never go back."""
        if positions:
            # In one order everywhere, so that two transactions cannot wait for each other.
            await self._run(
                _advance,
                [
                    {"topic": topic, "partition": number, "next_offset": offset}
                    for (topic, number), offset in sorted(positions.items())
                ],
            )

    async def admit(self, event_ids: Sequence[str]) -> set[str]:
        """Puts ids into the inbox; returns those that were not there yet."""
        if not event_ids:
            return set()
        rows = await self._run(_admit, {"ids": sorted(set(event_ids))})
        return set(rows.scalars())
