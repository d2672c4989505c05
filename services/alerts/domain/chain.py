"""Who is told at each level of an alert's chain, as the plan and the shifts stand at a moment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from msgspec.structs import replace as with_fields

from services.alerts.domain.paging import Recipient, of_crews, of_people, recipients
from services.alerts.domain.restriction import above, is_within
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
    hidden_from: tuple[str, ...] = ()
    """Units of which nobody is told."""

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
        named = (
            *of_people(self.plan, step.people, self.purpose),
            *of_crews(self.plan, step.crews, self.purpose, self.now),
        )
        return (*self.posts(step.posts), *self._knowing(named))

    def posts(self, kinds: Iterable[str]) -> tuple[Recipient, ...]:
        """How the posts of these kinds are reached that answer for the unit."""
        if self.plan is None:
            return ()
        unit = above(self.unit, self.hidden_from)
        return self._knowing(recipients(self.plan, kinds, unit, self.purpose))

    def _knowing(self, told: Sequence[Recipient]) -> tuple[Recipient, ...]:
        """Those who may know of it."""
        return tuple(each for each in told if not self._is_hidden_from(each.holder))

    def _is_hidden_from(self, person_id: str | None) -> bool:
        person = self.plan.person_by_id.get(person_id or "") if self.plan else None
        return person is not None and any(is_within(person.unit, each) for each in self.hidden_from)

    def beginning_at(self, kind: str | None) -> "Chain":
        """The chain from the first step that names a kind of post; the same where none does."""
        steps = self.policy.steps
        level = next((at for at, step in enumerate(steps, 1) if kind in step.posts), None)
        if level is None:
            return self
        return replace(self, policy=with_fields(self.policy, start_level=level))

    def reachable(self, wanted: int) -> int | None:
        """The first level from `wanted` up that reaches somebody, else the highest below it."""
        above = range(wanted, self.last + 1)
        below = range(min(wanted - 1, self.last), 0, -1)
        return next((level for level in (*above, *below) if self.people(level)), None)


def chain_of(
    plan: Plan | None,
    severity: Severity,
    unit: str,
    purpose: str | None,
    now: datetime,
    *,
    hidden_from: Iterable[str] = (),
) -> Chain:
    """The chain of the plan that is in force now, so that a new plan mends running alerts."""
    policy = UNPLANNED
    if plan is not None and plan.policies:
        policy = plan.policy_by_severity.get(severity) or plan.policies[-1]
    return Chain(policy, plan, unit, purpose, now, tuple(hidden_from))


def chain_for(plan: Plan | None, alert: Alert, now: datetime) -> Chain:
    """The chain of an alert."""
    hidden_from = alert.restricted.hidden_from if alert.restricted else ()
    return chain_of(plan, alert.severity, alert.unit, alert.purpose, now, hidden_from=hidden_from)
