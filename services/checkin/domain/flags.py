"""What is marked on an event. Flags state facts; what they mean is for alerts to judge."""

from datetime import datetime

from services.checkin.domain.carrying import FLAGS as CARRYING_FLAGS
from services.checkin.domain.incoming import Incoming
from services.checkin.domain.presence import FLAGS as PRESENCE_FLAGS
from services.checkin.domain.presence import View, presence_flags
from shared.checkpoint_codes import CodeBook
from shared.events.registry import EVENTS
from shared.plan.model import Plan, Site

FLAGS = {
    "no_plan": "no operation plan was known, so neither site nor category was looked up",
    "unknown_site": "`subject` is not a site of the plan",
    "unknown_category": "the report's category is not in the plan's severity table",
    "unknown_type": "a type that this version does not know, on one of the topics of devices",
    "clock_skew": "the device's clock is off by more than 60 s, or the event is from the future",
    "late": "received more than 5 min after it happened, the device's clock corrected",
    **PRESENCE_FLAGS,
    **CARRYING_FLAGS,
    "unsigned": "the sender's credential has no key to sign with",
}
"""Every flag there is, with what it says."""

MAX_SKEW_S = 60
LATE_AFTER_S = 300


def flags(
    item: Incoming,
    view: View,
    *,
    moment: datetime,
    skew: int | None,
    now: datetime,
    plan: Plan | None,
    site: Site | None,
    codes: CodeBook,
    signed: bool,
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
    marks += presence_flags(
        item.type,
        view,
        moment=moment,
        age_s=age_s,
        now=now,
        subject=item.subject,
        site=site,
        codes=codes,
    )
    if not signed:
        marks.append("unsigned")
    return tuple(marks)
