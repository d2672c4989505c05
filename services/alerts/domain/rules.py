"""The operation's own rules of triage, as its plan writes them."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.alerts.domain.report import Report
from services.alerts.domain.severity import ENGLISH, up, worse
from shared.events.alert import Reason, Severity
from shared.plan.expression import ExpressionError, holds
from shared.plan.model import Plan, TriageRule


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule may ask besides the report."""

    phase: str | None
    logistics_stage: str | None
    witnesses: int
    vulnerabilities: Sequence[str]


def ruled(
    report: Report, facts: Facts, plan: Plan, severity: Severity
) -> tuple[Severity, tuple[Reason, ...]]:
    """The severity after every rule that fires, each seeing what those before it made of it.

    A rule that cannot be evaluated changes nothing, and says so: a report waits for no rule.
    """
    reasons = []
    for rule in plan.triage_rules:
        try:
            if not holds(rule.when, _variables(report, facts, plan, severity)):
                continue
        except ExpressionError as error:
            reasons.append(_broken(rule, error))
            continue
        raised = worse(severity, rule.at_least or up(severity, rule.steps or 0))
        reasons.append(_fired(rule, severity, raised))
        severity = raised
    return severity, tuple(reasons)


def _variables(report: Report, facts: Facts, plan: Plan, severity: Severity) -> dict[str, object]:
    site = plan.site_by_id.get(report.site or "")
    category = plan.category_by_id.get(report.category)
    return {
        "category": report.category,
        "family": category.family if category else "",
        "threat_stage": category.stage if category else "",
        "severity": severity,
        "site": report.site or "",
        "site_type": site.type if site else "",
        "risk_class": site.risk_class if site else "",
        "unit": report.unit,
        "phase": facts.phase or "",
        "logistics_stage": facts.logistics_stage or "",
        "crowd_level": report.crowd_level or "",
        "channel": report.channel or "",
        "hour": report.moment.astimezone(plan.timezone).hour,
        "late_s": report.part.late_s or 0,
        "witnesses": facts.witnesses,
        "backup": report.wants_backup,
        "vulnerabilities": list(facts.vulnerabilities),
    }


def _fired(rule: TriageRule, before: Severity, after: Severity) -> Reason:
    return Reason(
        code=f"rule:{rule.id}",
        id=f"{rule.label}: {before} → {after}",
        en=f"{rule.label_en}: {ENGLISH[before]} → {ENGLISH[after]}",
    )


def _broken(rule: TriageRule, error: ExpressionError) -> Reason:
    return Reason(
        code=f"rule_failed:{rule.id}",
        id=f"Aturan {rule.label} tidak dapat dinilai: {error}"[:300],
        en=f"The rule {rule.label_en} cannot be evaluated: {error}"[:300],
    )
