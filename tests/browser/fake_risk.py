"""What speaks against the fake's sites, by the service's own table of weights."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from msgspec import to_builtins

from services.alerts.domain.site_risk import BANDS, flags, site_risk
from shared.events.alert import Alert
from shared.events.task import Task
from shared.plan.model import Plan
from tests.builders import a_plan, a_site


def with_risks(
    sites: list[dict[str, Any]], alerts: Collection[Alert], tasks: Collection[Task]
) -> list[dict[str, Any]]:
    """The same sites with score, band, reasons and flags; what a site says itself stays."""
    alerts_at: defaultdict[str | None, list[Alert]] = defaultdict(list)
    tasks_at: defaultdict[str | None, list[Task]] = defaultdict(list)
    for alert in alerts:
        if alert.state != "closed":
            alerts_at[alert.site].append(alert)
    for task in tasks:
        if task.state != "done":
            tasks_at[task.site].append(task)
    plan = a_plan()
    return [
        _judged(plan, site["risk_class"], alerts_at[site["id"]], tasks_at[site["id"]]) | site
        for site in sites
    ]


def _judged(plan: Plan, risk_class: str, alerts: list[Alert], tasks: list[Task]) -> dict[str, Any]:
    site = a_site(risk_class=risk_class)
    known = site_risk(site, plan, alerts, tasks, phase="campaign", stage=None, before=BANDS[0])
    return {"risk": to_builtins(known), "flags": flags(known)}
