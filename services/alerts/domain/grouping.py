"""What a person puts right about which reports belong together: merge, split, and undo of both.

A merge keeps the higher severity, and with it the duty of two persons; a duress never merges. What
was put together is kept as links, so that the last of them can be undone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from msgspec.structs import replace as with_fields

from services.alerts.domain.alert import MAX_DISPATCHES, further, raised, said_of_crowd
from services.alerts.domain.command import Case, illegal, lacking, stale, unarmed
from services.alerts.domain.decision import Change, Decision, Refusal, decided
from services.alerts.domain.escalation import TERMINAL, cycled
from services.alerts.domain.report import Report
from services.alerts.domain.severity import ENGLISH, is_worse
from services.alerts.domain.triage import Surroundings, judge
from shared.events.alert import (
    Alert,
    AlertMerged,
    AlertReopened,
    AlertSplit,
    Dispatch,
    Link,
    LinkKind,
    Part,
    Reason,
)
from shared.events.identity import derived_id
from shared.plan.model import Plan

MAX_LINKS = 50


@dataclass(frozen=True, slots=True)
class Grouped:
    """What became of the alert that was commanded, of the other one, and which reports moved.

    `moved` are the event ids of the reports; None stands for all of `moved_from`.
    """

    alert: Decision
    other: Decision
    moved_from: str
    moved_to: str
    moved: tuple[str, ...] | None


Grouping: TypeAlias = Grouped | Refusal


def merge(case: Case, other: Alert) -> Grouping:
    """The other alert's reports join this one; the other is closed as a duplicate."""
    refusal = _unmergeable(case, other)
    if refusal is not None:
        return refusal
    change = _with_reports_of(case, other)
    link = _link("absorbed", other, other.parts, case)
    change = change.to(links=[*change.alert.links, link][-MAX_LINKS:])
    return _merged(case, change, other, [*other.links, _link("merged_into", case.alert, (), case)])


def split(case: Case, events: frozenset[str], number: int, around: Surroundings) -> Grouping:
    """Some of the reports become an alert of their own, judged afresh; copies go with what they
    copy. This alert keeps its severity: nothing lowers one."""
    alert = case.alert
    refusal = _unsplittable(case)
    if refusal is not None:
        return refusal
    taken, left = _parted(alert.parts, events)
    if not taken or not left or not events <= {part.event for part in alert.parts}:
        return lacking(
            "parts",
            "Sebutkan laporan yang dipisahkan, dan sisakan sedikitnya satu",
            "Name reports of this alert to take out, and leave at least one",
        )
    fresh = _split_off(case, taken, number, around)
    link = _link("split_off", fresh.alert, taken, case)
    change = _telling(case, "split", f"#{number}", "dipisahkan", "split")
    change = change.to(parts=left, links=[*alert.links, link][-MAX_LINKS:])
    return Grouped(
        decided(change, AlertSplit, case.now), fresh, alert.id, fresh.alert.id, _ids(taken)
    )


def undoable(alert: Alert) -> Link | Refusal:
    """The newest merge or split of an alert, where it can be undone from here."""
    if not alert.links:
        return lacking("link", "Tidak ada yang dapat dibatalkan", "There is nothing to undo")
    link = alert.links[-1]
    if link.kind in {"merged_into", "split_from"}:
        return lacking(
            "link",
            f"Batalkan pada peringatan nomor {link.number}",
            f"Undo it at alert number {link.number}",
        )
    return link


def undone(case: Case, link: Link, other: Alert) -> Grouping:
    """The last merge or split as if it had not been, with what has happened since."""
    if link.kind == "split_off":
        return _joined_again(case, other)
    refusal = _unsplittable(case)
    if refusal is not None:
        return refusal
    if other.state != "closed":
        return illegal(other, "dilepaskan", "released")
    taken, left = _parted(case.alert.parts, frozenset(link.parts))
    own = {(row.crew, row.at) for row in other.dispatches}
    theirs = [row for row in case.alert.dispatches if (row.crew, row.at) in own]
    change = _telling(case, "unmerged", f"#{other.number}", "dilepaskan", "released").to(
        parts=left or case.alert.parts[:1],
        dispatches=[row for row in case.alert.dispatches if row not in theirs],
        links=case.alert.links[:-1],
    )
    released = _released(case, other, taken, theirs)
    return Grouped(
        decided(change, AlertSplit, case.now), released, case.alert.id, other.id, _ids(taken)
    )


def _released(
    case: Case, other: Alert, parts: Sequence[Part], dispatches: Sequence[Dispatch]
) -> Decision:
    """The absorbed alert is open again, and climbs: nobody holds it."""
    change = Change(other).entered(case.line("unmerged", f"#{case.alert.number}"))
    change = change.to(
        parts=list(parts) or other.parts,
        dispatches=list(dispatches),
        links=other.links[:-1],
        outcome=None,
        resolved_at=None,
        closed_at=None,
    )
    why = case.deed(f"dilepaskan dari nomor {case.alert.number}", "released")
    return decided(cycled(change, case.chain_of(other), case.now, why), AlertReopened, case.now)


def _joined_again(case: Case, other: Alert) -> Grouping:
    refusal = _unmergeable(case, other)
    if refusal is not None:
        return refusal
    change = _with_reports_of(case, other).to(links=case.alert.links[:-1])
    return _merged(case, change, other, [*other.links, _link("merged_into", case.alert, (), case)])


def _merged(case: Case, change: Change, other: Alert, links: list[Link]) -> Grouped:
    closed = unarmed(Change(other).because(case.deed("digabungkan", "merged"))).to(
        state="closed",
        outcome="duplicate",
        closing=None,
        resolved_at=case.now,
        closed_at=case.now,
        links=links[-MAX_LINKS:],
    )
    closed = closed.entered(case.line("merged_into", f"#{case.alert.number}"))
    return Grouped(
        decided(change, AlertMerged, case.now),
        decided(closed, AlertMerged, case.now),
        other.id,
        case.alert.id,
        None,
    )


def _with_reports_of(case: Case, other: Alert) -> Change:
    """Everything that the other one knew, in this one; a higher severity begins a new cycle."""
    alert = case.alert
    known = {part.event for part in alert.parts}
    parts = [*alert.parts, *(part for part in other.parts if part.event not in known)]
    change = _telling(case, "merged", f"#{other.number}", "digabungkan", "merged").to(
        parts=sorted(parts, key=_received_at),
        parts_more=alert.parts_more + other.parts_more,
        dispatches=[*alert.dispatches, *other.dispatches][:MAX_DISPATCHES],
        threat_stage=further(alert.threat_stage, other.threat_stage),
        crowd_level=said_of_crowd(parts) or alert.crowd_level or other.crowd_level,
        lat=other.lat if alert.lat is None else alert.lat,
        lon=other.lon if alert.lon is None else alert.lon,
        reported_at=min(alert.reported_at, other.reported_at),
    )
    if not is_worse(other.severity, alert.severity):
        return change
    why = Reason(
        code="severity_rise",
        id=f"Tingkat bahaya naik: {alert.severity} → {other.severity}",
        en=f"Severity rose: {ENGLISH[alert.severity]} → {ENGLISH[other.severity]}",
    )
    change = change.to(severity=other.severity).entered(case.line("severity_rise", why.id))
    return cycled(change, case.chain_of(change.alert), case.now, why)


def _split_off(case: Case, parts: Sequence[Part], number: int, around: Surroundings) -> Decision:
    alert, first = case.alert, parts[0]
    report = _report(alert, first, around.plan)
    judgement = judge(report, parts[1:], around)
    made_id = derived_id(case.now, "split", alert.id, str(alert.version))
    fresh = raised(report, judgement, number, around.plan, case.now, made_id=made_id)
    link = _link("split_from", alert, parts, case)
    entry = case.line("split_from", f"#{alert.number}")
    return Decision(
        event=fresh.event,
        alert=with_fields(
            fresh.alert,
            parts=list(parts),
            links=[link],
            timeline=[*fresh.alert.timeline, entry],
        ),
        reasons=fresh.reasons,
        pages=fresh.pages,
        gaps=fresh.gaps,
    )


def _report(alert: Alert, part: Part, plan: Plan | None) -> Report:
    """A part as the report that it was, as far as the alert has kept it."""
    site = plan.site_by_id.get(part.site or "") if plan else None
    return Report(
        event=part.event,
        type=part.type,
        kind="incident",
        category=part.category,
        time=part.time,
        received_at=part.received_at,
        unit=site.unit if site else alert.unit,
        site=part.site,
        site_name=site.name if site else None,
        lat=part.lat,
        lon=part.lon,
        actor=part.actor,
        by=part.actor,
        device=part.device,
        text=part.text,
        purpose=alert.purpose,
        copyof=part.copyof,
        crowd_level=part.crowd_level,
        backup_type=part.backup_type,
        media=tuple(part.media),
        restricted=alert.restricted,
    )


def _parted(parts: Sequence[Part], events: Collection[str]) -> tuple[list[Part], list[Part]]:
    """The named reports, with their copies and what they are copies of; and the others."""
    together = set(events)
    for part in parts:
        if part.copyof in together or part.event in together:
            together |= {part.event} | ({part.copyof} if part.copyof else set())
    taken = [part for part in parts if part.event in together]
    return taken, [part for part in parts if part.event not in together]


def _unmergeable(case: Case, other: Alert) -> Refusal | None:
    alert = case.alert
    if case.version != alert.version:
        return stale(alert)
    if other.id == alert.id:
        return lacking("other", "Sebutkan peringatan lain", "Name another alert")
    if alert.kind != "incident" or other.kind != "incident":
        return lacking(
            "kind",
            "Hanya laporan kejadian yang dapat digabungkan; darurat petugas selalu sendiri",
            "Only incidents can be merged; a duress is always an alert of its own",
        )
    if alert.purpose != other.purpose:
        return lacking(
            "purpose",
            "Latihan tidak dapat digabungkan dengan kejadian nyata",
            "An exercise cannot be merged with the real thing",
        )
    if alert.restricted != other.restricted:
        return lacking(
            "restricted",
            "Yang satu terbatas dan yang lain tidak; keduanya tidak dapat digabungkan",
            "They are not restricted alike, so they cannot be merged",
        )
    closed = next((each for each in (alert, other) if each.state in TERMINAL), None)
    return illegal(closed, "digabungkan", "merged") if closed else None


def _unsplittable(case: Case) -> Refusal | None:
    if case.version != case.alert.version:
        return stale(case.alert)
    if case.alert.kind != "incident" or case.alert.state in TERMINAL:
        return illegal(case.alert, "dipisahkan", "split")
    return None


def _telling(case: Case, what: str, note: str, text: str, english: str) -> Change:
    return case.change(f"{text} ({note})", f"{english} ({note})").entered(case.line(what, note))


def _link(kind: LinkKind, other: Alert, parts: Sequence[Part], case: Case) -> Link:
    return Link(
        kind=kind,
        alert=other.id,
        number=other.number,
        at=case.now,
        by=case.by.name,
        parts=[part.event for part in parts],
    )


def _ids(parts: Sequence[Part]) -> tuple[str, ...]:
    """Under which ids the index knows them: their own, and what they are copies of."""
    return tuple({each: None for part in parts for each in (part.event, part.copyof) if each})


def _received_at(part: Part) -> datetime:
    return part.received_at
