"""Who is told at each level of an alert's chain, as the plan and the shifts stand at a moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.alerts.domain.paging import Recipient, of_crews, of_people, recipients
from shared.events.alert import Alert, Severity
from shared.plan.model import EscalationPolicy, Plan, Step

# Until a plan is there, an alert waits in the open for one.
UNPLANNED = EscalationPolicy(
    id="unplanned",
    severities=["rendah", "sedang", "tinggi", "kritis"],
    steps=[Step(after_s=0, posts=["operator"])],
    progress_s=300,
    repeat_s=60,
)


@dataclass(frozen=True, slots=True)
class Chain:
    """A policy as it stands for one unit, now: who is reached at each level."""

    policy: EscalationPolicy
    plan: Plan | None
    unit: str
    purpose: str | None
    now: datetime

    @property
    def last(self) -> int:
        """The highest level."""
        return len(self.policy.steps)

    def after(self, level: int) -> timedelta:
        """How long a level is alone before the next is told; after the last, the repeat."""
        if level >= self.last:
            return timedelta(seconds=self.policy.repeat_s)
        return timedelta(seconds=self.policy.steps[level].after_s)

    def people(self, level: int) -> tuple[Recipient, ...]:
        """Who is reached at a level; empty means nobody."""
        if self.plan is None or not 1 <= level <= self.last:
            return ()
        step = self.policy.steps[level - 1]
        return (
            *recipients(self.plan, step.posts, self.unit, self.purpose),
            *of_people(self.plan, step.people, self.purpose),
            *of_crews(self.plan, step.crews, self.purpose, self.now),
        )

    def reachable(self, wanted: int) -> int | None:
        """The first level from `wanted` up that reaches somebody, else the highest below it."""
        above = range(wanted, self.last + 1)
        below = range(min(wanted - 1, self.last), 0, -1)
        return next((level for level in (*above, *below) if self.people(level)), None)


def chain_of(
    plan: Plan | None, severity: Severity, unit: str, purpose: str | None, now: datetime
) -> Chain:
    """The chain of the plan that is in force now, so that a new plan mends running alerts."""
    policy = UNPLANNED
    if plan is not None and plan.policies:
        policy = plan.policy_by_severity.get(severity) or plan.policies[-1]
    return Chain(policy, plan, unit, purpose, now)


def chain_for(plan: Plan | None, alert: Alert, now: datetime) -> Chain:
    """The chain of an alert."""
    return chain_of(plan, alert.severity, alert.unit, alert.purpose, now)
