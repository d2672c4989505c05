"""Which alert a report belongs to: several reports of one happening are one alert."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.alerts.domain.escalation import TERMINAL
from services.alerts.domain.report import BACKUP, NEAR_M, Report
from services.alerts.domain.restriction import restriction_of
from shared.events.alert import Alert, Part, Reason
from shared.events.patrol import Fix
from shared.plan.geometry import distance_m
from shared.plan.model import Plan

WINDOW = timedelta(minutes=15)
ADDED = Reason(
    code="added_by_reporter",
    id="Pelapor menambahkannya ke laporannya sendiri",
    en="The reporter added it to an earlier report of their own",
)


def match(report: Report, alerts: Iterable[Alert], plan: Plan | None) -> Alert | None:
    """The open alert that a report is about; the one with the newest part where several fit."""
    fitting = [alert for alert in alerts if belongs(report, alert, plan)]
    return max(fitting, key=lambda alert: (_newest(alert), -alert.number), default=None)


def belongs(report: Report, alert: Alert, plan: Plan | None) -> bool:
    """Whether a report joins an alert: same kind of thing, about the same time, the same place.

    Duress is always an alert of its own, what is an exercise stays among itself, and so does what
    not everybody may know.
    """
    return (
        _may_meet(report, alert, plan)
        and _is_kin(report, alert, plan)
        and _is_near_in_time(report, alert)
        and _is_near_in_space(report, alert)
    )


def goes_on(report: Report, alert: Alert, plan: Plan | None) -> bool:
    """Whether a report joins an alert because its reporter says so: it names a part of it that the
    same device sent. How far apart the two are, and of what kind, is not asked."""
    return (
        report.device is not None
        and _may_meet(report, alert, plan)
        and any(
            part.event == report.adds_to and part.device == report.device for part in alert.parts
        )
    )


def may_follow(report: Report, alert: Alert) -> bool:
    """Whether a report joins the alert that it names: of what is settled only what repeats it.

    Who is in danger or cries for help is heard anew.
    """
    heard_anew = alert.state in TERMINAL and (report.kind == "duress" or report.wants_backup)
    return alert.purpose == report.purpose and not heard_anew


def _may_meet(report: Report, alert: Alert, plan: Plan | None) -> bool:
    return (
        report.kind == "incident" == alert.kind
        and alert.state not in TERMINAL
        and alert.purpose == report.purpose
        and alert.restricted == restriction_of(report, plan)
    )


def _is_kin(report: Report, alert: Alert, plan: Plan | None) -> bool:
    if BACKUP in {report.category, alert.category}:
        return True
    families = {family(part.category, plan) for part in alert.parts}
    return family(report.category, plan) in families


def family(category: str, plan: Plan | None) -> str:
    """Categories of one family, at one place and time, are one happening."""
    row = plan.category_by_id.get(category) if plan else None
    return row.family if row else category


def _is_near_in_time(report: Report, alert: Alert) -> bool:
    """Within the window of any part that is shown, so that a late report finds its place too."""
    return any(abs(_moment(part) - report.moment) <= WINDOW for part in alert.parts)


def _is_near_in_space(report: Report, alert: Alert) -> bool:
    """Near the alert's place, or any of its reports: what moves on is still one happening."""
    if report.site is not None and report.site == alert.site:
        return True
    if any(report.is_near(part) for part in alert.parts):
        return True
    if report.place is None or alert.lat is None or alert.lon is None:
        return False
    return distance_m(report.place, Fix(lat=alert.lat, lon=alert.lon)) <= NEAR_M


def _newest(alert: Alert) -> datetime:
    return max(_moment(part) for part in alert.parts)


def _moment(part: Part) -> datetime:
    return min(part.time, part.received_at)
