"""The fake store's rows of nudges."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

import msgspec

from services.alerts.domain.welfare import is_waiting
from shared.events.welfare import Nudge
from tests.fake_rows import FakeRows


class FakeNudgeRows(FakeRows):
    """Part of the fake transaction; bodies are kept as bytes, as the real store keeps them."""

    async def ask(self, nudge: Nudge) -> Nudge | None:
        """One per crew."""
        await self._store.lock(self, ("nudge", nudge.crew))
        standing = self._all_nudges().get(nudge.crew)
        if standing is not None and is_waiting(standing):
            return standing
        await self.save_nudge(nudge)
        return None

    async def nudge(self, nudge_id: str) -> Nudge | None:
        """Read after the lock is had."""
        known = (each for each in self._all_nudges().values() if each.id == nudge_id)
        found = next(known, None)
        if found is None:
            return None
        await self._store.lock(self, ("nudge", found.crew))
        return self._all_nudges()[found.crew]

    async def due_nudges(self, now: datetime, limit: int) -> Sequence[Nudge]:
        """Skips what others hold."""
        waiting = [each for each in self._all_nudges().values() if is_waiting(each)]
        due = sorted((each for each in waiting if each.due_at <= now), key=lambda one: one.due_at)
        mine = (each for each in due if self._store.try_lock(self, ("nudge", each.crew)))
        return list(islice(mine, limit))

    async def save_nudge(self, nudge: Nudge) -> None:
        """Replaces it."""
        self._new.nudges[nudge.crew] = msgspec.json.encode(nudge)

    def _all_nudges(self) -> dict[str, Nudge]:
        bodies = {**self._store.rows.nudges, **self._new.nudges}
        return {crew: msgspec.json.decode(body, type=Nudge) for crew, body in bodies.items()}
