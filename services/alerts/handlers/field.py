"""What each event of the field does, within one transaction."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import MINYEAR, datetime
from typing import Any, TypeAlias

from services.alerts.domain.alert import (
    CrewEvent,
    answered,
    answered_for,
    called_mistaken,
    joined,
    raised,
)
from services.alerts.domain.amendment import answer_corrected, taken_back
from services.alerts.domain.checklist import bad_answers, findings
from services.alerts.domain.correlation import ADDED, belongs, goes_on, match, may_follow
from services.alerts.domain.duty import is_of
from services.alerts.domain.presence import code_of
from services.alerts.domain.report import (
    Report,
    ReportEvent,
    counts,
    purpose_of,
    report_of,
    unit_of,
)
from services.alerts.domain.triage import Surroundings, judge
from services.alerts.handlers.attending import Attendance
from services.alerts.handlers.gaps import raise_gaps
from services.alerts.handlers.presence import Presence
from services.alerts.handlers.recording import Tally, record
from services.alerts.handlers.tasks import look_at, take_up
from services.alerts.handlers.welfare import hear
from services.alerts.ports import Duty, PlanBook, Transaction
from shared.events.alert import Alert
from shared.events.envelope import Event
from shared.events.incident import (
    BackupRequested,
    DuressMistaken,
    DuressRaised,
    IncidentReported,
)
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
    VisitWithdrawn,
    VulnerabilityReported,
)
from shared.events.welfare import WelfareAnswered

MAX_MERGES = 10
"""How often an alert may have been merged on, and a crew's answer still find it."""

Effect: TypeAlias = Callable[["Field", Any], Awaitable[None]]


def may_raise(event: object) -> bool:
    """Whether an event may be a report, so that triage and correlation are decided for it."""
    if isinstance(event, VisitCheckedOut):
        return bool(bad_answers(event))
    return isinstance(event, IncidentReported | DuressRaised | BackupRequested)


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
        self._presence = Presence(transaction, plans.plan, now, tally)
        self._moves: dict[str, tuple[datetime, Fix]] = {}
        self._attendance = Attendance(transaction, plans, now, tally)

    async def take(self, event: Event) -> None:
        """The effect of one event."""
        effect = EFFECTS.get(type(event))
        if effect is not None:
            await effect(self, event)
        await self._locate(event)
        is_scan = code_of(event) is not None
        self._presence.see(event, await self._crew_with(event) if is_scan else None)

    async def finish(self) -> None:
        """Writes the newest position of each crew and the newest sign of life of each site, and
        judges the presences."""
        for crew, (at, fix) in sorted(self._moves.items(), key=lambda move: move[0]):
            await self._transaction.move(crew, fix, at)
        await self._attendance.finish()
        await self._presence.judge()

    async def report(self, event: ReportEvent) -> None:
        """A report joins the alert that it belongs to, or raises one."""
        await self._report(report_of(event, self._plan, self._now))
        self._attendance.sign(event, None)

    async def _report(self, report: Report) -> None:
        home = await self._home(report)
        around = Surroundings(
            self._plan,
            self._situation,
            await self._transaction.vulnerabilities_of(report.site) if report.site else (),
        )
        judgement = judge(report, home.parts if home else (), around)
        if home is not None:
            if goes_on(report, home, self._plan):
                judgement = replace(judgement, reasons=(*judgement.reasons, ADDED))
            decision = joined(home, report, judgement, self._plan, self._now)
        else:
            number = await self._transaction.next_number()
            decision = raised(report, judgement, number, self._plan, self._now)
        await record(self._transaction, decision, self._tally)
        await raise_gaps(self._transaction, decision, self._plan, self._now, self._tally)
        if self._open is not None:
            self._open[decision.alert.id] = decision.alert
        self._tally.report_ages_s.append((self._now - report.received_at).total_seconds())

    async def crew_answer(self, event: CrewEvent) -> None:
        """A dispatched crew says how it goes."""
        alert = await self._survivor(event.data.alert)
        if alert is None or alert.purpose != purpose_of(event, self._plan):
            self._tally.read("orphan")
            return
        if await self._is_of(event.actor, event.data.crew):
            decision = answered(alert, event, self._plan, self._now)
        else:
            decision = answered_for(alert, event, self._name(event.actor), self._now)
        if decision is not None:
            await record(self._transaction, decision, self._tally)

    async def _survivor(self, alert_id: str) -> Alert | None:
        """The alert, or the one that it was merged into: a crew knows the one it was sent to."""
        alert = await self._transaction.alert(alert_id)
        for _ in range(MAX_MERGES):
            link = alert.links[-1] if alert is not None and alert.links else None
            if link is None or link.kind != "merged_into":
                break
            alert = await self._transaction.alert(link.alert)
        return alert

    async def check_in(self, event: VisitCheckedIn) -> None:
        """A presence makes visits done, or makes missed ones good."""
        crew = event.data.crew or await self._crew_of(event.actor)
        members = await self._members(crew)
        await self._attendance.check_in(event, len(members) or None)

    async def check_out(self, event: VisitCheckedOut) -> None:
        """What the patrol found at the site, and of what is to be mended there."""
        await self._attendance.check_out(event)
        for finding in findings(event, self._plan, self._now):
            if not (event.data.amends and await self._transaction.alert_with_part(finding.event)):
                await self._report(finding)
        await self._take_back(event)
        if counts(event, self._plan):
            await look_at(self._transaction, event, self._name(event.actor), self._now, self._tally)

    async def _take_back(self, event: VisitCheckedOut) -> None:
        for finding, answer in taken_back(event).items():
            alert = await self._transaction.alert_with_part(finding)
            if alert is None:
                continue
            decision = answer_corrected(alert, answer, self._name(event.actor), self._now)
            if decision is not None:
                await record(self._transaction, decision, self._tally)

    async def vulnerability(self, event: VulnerabilityReported) -> None:
        """A task; it weighs on every later report of the site until it is mended."""
        if not counts(event, self._plan):
            return
        await take_up(self._transaction, event, self._plan, self._now, self._tally)
        self._attendance.sign(event, None)

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

    async def welfare(self, event: WelfareAnswered) -> None:
        """Somebody of a crew answers that all is well."""
        if not counts(event, self._plan):
            return
        nudge = await self._transaction.nudge(event.data.nudge)
        if nudge is None or not await self._is_of(event.actor, nudge.crew):
            self._tally.read("orphan")
            return
        await hear(self._transaction, nudge, event, self._plan, self._now, tally=self._tally)

    async def withdraw(self, event: VisitWithdrawn) -> None:
        """A visit was sent by mistake: it is owed again."""
        await self._attendance.withdraw(event)

    async def mistaken(self, event: DuressMistaken) -> None:
        """The reporter takes a duress back. The room hears it, and has to find out."""
        alert = await self._transaction.alert_with_part(event.data.duress)
        if alert is None:
            self._tally.read("orphan")
            return
        decision = called_mistaken(alert, self._name(event.actor), self._now)
        await record(self._transaction, decision, self._tally)

    async def _home(self, report: Report) -> Alert | None:
        """The alert of the same report over another way, of the report it is about, of the one that
        its reporter names, or by match."""
        for event_id in (report.event, report.copyof, report.about):
            linked = await self._transaction.alert_with_part(event_id) if event_id else None
            if linked is not None and may_follow(report, linked):
                return linked
        named = await self._transaction.alert_with_part(report.adds_to) if report.adds_to else None
        if named is not None and goes_on(report, named, self._plan):
            return named
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

    async def _locate(self, event: Event) -> None:
        """Any event with a position says where its crew is."""
        data: Any = getattr(event, "data", None)
        fix: Fix | None = getattr(data, "position", None)
        if fix is None or fix.mock or "mock_location" in event.flag_set:
            return
        crew = await self._crew_with(event)
        if crew is None:
            return
        # A phone's GPS may say anything, and next to the calendar's start UTC may lie before it.
        fixed_at = fix.fixed_at if fix.fixed_at and fix.fixed_at.year > MINYEAR else event.time
        at = min(fixed_at, event.receivedtime or self._now)
        if crew not in self._moves or self._moves[crew][0] < at:
            self._moves[crew] = (at, fix)

    async def _crew_of(self, actor: str | None) -> str | None:
        if actor is None:
            return None
        on_duty = await self._on_duty()
        return next((duty.crew for duty in on_duty if actor in duty.members), None)

    async def _crew_with(self, event: Event) -> str | None:
        """The crew that a person was with: the one that they name, if they are of it."""
        named: str | None = getattr(getattr(event, "data", None), "crew", None)
        if named is not None and await self._is_of(event.actor, named):
            return named
        return await self._crew_of(event.actor)

    async def _is_of(self, actor: str | None, crew: str) -> bool:
        duty = next((each for each in await self._on_duty() if each.crew == crew), None)
        return is_of(actor, crew, duty, self._plan)

    async def _members(self, crew: str | None) -> Sequence[str]:
        if crew is None:
            return ()
        on_duty = await self._on_duty()
        return next((duty.members for duty in on_duty if duty.crew == crew), ())

    async def _on_duty(self) -> Sequence[Duty]:
        if self._duties is None:
            self._duties = await self._transaction.duties()
        return self._duties

    def _name(self, actor: str | None) -> str | None:
        person = self._plan.person_by_id.get(actor or "") if self._plan else None
        return person.name if person else actor


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
    WelfareAnswered: Field.welfare,
    VisitWithdrawn: Field.withdraw,
    DuressMistaken: Field.mistaken,
}
