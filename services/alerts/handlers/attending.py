"""Presences make visits done or good, tell what they lacked, and end silences."""

from datetime import datetime

from services.alerts.domain.amendment import spoken_of
from services.alerts.domain.report import counts
from services.alerts.domain.visit import LOOK_BACK, attended, inspected, presence, taken_back
from services.alerts.handlers.raising import heal_alert
from services.alerts.handlers.recording import Tally, VisitEvent, record_visit
from services.alerts.ports import PendingVisit, PlanBook, Transaction
from shared.events.alert import VisitAtRisk, VisitDone, VisitDue, VisitRecovered
from shared.events.envelope import Event
from shared.events.patrol import VisitCheckedIn, VisitCheckedOut, VisitWithdrawn

TAKEN_BACK = "taken_back"
"""A situation that is none: the site is not known to be safe."""


class Attendance:
    """What one batch says of visits and sites; what many events say of one site is written once."""

    def __init__(
        self, transaction: Transaction, plans: PlanBook, now: datetime, tally: Tally
    ) -> None:
        self._transaction = transaction
        self._plan = plans.plan
        self._now = now
        self._tally = tally
        self._signs: dict[tuple[str, str | None], datetime] = {}

    async def check_in(self, event: VisitCheckedIn, people: int | None) -> None:
        """A presence of so many people makes visits done, or makes missed ones good."""
        was = presence(event, people, self._plan, self._now)
        if was is None:
            return
        self.sign(event, None)
        since = was.moment - LOOK_BACK
        visits = await self._transaction.visits_of(was.site, since, was.moment)
        for pending in attended(visits, was, self._plan):
            await self._keep(pending)

    async def check_out(self, event: VisitCheckedOut) -> None:
        """How long it was, and what was looked at. A correction is no new sign of life."""
        moment = spoken_of(event)
        self.sign(event, event.data.situation, moment)
        if event.subject is None or not counts(event, self._plan):
            return
        visits = await self._transaction.visits_of(event.subject, moment - LOOK_BACK, moment)
        for pending in inspected(visits, event, self._plan):
            await self._keep(pending)

    async def withdraw(self, event: VisitWithdrawn) -> None:
        """A visit was sent by mistake. What it fulfilled is owed again, and judged anew by the
        clock; what was said of the site is unknown, not what it was before."""
        self.sign(event, TAKEN_BACK)
        if event.subject is None or not counts(event, self._plan):
            return
        since = event.time - LOOK_BACK
        visits = await self._transaction.visits_of(event.subject, since, event.time)
        for pending in taken_back(visits, event, self._now):
            await self._tell(pending, VisitAtRisk if pending.visit.state == "at_risk" else VisitDue)

    def sign(self, event: Event, situation: str | None, moment: datetime | None = None) -> None:
        """The event's site is heard of, as it was at the moment; the event's own where None."""
        if event.subject is None or not counts(event, self._plan):
            return
        at = min(moment or event.time, event.receivedtime or self._now)
        key = (event.subject, situation)
        # Of two that speak of one moment the later one counts, so it goes to the end.
        self._signs[key] = max(at, self._signs.pop(key, at))

    async def finish(self) -> None:
        """Writes the newest sign of life of each site; whoever was silent is so no longer."""
        for (site, situation), at in sorted(self._signs.items(), key=_site_and_moment):
            await self._transaction.seen(site, at, situation)
        heard: dict[str, datetime] = {}
        for (site, _), at in self._signs.items():
            heard[site] = max(at, heard.get(site, at))
        # After the signs: a silence that is judged meanwhile waits for their rows.
        for alert_id in await self._transaction.end_silences(heard) if heard else ():
            await heal_alert(self._transaction, alert_id, self._now, self._tally)

    async def _keep(self, pending: PendingVisit) -> None:
        late = pending.visit.state == "recovered"
        await self._tell(pending, VisitRecovered if late else VisitDone)
        if late and pending.visit.alert:
            await heal_alert(self._transaction, pending.visit.alert, self._now, self._tally)

    async def _tell(self, pending: PendingVisit, event_type: type[VisitEvent]) -> None:
        await record_visit(
            self._transaction,
            pending,
            event_type,
            self._now,
            self._tally,
            purpose=self._plan.operation.purpose if self._plan else None,
        )


def _site_and_moment(sign: tuple[tuple[str, str | None], datetime]) -> tuple[str, datetime]:
    (site, _), at = sign
    return site, at
