"""The fake store's rows of the journal and of handovers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice

import msgspec

from services.alerts.domain.watch import alarm_due
from shared.events.watch import Handover, JournalEntry
from tests.fake_rows import FakeRows

__all__ = ["FakeWatchRows", "alarm_due", "handovers"]


def handovers(bodies: Mapping[str, bytes]) -> list[Handover]:
    """As they are kept."""
    return [msgspec.json.decode(body, type=Handover) for body in bodies.values()]


class FakeWatchRows(FakeRows):
    """Part of the fake transaction; bodies are kept as bytes, as the real store keeps them."""

    async def note(self, unit: str, entry: JournalEntry) -> None:
        """Once."""
        if entry.id not in self._store.rows.journal:
            self._new.journal[entry.id] = (unit, msgspec.json.encode(entry))

    async def handover(self, handover_id: str) -> Handover | None:
        """Read after the lock is had."""
        await self._store.lock(self, ("handover", handover_id))
        body = self._bodies().get(handover_id)
        return None if body is None else msgspec.json.decode(body, type=Handover)

    async def newest_handover(self, unit: str) -> Handover | None:
        """By when it was prepared; its row locked."""
        made = [each for each in handovers(self._bodies()) if each.unit == unit]
        newest = max(made, key=lambda each: (each.outgoing.at, each.id), default=None)
        return await self.handover(newest.id) if newest is not None else None

    async def due_handovers(self, now: datetime, limit: int) -> Sequence[Handover]:
        """Skips what others hold."""
        timed = [(alarm_due(each), each) for each in handovers(self._bodies())]
        due = sorted((at, each.id, each) for at, each in timed if at is not None and at <= now)
        mine = (each for _, name, each in due if self._store.try_lock(self, ("handover", name)))
        return list(islice(mine, limit))

    async def save_handover(self, made: Handover) -> None:
        """Replaces it."""
        self._new.handovers[made.id] = msgspec.json.encode(made)

    def _bodies(self) -> dict[str, bytes]:
        return self._seen(self._store.rows.handovers, self._new.handovers)
