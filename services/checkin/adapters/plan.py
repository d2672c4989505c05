"""The operation plan, folded from `ronda.plan` by this replica for itself."""

from collections.abc import Sequence
from datetime import datetime

from services.checkin.metrics import Metrics
from shared.bus import Record
from shared.events.envelope import Envelope
from shared.events.registry import Undecodable, decode
from shared.logging import logger
from shared.plan.model import Plan, Situation
from shared.plan.pieces import PlanFold
from shared.plan.situation import SituationFold

_log = logger(__name__)


class FoldedPlan:
    """Fed by a `Follower`, in offset order."""

    def __init__(self, metrics: Metrics) -> None:
        self._fold = PlanFold()
        self._situation = SituationFold()
        self._metrics = metrics

    @property
    def plan(self) -> Plan | None:
        """The newest complete plan."""
        return self._fold.plan

    def situation(self, now: datetime) -> Situation:
        """What the posko has set differently from the plan."""
        return self._situation.at(now)

    def apply(self, records: Sequence[Record]) -> None:
        """Takes the next records; what is no event of ours is passed over with a word in the log,
        because the topic is kept for ever and one bad record must not stop every start."""
        for record in records:
            try:
                event = decode(record.value)
            except Undecodable as error:
                _log.warning("not an event", offset=record.offset, error=str(error))
                continue
            if self._situation.feed(event) or isinstance(event, Envelope):
                continue
            if self._fold.feed(event):
                self._announce(event.id)

    def _announce(self, event: str) -> None:
        plan = self._fold.plan
        if plan is not None:
            self._metrics.plan.info({"version": plan.version, "operation": plan.operation.id})
            _log.info("plan in force", version=plan.version, id=event, sites=len(plan.sites))
