"""What each event of the field does, within one transaction."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from services.alerts.domain.alert import CrewEvent, answered, healed, joined, raised
from services.alerts.domain.correlation import belongs, match, may_follow
from services.alerts.domain.report import Report, ReportEvent, report_of, unit_of
from services.alerts.domain.triage import Surroundings, judge
from services.alerts.domain.visit import LOOK_BACK, attended, presence
from services.alerts.handlers.recording import Tally, record, record_visit
from services.alerts.ports import Duty, OpenVulnerability, PendingVisit, PlanBook, Transaction
from shared.events.alert import Alert, VisitRecovered
from shared.events.envelope import Event
from shared.events.incident import BackupRequested, DuressRaised, IncidentReported
from shared.events.patrol import (
    DispatchAccepted,
    DispatchArrived,
    DispatchDeclined,
    DispatchEnRoute,
    Fix,
    ShiftEnded,
    ShiftStarted,
    VisitCheckedIn,
    VisitCheckedOut,
    VulnerabilityReported,
)

REPORTS = (IncidentReported, DuressRaised, BackupRequested)

Effect: TypeAlias = Callable[["Field", Any], Awaitable[None]]


class Field:
    """Takes events one after the other; what many of them say of one thing is written once."""

    def __init__(
        self, transaction: Transaction, plans: PlanBook, now: datetime, tally: Tally
    ) -> None:
        self._transaction = transaction
        self._plan = plans.plan
        self._situation = plans.situation
        self._now = now
        self._tally = tally
        self._open: dict[str, Alert] | None = None
        self._duties: Sequence[Duty] | None = None
        self._moves: dict[str, tuple[datetime, Fix]] = {}
        self._signs: dict[tuple[str, str | None], datetime] = {}

    async def take(self, event: Event) -> None:
        """The effect of one event."""
        effect = EFFECTS.get(type(event))
        if effect is not None:
            await effect(self, event)
        await self._locate(event)

    async def finish(self) -> None:
        """Writes the newest position of each crew and the newest sign of life of each site."""
        for crew, (at, fix) in sorted(self._moves.items(), key=lambda move: move[0]):
            await self._transaction.move(crew, fix, at)
        for (site, situation), at in sorted(self._signs.items(), key=_site_and_moment):
            await self._transaction.seen(site, at, situation)

    async def report(self, event: ReportEvent) -> None:
        """A report joins the alert that it belongs to, or raises one."""
        report = report_of(event, self._plan, self._now)
        home = await self._home(report)
        around = Surroundings(
            self._plan,
            self._situation,
            await self._transaction.vulnerabilities_of(report.site) if report.site else (),
        )
        judgement = judge(report, home.parts if home else (), around)
        if home is not None:
            decision = joined(home, report, judgement, self._plan, self._now)
        else:
            number = await self._transaction.next_number()
            decision = raised(report, judgement, number, self._plan, self._now)
        await record(self._transaction, decision, self._tally)
        if self._open is not None:
            self._open[decision.alert.id] = decision.alert
        self._tally.report_ages_s.append((self._now - report.received_at).total_seconds())
        self._sign(event, None)

    async def crew_answer(self, event: CrewEvent) -> None:
        """A dispatched crew says how it goes."""
        alert = await self._transaction.alert(event.data.alert)
        if alert is None or alert.purpose != event.purpose:
            self._tally.read("orphan")
            return
        decision = answered(alert, event, self._plan, self._now)
        if decision is not None:
            await record(self._transaction, decision, self._tally)

    async def check_in(self, event: VisitCheckedIn) -> None:
        """A presence makes visits done, or makes missed ones good."""
        was = presence(event, self._now)
        if was is None:
            return
        self._sign(event, None)
        since = was.moment - LOOK_BACK
        visits = await self._transaction.visits_of(was.site, since, was.moment)
        for pending in attended(visits, was):
            await self._attend(pending)

    async def check_out(self, event: VisitCheckedOut) -> None:
        """What the patrol found at the site."""
        self._sign(event, event.data.situation)

    async def vulnerability(self, event: VulnerabilityReported) -> None:
        """It weighs on every later report of the site until it is mended."""
        if event.subject is None or not event.is_live:
            return
        await self._transaction.add_vulnerability(
            OpenVulnerability(
                event=event.id, site=event.subject, reported_at=event.time, data=event.data
            )
        )
        self._sign(event, None)

    async def shift_start(self, event: ShiftStarted) -> None:
        """A crew goes on duty."""
        duty = Duty(
            crew=event.data.crew,
            unit=unit_of(event, self._plan),
            since=event.time,
            members=tuple(event.data.members),
        )
        await self._transaction.save_duty(duty)
        self._duties = None

    async def shift_end(self, event: ShiftEnded) -> None:
        """A crew goes off duty."""
        await self._transaction.end_duty(event.data.crew, event.time)
        self._duties = None

    async def _home(self, report: Report) -> Alert | None:
        """The alert of the same report over another way, of the report it is about, or by match."""
        for event_id in (report.event, report.copyof, report.about):
            linked = await self._transaction.alert_with_part(event_id) if event_id else None
            if linked is not None and may_follow(report, linked):
                return linked
        candidates = await self._open_alerts() if report.kind == "incident" else {}
        while found := match(report, candidates.values(), self._plan):
            # What was read without a lock may have been resolved since.
            locked = await self._transaction.alert(found.id)
            if locked is not None and belongs(report, locked, self._plan):
                return locked
            del candidates[found.id]
        return None

    async def _open_alerts(self) -> dict[str, Alert]:
        if self._open is None:
            alerts = await self._transaction.open_alerts()
            self._open = {alert.id: alert for alert in alerts}
        return self._open

    async def _attend(self, pending: PendingVisit) -> None:
        if pending.visit.state != "recovered":
            await self._transaction.save_visit(pending)
            return
        transaction, tally = self._transaction, self._tally
        await record_visit(transaction, pending, VisitRecovered, self._now, tally)
        alert_id = pending.visit.alert
        alert = await transaction.alert(alert_id) if alert_id else None
        decision = healed(alert, self._now) if alert else None
        if decision is not None:
            await record(transaction, decision, tally)

    async def _locate(self, event: Event) -> None:
        """Any event with a position says where its crew is."""
        data: Any = getattr(event, "data", None)
        fix: Fix | None = getattr(data, "position", None)
        if fix is None or fix.mock or "mock_location" in event.flag_set:
            return
        crew = getattr(data, "crew", None) or await self._crew_of(event.actor)
        if crew is None:
            return
        at = min(fix.fixed_at or event.time, event.receivedtime or self._now)
        if crew not in self._moves or self._moves[crew][0] < at:
            self._moves[crew] = (at, fix)

    async def _crew_of(self, actor: str | None) -> str | None:
        if actor is None:
            return None
        if self._duties is None:
            self._duties = await self._transaction.duties()
        return next((duty.crew for duty in self._duties if actor in duty.members), None)

    def _sign(self, event: Event, situation: str | None) -> None:
        if event.subject is None or not event.is_live:
            return
        at = min(event.time, event.receivedtime or self._now)
        key = (event.subject, situation)
        self._signs[key] = max(at, self._signs.get(key, at))


EFFECTS: Mapping[type[Event], Effect] = {
    IncidentReported: Field.report,
    DuressRaised: Field.report,
    BackupRequested: Field.report,
    DispatchAccepted: Field.crew_answer,
    DispatchDeclined: Field.crew_answer,
    DispatchEnRoute: Field.crew_answer,
    DispatchArrived: Field.crew_answer,
    VisitCheckedIn: Field.check_in,
    VisitCheckedOut: Field.check_out,
    VulnerabilityReported: Field.vulnerability,
    ShiftStarted: Field.shift_start,
    ShiftEnded: Field.shift_end,
}


def _site_and_moment(sign: tuple[tuple[str, str | None], datetime]) -> tuple[str, datetime]:
    (site, _), at = sign
    return site, at
