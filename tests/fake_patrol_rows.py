"""The fake store's rows of visits, of crews on duty and of signs of life."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from services.alerts.ports import Duty, PendingVisit
from shared.events.patrol import Fix
from tests.fake_rows import FakeRows


class FakePatrolRows(FakeRows):
    """Part of the fake transaction."""

    _withdrawn: set[str]

    async def add_visits(self, visits: Sequence[PendingVisit]) -> None:
        """Only new ones; whoever adds the same waits, as the real store's insert does."""
        for pending in sorted(visits, key=lambda each: each.visit.id):
            if pending.visit.id not in self._visits():
                await self._store.lock(self, ("visit", pending.visit.id))
            if pending.visit.id not in self._visits():
                self._new.visits[pending.visit.id] = pending

    async def withdraw_visits(self, keep: Sequence[str], opening_after: datetime) -> None:
        """Those that are still due and open later."""
        self._withdrawn |= {
            pending.visit.id
            for pending in self._visits().values()
            if pending.visit.state == "due"
            and pending.visit.opens_at > opening_after
            and pending.visit.id not in keep
        }

    async def visits_of(
        self, site: str, since: datetime, until: datetime
    ) -> Sequence[PendingVisit]:
        """Locked, so that nobody judges them meanwhile."""
        overlapping = [
            pending.visit.id
            for pending in self._visits().values()
            if pending.visit.site == site
            and pending.visit.opens_at <= until
            and pending.visit.grace_until >= since
        ]
        for visit_id in overlapping:
            await self._store.lock(self, ("visit", visit_id))
        visits = [self._visits()[visit_id] for visit_id in overlapping]
        return sorted(visits, key=lambda pending: pending.visit.due_at)

    async def due_visits(self, now: datetime, limit: int) -> Sequence[PendingVisit]:
        """Skips what others hold."""
        due = [v for v in self._visits().values() if v.next_check_at and v.next_check_at <= now]
        due.sort(key=lambda pending: pending.next_check_at or now)
        free = (v for v in due if self._store.try_lock(self, ("visit", v.visit.id)))
        return list(islice(free, limit))

    async def save_visit(self, visit: PendingVisit) -> None:
        """Replaces it."""
        self._new.visits[visit.visit.id] = visit

    async def save_duty(self, duty: Duty) -> None:
        """Keeps it, unless the crew began anew meanwhile."""
        known = self._seen(self._store.rows.duties, self._new.duties).get(duty.crew)
        if known is None or known.since <= duty.since:
            self._new.duties[duty.crew] = duty

    async def end_duty(self, crew: str, at: datetime) -> None:
        """Unless it went on again."""
        duty = self._seen(self._store.rows.duties, self._new.duties).get(crew)
        if duty is not None and duty.since <= at:
            self._new.duties[crew] = None

    async def move(self, crew: str, fix: Fix, at: datetime) -> None:
        """Only newer positions count."""
        duty = self._seen(self._store.rows.duties, self._new.duties).get(crew)
        if duty is not None and (duty.position_at is None or duty.position_at < at):
            self._new.duties[crew] = replace(duty, lat=fix.lat, lon=fix.lon, position_at=at)

    async def duties(self) -> Sequence[Duty]:
        """Crews on duty."""
        known = self._seen(self._store.rows.duties, self._new.duties)
        return [duty for duty in known.values() if duty is not None]

    async def seen(self, site: str, at: datetime, situation: str | None) -> None:
        """The newest sign, and what was last said."""
        await self._store.lock(self, ("sign", site))
        before = self._seen(self._store.rows.signs, self._new.signs).get(site)
        said = situation or (before[1] if before else None)
        self._new.signs[site] = (max(at, before[0]) if before else at, said)

    async def last_sign(self, site: str) -> datetime | None:
        """Locks the row that `seen` writes."""
        await self._store.lock(self, ("sign", site))
        sign = self._seen(self._store.rows.signs, self._new.signs).get(site)
        return sign[0] if sign else None

    async def begin_silence(self, site: str, alert_id: str, since: datetime) -> str | None:
        """One per site."""
        await self._store.lock(self, ("silence", site))
        standing = self._seen(self._store.rows.silences, self._new.silences).get(site)
        if standing is None:
            self._new.silences[site] = (alert_id, since)
        return standing[0] if standing else None

    async def renew_silence(self, site: str, alert_id: str, since: datetime) -> None:
        """Replaces it."""
        self._new.silences[site] = (alert_id, since)

    async def end_silences(self, heard: Mapping[str, datetime]) -> Sequence[str]:
        """Of sites that were heard of since."""
        ended = []
        for site, at in sorted(heard.items()):
            await self._store.lock(self, ("silence", site))
            standing = self._seen(self._store.rows.silences, self._new.silences).get(site)
            if standing is not None and standing[1] <= at:
                self._new.silences[site] = None
                ended.append(standing[0])
        return ended

    def _visits(self) -> dict[str, PendingVisit]:
        return self._seen(self._store.rows.visits, self._new.visits)
