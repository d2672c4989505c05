"""The operation plan, folded from its topic by every replica for itself."""

from collections.abc import Sequence
from datetime import datetime

from shared.bus import Record
from shared.events.plan import PlanPublished
from shared.events.registry import Undecodable, decode
from shared.health import Check
from shared.logging import logger
from shared.plan.model import Plan, Situation
from shared.plan.pieces import PlanFold

_log = logger(__name__)


class FoldedPlan:
    """`PlanBook`; a `Follower` of `ronda.plan` feeds it."""

    def __init__(self) -> None:
        self._fold = PlanFold()
        self._published_at: datetime | None = None
        self.situation = Situation()

    @property
    def plan(self) -> Plan | None:
        """The newest complete plan."""
        return self._fold.plan

    @property
    def published_at(self) -> datetime | None:
        """When that plan was published."""
        return self._published_at

    def feed(self, records: Sequence[Record]) -> None:
        """Takes the next records of the topic; what cannot be read is passed over and logged."""
        for record in records:
            try:
                event = decode(record.value)
            except Undecodable as error:
                _log.error("plan record unreadable", offset=record.offset, error=str(error))
                continue
            if self._fold.feed(event):
                self._published_at = event.time
                _log.info("plan in force", version=self._fold.version, event_id=event.id)
            elif isinstance(event, PlanPublished):
                _log.warning("plan not taken", event_id=event.id, version=event.data.version)

    def known(self) -> Check:
        """For readiness: without a plan the service works, and decides less."""
        if self.plan is None:
            return Check(ok=True, detail="no plan is published yet; `ronda plan apply` does it")
        return Check(ok=True, detail=f"version {self.plan.version}")
