"""How severe a happening is, and why. Nothing here ever lowers a severity."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.alerts.domain.report import (
    BACKUP,
    DURESS,
    GAP,
    HANDOVER,
    MISSED,
    OVERDUE,
    SILENT,
    Report,
)
from services.alerts.domain.rules import Facts, ruled
from services.alerts.domain.severity import ENGLISH, SEVERITIES, up
from services.alerts.domain.witness import witnesses
from shared.events.alert import Part, Reason, Severity, ThreatStage
from shared.events.patrol import Vulnerability
from shared.plan.model import Plan, Situation
from shared.plan.phases import is_tense

BALLOTS = frozenset({"ballots", "packed", "distributed", "returned"})
"""Logistics stages in which there is something to lose."""

# What the plan's table need not hold.
_BUILT_IN: dict[str, tuple[Severity, str, str]] = {
    DURESS: ("kritis", "Petugas darurat", "Officer in danger"),
    MISSED: ("rendah", "Kontrol tidak terlaksana", "Missed check-in"),
    SILENT: ("sedang", "Tanpa kabar", "No report"),
    GAP: ("sedang", "Rantai peringatan berlubang", "Gap in the chain of alerts"),
    OVERDUE: ("rendah", "Tugas lewat batas", "Overdue task"),
    HANDOVER: ("sedang", "Serah terima jaga belum diterima", "Handover not accepted"),
    BACKUP: ("sedang", "Permintaan bantuan", "Request for backup"),
}


@dataclass(frozen=True, slots=True)
class OpenVulnerability:
    """A vulnerability of a site that nobody has mended yet."""

    event: str
    site: str
    reported_at: datetime
    data: Vulnerability


@dataclass(frozen=True, slots=True)
class Judgement:
    """A severity and every reason that fired."""

    severity: Severity
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else bears on a severity: the plan, the situation, the site's open vulnerabilities."""

    plan: Plan | None
    situation: Situation
    vulnerabilities: Sequence[OpenVulnerability] = ()


def judge(report: Report, parts: Sequence[Part], around: Surroundings) -> Judgement:
    """The severity of a report, seen together with the earlier parts of the same happening.

    One step up, to at most *kritis*, for each of: a tense phase, ballots at the site, a second
    independent witness, an open vulnerability that matches; then the plan's own rules. Absence and
    duress are what they are, whatever is around them.
    """
    severity, why = category_severity(report.category, around.plan)
    if report.kind == "duress":
        return Judgement("kritis", (why, *_late(report)))
    if report.kind != "incident":
        return Judgement(severity, (why,))
    worst = max((severity, *_severities(parts, around.plan)), key=SEVERITIES.index)
    modifiers = (
        *_phase(report, around),
        *_logistics(report, around),
        *_witnesses(report, parts),
        *_vulnerable(report, around),
    )
    judged, rules = _by_rules(report, parts, around, up(worst, len(modifiers)))
    return Judgement(judged, (why, *modifiers, *rules, *_late(report)))


def category_severity(category: str, plan: Plan | None) -> tuple[Severity, Reason]:
    """A category's row of the severity table; one that is not in it is `sedang`, and says so."""
    row = plan.category_by_id.get(category) if plan else None
    if row is not None:
        return row.severity, _is(row.label, row.label_en, row.severity)
    if category in _BUILT_IN:
        severity, label, label_en = _BUILT_IN[category]
        return severity, _is(label, label_en, severity)
    return "sedang", Reason(
        code="unknown_category",
        id=f"Kategori {category[:80]} tidak ada dalam rencana: sedang",
        en=f"Category {category[:80]} is not in the plan: medium",
    )


def threat_stage(category: str, plan: Plan | None) -> ThreatStage | None:
    """The stage of a category; nothing is known of one that is not in the plan."""
    row = plan.category_by_id.get(category) if plan else None
    return row.stage if row else None


def _by_rules(
    report: Report, parts: Sequence[Part], around: Surroundings, severity: Severity
) -> tuple[Severity, tuple[Reason, ...]]:
    if around.plan is None or not around.plan.triage_rules:
        return severity, ()
    facts = Facts(
        phase=_phase_at(report.moment, around)[0],
        logistics_stage=around.situation.logistics_stage,
        witnesses=len(witnesses(report, parts)),
        vulnerabilities=[each.data.kind for each in around.vulnerabilities],
    )
    return ruled(report, facts, around.plan, severity)


def _is(label: str, label_en: str, severity: Severity) -> Reason:
    return Reason(code="category", id=f"{label}: {severity}", en=f"{label_en}: {ENGLISH[severity]}")


def _severities(parts: Iterable[Part], plan: Plan | None) -> list[Severity]:
    return [category_severity(part.category, plan)[0] for part in parts]


def _phase(report: Report, around: Surroundings) -> list[Reason]:
    code, name = _phase_at(report.moment, around)
    if not is_tense(code, around.plan):
        return []
    return [
        Reason(code="phase", id=f"Tahapan {name}: naik satu", en=f"Phase {name}: one step up"),
    ]


def _phase_at(moment: datetime, around: Surroundings) -> tuple[str | None, str | None]:
    plan, override = around.plan, around.situation.phase
    if override is not None:
        known = {phase.code: phase.name for phase in plan.phases} if plan else {}
        return override, known.get(override, override)
    phase = plan.phase_at(moment) if plan else None
    return (phase.code, phase.name) if phase else (None, None)


def _logistics(report: Report, around: Surroundings) -> list[Reason]:
    """Where ballots are, more is at stake; which kinds of site keep them, the plan says."""
    plan, stage = around.plan, around.situation.logistics_stage
    site = plan.site_by_id.get(report.site or "") if plan else None
    site_type = plan.site_type_by_id.get(site.type) if plan and site else None
    if stage not in BALLOTS or site_type is None or not site_type.keeps_logistics:
        return []
    return [
        Reason(
            code="logistics_stage",
            id=f"Logistik pada tahap {stage} di lokasi ini: naik satu",
            en=f"Logistics at stage {stage} are at this site: one step up",
        )
    ]


def _witnesses(report: Report, parts: Sequence[Part]) -> list[Reason]:
    if len(witnesses(report, parts)) < 2:
        return []
    return [
        Reason(
            code="independent_reports",
            id="Dilaporkan lebih dari satu orang: naik satu",
            en="Reported by more than one person: one step up",
        )
    ]


def _vulnerable(report: Report, around: Surroundings) -> list[Reason]:
    """An open vulnerability of the site; where the plan names kinds for the category, of those."""
    row = around.plan.category_by_id.get(report.category) if around.plan else None
    kinds = row.vulnerabilities if row else []
    matching = [each for each in around.vulnerabilities if not kinds or each.data.kind in kinds]
    if not matching:
        return []
    what = matching[0].data.text[:120]
    return [
        Reason(
            code="vulnerability",
            id=f"Kerawanan terbuka di lokasi ini: {what}",
            en=f"Open vulnerability at this site: {what}",
        )
    ]


def _late(report: Report) -> list[Reason]:
    late_s = report.part.late_s
    if late_s is None:
        return []
    return [
        Reason(
            code="late",
            id=f"Laporan tiba terlambat {late_s // 60} menit",
            en=f"The report arrived {late_s // 60} minutes late",
        )
    ]
