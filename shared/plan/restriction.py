"""Whom a plan keeps from a report, by its category. Who takes the report writes it on the event,
alerts writes it on the alert that it becomes; the archive reads both."""

from typing import NamedTuple

from shared.events.alert import CHECKER, Restriction
from shared.plan.model import Plan


class Said(NamedTuple):
    """A restriction as the attributes of the envelope say it."""

    restrictedto: str | None
    hiddenfrom: str | None


def restriction(plan: Plan, category: str, unit: str) -> Restriction | None:
    """Who may know of a report about a unit; None: everybody.

    The operation's own unit is hidden from nobody: above it there is none who could take it.
    """
    row = plan.category_by_id.get(category)
    if row is None:
        return None
    is_hidden = row.hidden_from_unit and unit != plan.operation.unit
    if not row.restricted_to and not is_hidden:
        return None
    return Restriction(roles=sorted(row.restricted_to), hidden_from=[unit] if is_hidden else [])


def said(plan: Plan | None, category: str | None, unit: str) -> Said:
    """What to write on a report; None is a category that nobody could read."""
    if plan is None or category is None:
        return Said(CHECKER, unit)
    found = restriction(plan, category, unit)
    if found is None:
        return Said(None, None)
    return Said(",".join(found.roles) or None, ",".join(found.hidden_from) or None)
