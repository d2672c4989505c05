"""What `ronda plan show` tells about a plan."""

from collections import Counter
from datetime import date

from msgspec import Struct

from shared.plan.expand import expand
from shared.plan.model import Plan, Situation


class Chain(Struct, frozen=True, kw_only=True):
    """Who is told about alerts of a severity, level by level; times in seconds."""

    severity: str
    start_level: int
    levels: list[str]
    after_s: list[float]


class Summary(Struct, frozen=True, kw_only=True):
    """A plan in figures, for people and for `--json`."""

    version: str
    operation: str
    name: str
    timezone: str
    phase: str | None
    """The name of the phase of `day`; None outside all of them."""
    day: date
    visits: int
    """How many visits the rules demand on `day` while nobody has changed the situation."""
    units: int
    sites: dict[str, int]
    """By type."""
    people: dict[str, int]
    """By role."""
    crews: list[str]
    posts: int
    visit_rules: int
    categories: int
    chains: list[Chain]
    channels: list[str]


def summary(plan: Plan, day: date) -> Summary:
    """The figures of a plan, as of a local day."""
    phase = plan.phase_on(day)
    return Summary(
        version=plan.version,
        operation=plan.operation.id,
        name=plan.operation.name,
        timezone=plan.operation.timezone,
        phase=phase.name if phase else None,
        day=day,
        visits=len(expand(plan, Situation(), day)),
        units=len(plan.units),
        sites=dict(Counter(site.type for site in plan.sites)),
        people=dict(Counter(person.role for person in plan.people)),
        crews=sorted({shift.crew for shift in plan.shifts}),
        posts=len(plan.posts),
        visit_rules=len(plan.visit_rules),
        categories=len(plan.categories),
        chains=[
            Chain(
                severity=severity,
                start_level=policy.start_level,
                levels=[" + ".join(step.names) for step in policy.steps],
                after_s=[step.after_s for step in policy.steps],
            )
            for policy in plan.policies
            for severity in policy.severities
        ],
        channels=[f"{channel.id} ({channel.kind})" for channel in plan.channels],
    )
