"""What is marked on an event. Flags state facts; what they mean is for alerts to judge."""

from datetime import datetime

from msgspec import Struct

from services.checkin.domain.incoming import Incoming
from shared.events.patrol import Fix
from shared.events.registry import EVENTS
from shared.plan.geometry import is_within
from shared.plan.model import Plan, Site

FLAGS = {
    "no_plan": "no operation plan was known, so neither site nor category was looked up",
    "unknown_site": "`subject` is not a site of the plan",
    "unknown_category": "the report's category is not in the plan's severity table",
    "unknown_type": "a type that this version does not know, on one of the topics of devices",
    "clock_skew": "the device's clock is off by more than 60 s, or the event is from the future",
    "late": "received more than 5 min after it happened, the device's clock corrected",
    "outside_geofence": "the position is farther from the site than its radius plus the accuracy",
    "low_accuracy": "the position may be off by more than 100 m",
    "mock_location": "the phone says that a program makes up its position",
    "unsigned": "the sender's credential has no key to sign with",
}
"""Every flag there is, with what it says."""

MAX_SKEW_S = 60
LATE_AFTER_S = 300
POOR_ACCURACY_M = 100
_ON_THE_WAY = frozenset(
    {
        "ronda.dispatch.accepted.v1",
        "ronda.dispatch.declined.v1",
        "ronda.dispatch.en_route.v1",
    }
)
"""Their subject is where the sender is going; everything else is said of where the sender is."""


class View(Struct, frozen=True, gc=False):
    """What of an event's data is looked at, whatever its type."""

    position: Fix | None = None
    category: str | None = None


def flags(
    item: Incoming,
    view: View,
    *,
    moment: datetime,
    skew: int | None,
    now: datetime,
    plan: Plan | None,
    site: Site | None,
) -> tuple[str, ...]:
    """The flags of an event: `moment` is its time, `site` its subject where the plan knows it."""
    marks: list[str] = []
    if plan is None:
        marks.append("no_plan")
    elif site is None and item.subject is not None:
        marks.append("unknown_site")
    if plan is not None and view.category is not None and view.category not in plan.category_by_id:
        marks.append("unknown_category")
    if item.type not in EVENTS:
        marks.append("unknown_type")
    age_s = (now - moment).total_seconds() - (skew or 0)
    if age_s < -MAX_SKEW_S or (skew is not None and abs(skew) > MAX_SKEW_S):
        marks.append("clock_skew")
    if age_s > LATE_AFTER_S:
        marks.append("late")
    if view.position is not None:
        marks += _of_the_place(view.position, None if item.type in _ON_THE_WAY else site)
    # No credential holds a key before devices can enrol one.
    marks.append("unsigned")
    return tuple(marks)


def _of_the_place(fix: Fix, site: Site | None) -> list[str]:
    accuracy_m = fix.accuracy_m or 0
    marks: list[str] = []
    if site is not None and not is_within(fix, site, site.radius_m, accuracy_m):
        marks.append("outside_geofence")
    if accuracy_m > POOR_ACCURACY_M:
        marks.append("low_accuracy")
    if fix.mock:
        marks.append("mock_location")
    return marks
