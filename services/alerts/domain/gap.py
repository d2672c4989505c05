"""A step of a chain that reaches nobody is itself something to be alarmed about."""

from datetime import datetime, time

from services.alerts.domain.alert import raised
from services.alerts.domain.decision import Decision, Gap
from services.alerts.domain.report import GAP, Report
from services.alerts.domain.triage import Judgement, category_severity
from shared.events.alert import Alert, Reason
from shared.events.identity import derived_id
from shared.plan.model import Plan


def gap_report(alert: Alert, gap: Gap, plan: Plan, now: datetime) -> Report:
    """The hole as a report: one a day by policy, step and unit, whichever alert fell into it."""
    day = datetime.combine(now.astimezone(plan.timezone).date(), time(), plan.timezone)
    where = f"tingkat {gap.level}" if gap.level else "semua tingkat"
    named = f" ({', '.join(gap.named)})" if gap.named else ""
    # Who may not know of the alert may not learn of it by its hole either.
    kept_from = alert.restricted.hidden_from if alert.restricted else []
    whose = [alert.unit, *(["restricted", *kept_from] if alert.restricted else [])]
    return Report(
        event=derived_id(day, GAP, plan.operation.id, gap.policy, str(gap.level), *whose),
        type="ronda.alert.raised.v1",
        kind="roster",
        category=GAP,
        time=now,
        received_at=now,
        unit=alert.unit,
        text=f"Rantai {gap.policy}, {where}{named}: tidak ada yang dapat dihubungi. "
        f"Ditemukan pada peringatan nomor {alert.number}",
        purpose=alert.purpose,
        restricted=alert.restricted,
    )


def gap_alert(report: Report, gap: Gap, number: int, plan: Plan, now: datetime) -> Decision:
    """The alert of a hole; what it falls into itself raises no further one."""
    severity, why = category_severity(GAP, plan)
    level = str(gap.level) if gap.level else "*"
    what = Reason(
        code="chain_gap",
        id=f"Rantai {gap.policy}, tingkat {level}: tidak ada yang dapat dihubungi",
        en=f"Chain {gap.policy}, level {level}: nobody is reached",
    )
    return raised(report, Judgement(severity, (why, what)), number, plan, now)
