"""What a person may do to an alert, and what comes of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

from msgspec.structs import replace as with_fields

from services.alerts.domain.alert import MAX_DISPATCHES, active, holding, needs_two
from services.alerts.domain.backup import BACKUP_TYPES, target, target_s
from services.alerts.domain.chain import Chain, chain_for
from services.alerts.domain.decision import (
    Change,
    Decision,
    Refusal,
    Unchanged,
    clipped,
    decided,
)
from services.alerts.domain.escalation import TERMINAL, cycled, interrupted, is_climbing
from shared.events.alert import (
    Alert,
    AlertAcknowledged,
    AlertArrived,
    AlertClosed,
    AlertCloseProposed,
    AlertDispatched,
    AlertReopened,
    AlertResolved,
    AlertUpdated,
    Closing,
    Dispatch,
    Entry,
    Owner,
    Reason,
)

OUTCOMES: tuple[str, ...] = (
    "safe_unfounded",
    "handled_on_site",
    "referred_reskrim",
    "referred_bawaslu",
    "referred_kpu",
    "referred_other",
    "duplicate",
    "test",
)
CLOSING_HOLDS = timedelta(minutes=30)
SECOND_ROLE = "commander"


Result: TypeAlias = Decision | Unchanged | Refusal


@dataclass(frozen=True, slots=True)
class Case:
    """An alert before a person who saw its `version`."""

    alert: Alert
    by: Owner
    version: int
    chain: Chain
    now: datetime

    def chain_of(self, alert: Alert) -> Chain:
        """The chain of this or another alert, by the same plan."""
        return chain_for(self.chain.plan, alert, self.now)

    def change(self, text: str, english: str) -> Change:
        """A change that this person makes, in words."""
        return Change(self.alert).because(self.deed(text, english))

    def deed(self, text: str, english: str) -> Reason:
        """What this person does, as a reason."""
        name = self.by.name
        return Reason(code="command", id=f"{text} oleh {name}", en=f"{english} by {name}")

    def line(self, what: str, note: str | None = None) -> Entry:
        """A line of the story in this person's name."""
        alert = self.alert
        return Entry(
            at=self.now,
            what=what,
            by=self.by.name,
            note=clipped(note),
            cycle=alert.cycle,
            level=alert.level,
        )

    def taken(self, change: Change) -> Change:
        """This person has it, if nobody had: the cycle ends. What the field did stays as it is."""
        alert = change.alert
        if not is_climbing(alert):
            return change
        return change.to(
            owner=self.by,
            state="acknowledged" if alert.state == "raised" else alert.state,
            acknowledged_at=alert.acknowledged_at or self.now,
        )


class Command(Protocol):
    """Something a person may do."""

    def apply(self, case: Case) -> Result:
        """The decision, or why there is none."""


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Takes the alert."""

    def apply(self, case: Case) -> Result:
        """One person wins; the owner may say it again."""
        alert = case.alert
        if alert.state in TERMINAL:
            return illegal(alert, "diambil", "taken")
        if not is_climbing(alert):
            return _already_taken(case)
        change = case.taken(case.change("diambil", "taken")).entered(case.line("acknowledged"))
        change = change.to(interrupted=interrupted(alert, case.now))
        change = holding(change, case.chain.policy.progress_s, case.now)
        return decided(change, AlertAcknowledged, case.now)


@dataclass(frozen=True, slots=True)
class SendCrew:
    """Sends a crew; an alert that nobody has is taken by it.

    `distance_m` is how far it has to go, where that is known; then it is held to the target of
    that distance, and has as long from now on, instead of the policy's `arrive_s`, until the alert
    climbs again. A crew that whoever sends may not command, or
    that nobody knows, is told `by_voice`.
    """

    crew: str | None
    backup_type: str | None = None
    distance_m: float | None = None
    by_voice: bool = False

    def apply(self, case: Case) -> Result:
        """A crew that is on its way already is not sent twice."""
        alert, crew = case.alert, self.crew
        refusal = self._refused(alert)
        if refusal is not None or not crew:
            return refusal or _no_crew()
        if any(row.crew == crew and active(row) for row in alert.dispatches):
            return Unchanged(alert)
        if len(alert.dispatches) >= MAX_DISPATCHES:
            return lacking("room", "Terlalu banyak regu", "Too many crews were sent already")
        row = self._row(crew, case)
        change = case.taken(case.change(f"{crew} dikirim", f"{crew} sent"))
        change = change.to(dispatches=[*alert.dispatches, row])
        change = change.entered(case.line("dispatched", crew))
        if self.by_voice:
            change = change.entered(case.line("by_voice", crew))
        policy = case.chain.policy
        if alert.state == "arrived":
            return decided(holding(change, policy.resolve_s, case.now), AlertDispatched, case.now)
        allowed = policy.arrive_s if self.distance_m is None else target_s(self.distance_m)
        change = holding(change.to(state="dispatched"), allowed, case.now)
        return decided(change, AlertDispatched, case.now)

    def _refused(self, alert: Alert) -> Refusal | None:
        if alert.state in TERMINAL:
            return illegal(alert, "dikirimi regu", "sent a crew")
        if self.backup_type is None or self.backup_type in BACKUP_TYPES:
            return None
        known = ", ".join(sorted(BACKUP_TYPES))
        text, english = f"Jenis bantuan: {known}", f"The kinds of backup are {known}"
        return lacking("backup_type", text, english)

    def _row(self, crew: str, case: Case) -> Dispatch:
        row = Dispatch(
            crew=crew,
            at=case.now,
            by=case.by.name,
            backup_type=self.backup_type,
            by_voice=self.by_voice,
        )
        if self.distance_m is None:
            return row
        target_at = case.alert.received_at + target(self.distance_m)
        return with_fields(row, distance_m=round(self.distance_m), target_at=target_at)


@dataclass(frozen=True, slots=True)
class Arrive:
    """A crew is on the scene; without a name, all that are on their way."""

    crew: str | None

    def apply(self, case: Case) -> Result:
        """Takes an alert that nobody has, as any progress by a person does."""
        alert = case.alert
        if alert.state in TERMINAL:
            return illegal(alert, "ditandai tiba", "marked as arrived")
        named = [row for row in alert.dispatches if self.crew in {None, row.crew}]
        awaited = [row for row in named if active(row)]
        if not awaited and any(row.arrived_at for row in named):
            return Unchanged(alert)
        if not awaited:
            return lacking("dispatch", "Regu itu belum dikirim", "No such crew is on its way")
        crews = ", ".join(row.crew for row in awaited)
        change = case.taken(case.change(f"{crews} tiba", f"{crews} arrived")).to(
            state="arrived",
            dispatches=[
                with_fields(row, arrived_at=case.now) if row in awaited else row
                for row in alert.dispatches
            ],
        )
        change = holding(change, case.chain.policy.resolve_s, case.now)
        return decided(change.entered(case.line("arrived", crews)), AlertArrived, case.now)


@dataclass(frozen=True, slots=True)
class Resolve:
    """The matter is dealt with."""

    outcome: str | None
    note: str | None = None

    def apply(self, case: Case) -> Result:
        """Legal without a dispatch, but not before somebody took the alert."""
        alert, outcome = case.alert, self.outcome
        if case.version != alert.version:
            return stale(alert)
        if alert.state not in {"acknowledged", "dispatched", "arrived"}:
            return illegal(alert, "diselesaikan", "resolved")
        if outcome not in OUTCOMES:
            return _no_outcome()
        change = case.taken(case.change("diselesaikan", "resolved"))
        change = change.entered(case.line("resolved", self.note or outcome))
        change = unarmed(change).to(state="resolved", outcome=outcome, resolved_at=case.now)
        return decided(change, AlertResolved, case.now)


@dataclass(frozen=True, slots=True)
class Close:
    """Nothing is left to do; *kritis* and duress take a second person, a commander."""

    outcome: str | None = None

    def apply(self, case: Case) -> Result:
        """The first of two persons proposes, and cannot be the second one too."""
        alert = case.alert
        proposal = alert.closing
        outcome = self.outcome or (proposal.outcome if proposal else alert.outcome)
        refusal = _unclosable(case, outcome)
        if refusal is not None or outcome is None:
            return refusal or _no_outcome()
        if needs_two(alert) and proposal is None:
            return _proposed(case, outcome)
        if proposal is not None and proposal.actor == case.by.actor:
            return Unchanged(alert)
        if proposal is not None and case.by.role != SECOND_ROLE:
            return _needs_commander()
        change = case.change("ditutup", "closed").entered(case.line("closed", outcome))
        change = unarmed(change).to(
            state="closed", outcome=outcome, closing=None, closed_at=case.now
        )
        return decided(change, AlertClosed, case.now)


@dataclass(frozen=True, slots=True)
class Reopen:
    """It is not over."""

    reason: str | None

    def apply(self, case: Case) -> Result:
        """A new cycle, one level above the highest notified; the owner stays known."""
        alert = case.alert
        if case.version != alert.version:
            return stale(alert)
        if alert.state not in TERMINAL:
            return illegal(alert, "dibuka kembali", "reopened")
        if alert.links and alert.links[-1].kind == "merged_into":
            number = alert.links[-1].number
            text = f"Sudah digabungkan dengan nomor {number}; batalkan di sana"
            return lacking("link", text, f"It was merged into number {number}; undo that there")
        if not self.reason:
            return lacking("reason", "Sebutkan alasannya", "Say why it is reopened")
        change = (
            Change(alert)
            .entered(case.line("reopened", self.reason))
            .to(outcome=None, closing=None, resolved_at=None, closed_at=None)
        )
        why = case.deed("dibuka kembali", "reopened")
        return decided(cycled(change, case.chain, case.now, why), AlertReopened, case.now)


@dataclass(frozen=True, slots=True)
class Remark:
    """A line for the story."""

    note: str | None

    def apply(self, case: Case) -> Result:
        """Legal in every state."""
        if not self.note:
            return lacking("note", "Catatan tidak boleh kosong", "The note must not be empty")
        change = case.change("dicatat", "noted").entered(case.line("note", self.note))
        return decided(change, AlertUpdated, case.now)


def unarmed(change: Change) -> Change:
    """Nothing more happens to it by itself."""
    return change.to(next_due_at=None, next_due_kind=None, next_post=None)


def _already_taken(case: Case) -> Result:
    owner = case.alert.owner
    if owner is not None and owner.actor == case.by.actor:
        return Unchanged(case.alert)
    name = owner.name if owner else "?"
    reason = Reason(code="lost_race", id=f"Sudah diambil {name}", en=f"{name} has taken it already")
    return Refusal("lost_race", reason, winner=owner)


def _unclosable(case: Case, outcome: str | None) -> Refusal | None:
    if case.version != case.alert.version:
        return stale(case.alert)
    if case.alert.state != "resolved":
        return illegal(case.alert, "ditutup", "closed")
    return None if outcome in OUTCOMES else _no_outcome()


def _proposed(case: Case, outcome: str) -> Decision:
    by, lapses_at = case.by, case.now + CLOSING_HOLDS
    closing = Closing(
        actor=by.actor, name=by.name, at=case.now, lapses_at=lapses_at, outcome=outcome
    )
    change = (
        case.change("diusulkan ditutup", "proposed to be closed")
        .entered(case.line("close_proposed", outcome))
        .to(closing=closing, next_due_at=lapses_at, next_due_kind="close_lapse")
    )
    return decided(change, AlertCloseProposed, case.now)


def _needs_commander() -> Refusal:
    reason = Reason(
        code="needs_commander",
        id="Orang kedua yang menutup harus seorang commander",
        en="The second person to close it must be a commander",
    )
    return Refusal("not_allowed", reason)


def stale(alert: Alert) -> Refusal:
    """Somebody, or the clock, changed it since; the winner is whoever wrote the last line."""
    last = alert.timeline[-1]
    owner = alert.owner
    if owner is not None and owner.name == last.by:
        winner = with_fields(owner, at=last.at)
    else:
        winner = Owner(actor="system", name=last.by or "Ronda", role="system", at=last.at)
    reason = Reason(
        code="stale",
        id=f"Peringatan sudah berubah sejak dibaca, terakhir oleh {winner.name}",
        en=f"The alert has changed since it was read, last by {winner.name}",
    )
    return Refusal("stale", reason, winner=winner)


def illegal(alert: Alert, text: str, english: str) -> Refusal:
    """The alert's state does not allow it."""
    reason = Reason(
        code="illegal",
        id=f"Peringatan berstatus {alert.state} tidak dapat {text}",
        en=f"An alert that is {alert.state} cannot be {english}",
    )
    return Refusal("illegal", reason)


def lacking(code: str, text: str, english: str) -> Refusal:
    """Something is missing, or does not fit."""
    return Refusal("illegal", Reason(code=f"lacking_{code}", id=text, en=english))


def _no_crew() -> Refusal:
    return lacking("crew", "Sebutkan regu yang dikirim", "Name the crew that is sent")


def _no_outcome() -> Refusal:
    codes = ", ".join(OUTCOMES)
    return lacking(
        "outcome", f"Hasil harus salah satu dari: {codes}", f"The outcome must be one of: {codes}"
    )
