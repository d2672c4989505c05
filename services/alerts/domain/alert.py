"""What becomes of an alert by what the field reports: it is raised, joined, answered, healed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

from msgspec.structs import replace as with_fields

from services.alerts.domain.chain import Chain, chain_for
from services.alerts.domain.decision import Change, Decision, clipped, decided
from services.alerts.domain.escalation import TERMINAL, cycled, is_climbing, started
from services.alerts.domain.paging import Call
from services.alerts.domain.report import Report
from services.alerts.domain.restriction import restriction_of, tightened
from services.alerts.domain.severity import ENGLISH, is_worse
from services.alerts.domain.triage import Judgement, threat_stage
from shared.events.alert import (
    Alert,
    AlertArrived,
    AlertClosed,
    AlertCloseLapsed,
    AlertEscalated,
    AlertRaised,
    AlertUpdated,
    Dispatch,
    Entry,
    Part,
    Reason,
    ThreatStage,
)
from shared.events.identity import derived_id
from shared.events.incident import CrowdLevel
from shared.events.patrol import (
    DispatchAccepted,
    DispatchArrived,
    DispatchDeclined,
    DispatchEnRoute,
)
from shared.plan.model import Plan

RECOVERED = "recovered"
NOT_OF_THE_CREW = "not_of_the_crew"
MAX_DISPATCHES = 50
STAGES: tuple[ThreatStage, ...] = get_args(ThreatStage)

_MADE_GOOD: dict[str, Reason] = {
    "visit_missed": Reason(
        code=RECOVERED, id="Kontrol ternyata terlaksana", en="The visit was made after all"
    ),
    "silent": Reason(
        code=RECOVERED, id="Sudah ada kabar dari lokasi", en="The site has been heard of again"
    ),
    "task_overdue": Reason(
        code=RECOVERED,
        id="Tugas sudah ditangani atau diberi batas baru",
        en="The task was done, or has a new due time",
    ),
    "handover": Reason(
        code=RECOVERED,
        id="Jaga sudah diterima, atau serah terima dibatalkan",
        en="The watch was accepted, or the handover withdrawn",
    ),
}

SAID_MISTAKEN = Reason(
    code="said_mistaken",
    id="Pelapor menyatakan salah tekan: verifikasi suara",
    en="The reporter says it was pressed by mistake: verify by voice",
)

CrewEvent = DispatchAccepted | DispatchDeclined | DispatchEnRoute | DispatchArrived


def raised(
    report: Report,
    judgement: Judgement,
    number: int,
    plan: Plan | None,
    now: datetime,
    *,
    made_id: str | None = None,
) -> Decision:
    """A new alert of a report; its id is a function of the report's, unless one was made."""
    blank = _blank(report, judgement, number, plan, now)
    blank = with_fields(blank, id=made_id or blank.id)
    change = Change(blank).noting(*judgement.reasons)
    change = started(change, chain_for(plan, blank, now).beginning_at(report.first), now)
    first = Entry(at=now, what="raised", by=report.by, cycle=1, level=change.alert.level)
    return decided(change.to(timeline=[first, *change.alert.timeline]), AlertRaised, now)


def alert_id_of(report: Report) -> str:
    """The id that the alert of a report has, if the report raises one."""
    return derived_id(report.received_at, "alert", report.event)


def joined(
    alert: Alert, report: Report, judgement: Judgement, plan: Plan | None, now: datetime
) -> Decision:
    """A report joins an alert. It may raise the severity, and a proposal to close lapses by it."""
    what = "backup_requested" if report.wants_backup else "joined"
    entry = Entry(at=now, what=what, by=report.by, note=clipped(report.text))
    parts = [*alert.parts, report.part]
    change = Change(alert).to(
        parts=parts,
        threat_stage=further(alert.threat_stage, threat_stage(report.category, plan)),
        crowd_level=said_of_crowd(parts) or alert.crowd_level,
        restricted=tightened(alert.restricted, restriction_of(report, plan)),
    )
    change = change.entered(entry)
    change = change.because(*judgement.reasons)
    if alert.lat is None:
        change = change.to(lat=report.lat, lon=report.lon)
    if report.kind == "duress":
        # A copy of it came first over another channel; it is no less a duress, with its duties.
        change = change.to(kind="duress")
    if alert.state in TERMINAL:
        return _joined_late(change, now)
    change = change.noting(*judgement.reasons)
    if is_worse(judgement.severity, alert.severity):
        return _risen(change, judgement, plan, now)
    if report.wants_backup and not is_climbing(alert):
        change = change.calling(_cry(alert, chain_for(plan, change.alert, now)))
    return decided(change, AlertUpdated, now)


@dataclass(frozen=True, slots=True)
class _Answer:
    """How a crew's answer shows: the time that it sets, its line in the story, its words."""

    field: str
    what: str
    id: str
    en: str

    def reason(self, crew: str) -> Reason:
        return Reason(code=f"crew_{self.what}", id=f"{crew} {self.id}", en=f"{crew} {self.en}")


_ANSWERS: dict[type[CrewEvent], _Answer] = {
    DispatchAccepted: _Answer("accepted_at", "accepted", "menerima tugas", "accepted"),
    DispatchDeclined: _Answer("declined_at", "declined", "menolak tugas", "declined"),
    DispatchEnRoute: _Answer("en_route_at", "en_route", "dalam perjalanan", "is on its way"),
    DispatchArrived: _Answer("arrived_at", "arrived", "tiba di lokasi", "is on the scene"),
}


def answered_for(alert: Alert, event: CrewEvent, by: str | None, now: datetime) -> Decision | None:
    """An answer for a crew by somebody who is not of it: it is shown, and moves nothing. None when
    they said so already."""
    answer = _ANSWERS[type(event)]
    note = clipped(": ".join(filter(None, (event.data.crew, answer.id, event.data.reason))))
    line = Entry(at=now, what=NOT_OF_THE_CREW, by=by, note=note)
    if any((each.what, each.by, each.note) == (line.what, by, note) for each in alert.timeline):
        return None
    why = Reason(
        code=NOT_OF_THE_CREW,
        id=f"{by} menjawab untuk {event.data.crew}, tetapi bukan anggotanya: pastikan lewat HT",
        en=f"{by} answered for {event.data.crew} and is not of it: make sure by radio",
    )
    return decided(Change(alert).noting(why).entered(line), AlertUpdated, now)


def answered(alert: Alert, event: CrewEvent, plan: Plan | None, now: datetime) -> Decision | None:
    """A crew's answer from its phone; None when it was known already."""
    answer = _ANSWERS[type(event)]
    index = _row_of(alert, event.data.crew)
    if index is None and len(alert.dispatches) >= MAX_DISPATCHES:
        return None
    rows = list(alert.dispatches)
    if index is None:
        # It went by itself, or its order was given by voice.
        rows.append(Dispatch(crew=event.data.crew, at=event.time, by=event.data.crew))
        index = len(rows) - 1
    if getattr(rows[index], answer.field) is not None:
        return None
    rows[index] = with_fields(rows[index], **{answer.field: event.time})
    note = clipped(event.data.reason)
    entry = Entry(at=now, what=answer.what, by=event.data.crew, note=note)
    change = Change(alert).to(dispatches=rows).entered(entry)
    reason, chain = answer.reason(event.data.crew), chain_for(plan, alert, now)
    if isinstance(event, DispatchArrived):
        return _on_scene(change.because(reason), chain, now)
    if isinstance(event, DispatchDeclined):
        return _declined(change.noting(reason), chain, now)
    return decided(change.because(reason), AlertUpdated, now)


def healed(alert: Alert, now: datetime) -> Decision | None:
    """What was missing was made good: the system closes its alert; None if it is closed."""
    why = _MADE_GOOD.get(alert.kind)
    if alert.state == "closed" or why is None:
        return None
    change = Change(alert).because(why).entered(Entry(at=now, what=RECOVERED))
    if needs_two(alert):
        return decided(change, AlertUpdated, now)
    change = change.to(
        state="closed",
        outcome=RECOVERED,
        closing=None,
        resolved_at=alert.resolved_at or now,
        closed_at=now,
        next_due_at=None,
        next_due_kind=None,
        next_post=None,
    )
    return decided(change, AlertClosed, now)


def called_mistaken(alert: Alert, by: str | None, now: datetime) -> Decision:
    """The reporter says that it was pressed by mistake. That is shown, and changes nothing else:
    somebody may be forced to say it."""
    change = Change(alert).noting(SAID_MISTAKEN).entered(Entry(at=now, what="mistaken", by=by))
    return decided(change, AlertUpdated, now)


def needs_two(alert: Alert) -> bool:
    """Whether closing takes two persons."""
    return alert.severity == "kritis" or alert.kind == "duress"


def scene(change: Change, chain: Chain, now: datetime) -> Change:
    """Somebody is there: what is left is to resolve it. A climb goes on until a person takes it."""
    change = change.to(state="arrived")
    if is_climbing(change.alert):
        return change
    return holding(change, chain.policy.resolve_s, now)


def holding(change: Change, seconds: float, now: datetime) -> Change:
    """Somebody holds the alert for so long; without progress it climbs again."""
    return change.to(
        next_due_at=now + timedelta(seconds=seconds),
        next_due_kind="ack_expiry",
        next_post=None,
    )


def active(row: Dispatch) -> bool:
    """Whether a crew is on its way, as far as is known."""
    return row.declined_at is None and row.arrived_at is None


def _blank(
    report: Report, judgement: Judgement, number: int, plan: Plan | None, now: datetime
) -> Alert:
    return Alert(
        id=alert_id_of(report),
        number=number,
        version=0,
        kind=report.kind,
        state="raised",
        severity=judgement.severity,
        category=report.category,
        site=report.site,
        site_name=report.site_name,
        unit=report.unit,
        operation=plan.operation.id if plan else "unplanned",
        lat=report.lat,
        lon=report.lon,
        policy="unplanned",
        cycle=1,
        level=0,
        post=None,
        owner=None,
        reasons=[],
        parts=[report.part],
        dispatches=[],
        reported_at=report.time,
        received_at=report.received_at,
        raised_at=now,
        updated_at=now,
        acknowledged_at=None,
        resolved_at=None,
        closed_at=None,
        next_due_at=None,
        next_due_kind=None,
        next_post=None,
        closing=None,
        outcome=None,
        purpose=report.purpose,
        timeline=[],
        threat_stage=threat_stage(report.category, plan),
        crowd_level=report.crowd_level,
        restricted=restriction_of(report, plan),
    )


def further(stage: ThreatStage | None, other: ThreatStage | None) -> ThreatStage | None:
    """The further one of two stages."""
    known = [each for each in (stage, other) if each is not None]
    return max(known, key=STAGES.index, default=None)


def said_of_crowd(parts: Sequence[Part]) -> CrowdLevel | None:
    """What was last said of a crowd: last by when it was said, not by when we heard it."""
    said = [part for part in parts if part.crowd_level is not None]
    # Of two at one moment the one that came later.
    last = max(reversed(said), key=lambda part: min(part.time, part.received_at), default=None)
    return last.crowd_level if last is not None else None


def _joined_late(change: Change, now: datetime) -> Decision:
    """A copy or a follow-up of what is settled: it is kept, and whoever closes must look again."""
    if change.alert.closing is None:
        return decided(change, AlertUpdated, now)
    why = Reason(
        code="close_lapsed",
        id="Usul penutupan gugur: ada laporan baru",
        en="The proposal to close lapsed: a new report came",
    )
    change = change.because(why).to(closing=None, next_due_at=None, next_due_kind=None)
    return decided(change.entered(Entry(at=now, what="close_lapsed")), AlertCloseLapsed, now)


def _risen(change: Change, judgement: Judgement, plan: Plan | None, now: datetime) -> Decision:
    severity, before = judgement.severity, change.alert.severity
    why = Reason(
        code="severity_rise",
        id=f"Tingkat bahaya naik: {before} → {severity}",
        en=f"Severity rose: {ENGLISH[before]} → {ENGLISH[severity]}",
    )
    change = change.to(severity=severity).entered(Entry(at=now, what="severity_rise", note=why.id))
    chain = chain_for(plan, change.alert, now)
    return decided(cycled(change, chain, now, why), AlertEscalated, now)


def _cry(alert: Alert, chain: Chain) -> Call:
    """Backup is asked of an alert that somebody holds: the level that knows it hears at once."""
    level = chain.reachable(max(alert.level, 1)) or 1
    why = Reason(code="backup_requested", id="Minta bantuan", en="Backup is requested")
    return Call(level, chain.people(level), why, mark=f"b{alert.version + 1}")


def _row_of(alert: Alert, crew: str) -> int | None:
    """The crew's newest row."""
    rows = range(len(alert.dispatches) - 1, -1, -1)
    return next((index for index in rows if alert.dispatches[index].crew == crew), None)


def _on_scene(change: Change, chain: Chain, now: datetime) -> Decision:
    """Arriving moves an alert that somebody took; it takes none, and reopens none."""
    if change.alert.state not in {"acknowledged", "dispatched"}:
        return decided(change, AlertUpdated, now)
    return decided(scene(change, chain, now), AlertArrived, now)


def _declined(change: Change, chain: Chain, now: datetime) -> Decision:
    """With nobody on the way any more, the holder has only the time of an acknowledgement."""
    alert = change.alert
    nobody_comes = alert.state == "dispatched" and not any(map(active, alert.dispatches))
    if nobody_comes and alert.next_due_at is not None and not is_climbing(alert):
        soon = now + timedelta(seconds=chain.policy.progress_s)
        change = change.to(next_due_at=min(alert.next_due_at, soon))
    return decided(change, AlertUpdated, now)
