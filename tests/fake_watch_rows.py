"""The fake store's rows of the journal and of handovers."""

from typing import TYPE_CHECKING

import msgspec

from shared.events.watch import Handover, JournalEntry

if TYPE_CHECKING:
    from tests.fake_store import FakeStore, Rows


class FakeWatchRows:
    """Part of the fake transaction; bodies are kept as bytes, as the real store keeps them."""

    _store: "FakeStore"
    _new: "Rows"

    async def note(self, unit: str, entry: JournalEntry) -> None:
        """Once."""
        if entry.id not in self._store.rows.journal:
            self._new.journal[entry.id] = (unit, msgspec.json.encode(entry))

    async def handover(self, handover_id: str) -> Handover | None:
        """Read after the lock is had."""
        await self._store.lock(self, ("handover", handover_id))  # type: ignore[arg-type]
        body = {**self._store.rows.handovers, **self._new.handovers}.get(handover_id)
        return None if body is None else msgspec.json.decode(body, type=Handover)

    async def newest_handover(self, unit: str) -> Handover | None:
        """By when it was prepared; its row locked."""
        made = [each for each in self._handovers() if each.unit == unit]
        newest = max(made, key=lambda each: (each.outgoing.at, each.id), default=None)
        return await self.handover(newest.id) if newest is not None else None

    async def save_handover(self, made: Handover) -> None:
        """Replaces it."""
        self._new.handovers[made.id] = msgspec.json.encode(made)

    def _handovers(self) -> list[Handover]:
        bodies = {**self._store.rows.handovers, **self._new.handovers}
        return [msgspec.json.decode(body, type=Handover) for body in bodies.values()]
