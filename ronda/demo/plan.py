"""The example plan, made short enough to be watched."""

from datetime import datetime, timedelta

import msgspec

from shared.plan.model import EscalationPolicy, Phase, Plan, Site, Step, VisitRule
from shared.plan.pieces import content_version

CLIMB_S = 4.0
"""Seconds between two levels: what takes minutes at night takes seconds here."""
PROGRESS_S = 40.0
REPEAT_S = 8.0
VISIT_IN = timedelta(seconds=14)
VISIT_GRACE_S = 4.0


def site_of_type(plan: Plan, kind: str, name: str = "") -> Site:
    """The first site of a type whose name holds `name`; raises LookupError."""
    for site in plan.sites:
        if site.type == kind and name.lower() in site.name.lower():
            return site
    raise LookupError(f"the plan has no site of type {kind!r} named {name!r}")


def shortened(plan: Plan, missed_site: Site, now: datetime) -> Plan:
    """The plan with delays of seconds, today in the campaign, and one visit that falls due soon.

    The first level has one climb's time before it is passed over, so that a viewer sees it.
    """
    today = now.astimezone(plan.timezone).date()
    due = (now + VISIT_IN).astimezone(plan.timezone)
    short = msgspec.structs.replace(
        plan,
        phases=[
            Phase(
                code="campaign",
                name="Kampanye",
                starts=today - timedelta(days=1),
                ends=today + timedelta(days=1),
            )
        ],
        visit_rules=[
            VisitRule(
                id="demo",
                at=[due.time().replace(microsecond=0)],
                grace_s=VISIT_GRACE_S,
                opens_before_s=60,
                sites=[missed_site.id],
            )
        ],
        policies=[_short_policy(policy) for policy in plan.policies],
    )
    return msgspec.structs.replace(short, version=content_version(short))


def _short_policy(policy: EscalationPolicy) -> EscalationPolicy:
    return msgspec.structs.replace(
        policy,
        steps=[
            Step(after_s=CLIMB_S if index else 0, posts=step.posts)
            for index, step in enumerate(policy.steps)
        ],
        progress_s=PROGRESS_S,
        repeat_s=REPEAT_S,
    )
