"""How severe a happening is, and why. Nothing here ever lowers a severity."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

from services.alerts.domain.report import BACKUP, DURESS, MISSED, Report
from shared.events.alert import Part, Reason, Severity
from shared.events.patrol import Vulnerability
from shared.plan.model import Plan, Situation

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
ENGLISH: dict[Severity, str] = dict(
    zip(SEVERITIES, ("low", "medium", "high", "critical"), strict=True)
)
TENSE_PHASES = frozenset({"quiet_period", "voting", "counting", "recapitulation"})
TOGETHER = timedelta(minutes=15)

# What the plan's table need not hold.
_BUILT_IN: dict[str, tuple[Severity, str, str]] = {
    DURESS: ("kritis", "Petugas darurat", "Officer in danger"),
    MISSED: ("rendah", "Kontrol tidak terlaksana", "Missed check-in"),
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

    One step up, to at most *kritis*, for each of: a tense phase, a second independent witness, an
    open vulnerability. Absence and duress are what they are, whatever is around them.
    """
    severity, why = category_severity(report.category, around.plan)
    if report.kind == "duress":
        return Judgement("kritis", (why, *_late(report)))
    if report.kind == "visit_missed":
        return Judgement(severity, (why,))
    worst = max((severity, *_severities(parts, around.plan)), key=SEVERITIES.index)
    modifiers = (
        *_phase(report, around),
        *_witnesses(report, parts),
        *_vulnerable(around.vulnerabilities),
    )
    step = min(SEVERITIES.index(worst) + len(modifiers), len(SEVERITIES) - 1)
    return Judgement(SEVERITIES[step], (why, *modifiers, *_late(report)))


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


def is_worse(severity: Severity, other: Severity) -> bool:
    """Whether the first of two severities is the higher one."""
    return SEVERITIES.index(severity) > SEVERITIES.index(other)


def _is(label: str, label_en: str, severity: Severity) -> Reason:
    return Reason(code="category", id=f"{label}: {severity}", en=f"{label_en}: {ENGLISH[severity]}")


def _severities(parts: Iterable[Part], plan: Plan | None) -> list[Severity]:
    return [category_severity(part.category, plan)[0] for part in parts]


def _phase(report: Report, around: Surroundings) -> list[Reason]:
    code, name = _phase_at(report.moment, around)
    if code not in TENSE_PHASES:
        return []
    return [
        Reason(code="phase", id=f"Tahapan {name}: naik satu", en=f"Phase {code}: one step up"),
    ]


def _phase_at(moment: datetime, around: Surroundings) -> tuple[str | None, str | None]:
    plan, override = around.plan, around.situation.phase
    if override is not None:
        known = {phase.code: phase.name for phase in plan.phases} if plan else {}
        return override, known.get(override, override)
    phase = plan.phase_at(moment) if plan else None
    return (phase.code, phase.name) if phase else (None, None)


def _witnesses(report: Report, parts: Sequence[Part]) -> list[Reason]:
    """Another person said so too. A copy of a report is no second witness of it."""
    told = {part.event for part in parts} | {report.event}
    if report.copyof in told:
        return []
    witness = report.actor or report.device
    others = {
        part.actor or part.device
        for part in parts
        if part.copyof not in told
        and abs(min(part.time, part.received_at) - report.moment) <= TOGETHER
    }
    if witness is None or not others - {witness, None}:
        return []
    return [
        Reason(
            code="independent_reports",
            id="Dilaporkan lebih dari satu orang: naik satu",
            en="Reported by more than one person: one step up",
        )
    ]


def _vulnerable(vulnerabilities: Sequence[OpenVulnerability]) -> list[Reason]:
    if not vulnerabilities:
        return []
    what = vulnerabilities[0].data.text[:120]
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
