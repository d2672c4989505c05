"""Who may know of an alert: some reports accuse the very unit that would answer for them.

A plan restricts a category to login roles, and hides it from the unit of the site. The operation's
own unit is hidden from nobody: above it there is none who could take the alert; what happens there
is restricted by the roles alone.
"""

from collections.abc import Iterable

from services.alerts.domain.report import Report
from shared.auth import Principal
from shared.events.alert import Alert, Restriction
from shared.plan.model import Plan
from shared.plan.restriction import restriction


def restriction_of(report: Report, plan: Plan | None) -> Restriction | None:
    """Who may know of a report: by its category, and by what it was taken from; None: everybody."""
    own = restriction(plan, report.category, report.unit) if plan else None
    return tightened(report.restricted, own)


def tightened(one: Restriction | None, other: Restriction | None) -> Restriction | None:
    """Both at once. Roles that exclude each other leave those of the first."""
    if one is None or other is None:
        return one or other
    both = [role for role in one.roles if role in other.roles]
    return Restriction(
        roles=both or one.roles or other.roles,
        hidden_from=sorted({*one.hidden_from, *other.hidden_from}),
    )


def may_know(restricted: Restriction | None, viewer: Principal) -> bool:
    """Whether the restriction lets somebody know of it; their unit is another matter."""
    if restricted is None:
        return True
    return (not restricted.roles or viewer.role in restricted.roles) and not any(
        is_within(viewer.unit, unit) for unit in restricted.hidden_from
    )


def sees(viewer: Principal, alert: Alert) -> bool:
    """Whether an alert is there at all for somebody: by its unit, and by its restriction."""
    return viewer.covers(alert.unit) and may_know(alert.restricted, viewer)


def is_within(unit: str, other: str) -> bool:
    """Whether a unit is the other one, or below it."""
    return f"{unit}/".startswith(f"{other}/")


def above(unit: str, hidden_from: Iterable[str]) -> str:
    """The nearest unit, from this one upward, that is not hidden from; empty where none is."""
    while unit and any(is_within(unit, each) for each in hidden_from):
        unit = unit.rpartition("/")[0]
    return unit
