"""The operation plan and its situation, folded from their topic by every replica for itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct

from shared.bus import Record
from shared.clock import Clock
from shared.events.envelope import Event
from shared.events.plan import PlanPublished
from shared.events.registry import Undecodable, decode
from shared.events.situation import SituationChanged
from shared.health import Check
from shared.logging import logger
from shared.plan.in_force import in_force
from shared.plan.model import Plan, Situation
from shared.plan.pieces import PlanFold
from shared.plan.situation import LiveOverride, SituationFold

_log = logger(__name__)


class Kept(Struct, frozen=True, kw_only=True):
    """What a fold shows, for the time when the topic cannot be read; `at` is its newest moment."""

    plan: Plan
    published_at: datetime
    changes: list[SituationChanged]
    at: datetime


@dataclass(slots=True)
class _Folded:
    plan: PlanFold = field(default_factory=PlanFold)
    overrides: SituationFold = field(default_factory=SituationFold)
    published_at: datetime | None = None
    changes: list[SituationChanged] = field(default_factory=list)

    def take(self, event: Event) -> bool:
        """Whether the event changed anything."""
        if isinstance(event, SituationChanged):
            if event.data.what == "everything":
                self.changes.clear()
            self.changes.append(event)
            return self.overrides.feed(event)
        if not self.plan.feed(event):
            return False
        self.published_at = event.time
        return True


class FoldedPlan:
    """`PlanBook`; a `Follower` of `ronda.plan` feeds it.

    The plan that it shows is the one in force: with the situation's classes and stand-ins in place.
    A kept plan is shown until the topic has been read to its end: what is read first is old.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._read = _Folded()
        self._shown = self._read
        self._in_force: tuple[Plan, Situation, Plan] | None = None
        self.revision = 0
        """Counts what has changed what is shown."""

    @property
    def plan(self) -> Plan | None:
        """The newest complete plan, as the situation has it now."""
        plan, situation = self._shown.plan.plan, self.situation
        if plan is None:
            return None
        known = self._in_force
        if known is None or known[0] is not plan or known[1] != situation:
            known = self._in_force = (plan, situation, in_force(plan, situation))
        return known[2]

    @property
    def published_at(self) -> datetime | None:
        """Since when what it demands is demanded: its publication, or the last change since."""
        if self._shown.published_at is None:
            return None
        changed_at = self._shown.overrides.since(self._clock())
        return max(self._shown.published_at, changed_at or self._shown.published_at)

    @property
    def situation(self) -> Situation:
        """The overrides that hold now."""
        return self._shown.overrides.at(self._clock())

    def overrides(self) -> Sequence[LiveOverride]:
        """The same, each with who decided it, why, and until when."""
        return list(self._shown.overrides.live(self._clock()))

    def feed(self, records: Sequence[Record]) -> None:
        """Takes the next records of the topic; what cannot be read is passed over and logged."""
        for record in records:
            try:
                event = decode(record.value)
            except Undecodable as error:
                _log.error("plan record unreadable", offset=record.offset, error=str(error))
                continue
            if isinstance(event, Event):
                self.take(event)

    def take(self, event: Event) -> None:
        """Takes the next event of the topic."""
        if self._read.take(event):
            self.revision += 1
            version = self._read.plan.version
            _log.info("plan changed", type=event.type, version=version, event_id=event.id)
        elif isinstance(event, PlanPublished):
            _log.warning("plan not taken", event_id=event.id, version=event.data.version)

    def restore(self, kept: Kept) -> None:
        """Shows a kept plan until `caught_up`; what is read meanwhile begins anew."""
        self._shown = _Folded(published_at=kept.published_at)
        self._shown.plan.plan = kept.plan
        for change in kept.changes:
            self._shown.take(change)
        self._read = _Folded()

    def caught_up(self) -> None:
        """The topic is read to its end: from now on what was read is shown."""
        self._shown = self._read
        self.revision += 1

    def kept(self) -> Kept | None:
        """What is shown, as it can be kept; None without a plan."""
        shown = self._shown
        plan, published_at = shown.plan.plan, shown.published_at
        if plan is None or published_at is None:
            return None
        at = max([published_at, *(change.time for change in shown.changes)])
        return Kept(plan=plan, published_at=published_at, changes=list(shown.changes), at=at)

    def known(self) -> Check:
        """For readiness: without a plan the service works, and decides less."""
        version = self._shown.plan.version
        if version is None:
            return Check(ok=True, detail="no plan is published yet; `ronda plan apply` does it")
        kept = "" if self._shown is self._read else ", as kept: the topic is not read yet"
        return Check(ok=True, detail=f"version {version}{kept}")
