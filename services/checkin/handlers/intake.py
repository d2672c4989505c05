"""Taking events in: stamp each one, publish the good ones, answer for all of them in order."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from services.checkin.domain.incoming import Incoming, Item, Rejection
from services.checkin.domain.stamping import Desk, Outgoing, skew_of
from services.checkin.metrics import Metrics
from services.checkin.ports import PlanSource, Publisher
from shared.auth import Principal
from shared.clock import Clock
from shared.logging import logger

SENDERS = ("guard", "officer", "operator", "supervisor", "commander")
"""The roles that may send events; auditors and partners only read."""
LOGGED_IDS = 10

_log = logger(__name__)


class Result(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one event. A rejected one has a reason, and its place in the request,
    because `id` is null where none could be read."""

    id: str | None
    status: Literal["accepted", "rejected"]
    reason: str | None = None
    index: int | None = None


class Results(Struct, frozen=True, kw_only=True):
    """The answer 202: one result per event, in the order in which they were sent."""

    results: list[Result]


@dataclass(frozen=True, slots=True)
class Intake:
    """The use case; everything that it touches is behind a port."""

    plans: PlanSource
    publisher: Publisher
    metrics: Metrics
    clock: Clock

    async def take(
        self, items: Sequence[Item], *, sender: Principal, sent_at: str | None
    ) -> list[Result]:
        """Results in input order, once every accepted event is safe.

        Raises `Unavailable`; then no event of the request counts as taken.
        """
        decisions = self._decide(items, sender, sent_at)
        records = [decision for decision in decisions if isinstance(decision, Outgoing)]
        if records:
            await self.publisher.publish(records)
        self._account(records, [d for d in decisions if isinstance(d, Rejection)])
        return [
            _result(index, item, decision)
            for index, (item, decision) in enumerate(zip(items, decisions, strict=True))
        ]

    def _decide(
        self, items: Sequence[Item], sender: Principal, sent_at: str | None
    ) -> list[Outgoing | Rejection]:
        now = self.clock()
        desk = Desk(sender, self.plans.plan, skew_of(sent_at, now), now)
        return [desk.admit(item) if isinstance(item, Incoming) else item for item in items]

    def _account(self, records: list[Outgoing], rejections: list[Rejection]) -> None:
        self.metrics.request_events.observe(len(records) + len(rejections))
        self.metrics.accepted(record.flags for record in records)
        if rejections:
            self.metrics.rejected(rejection.code for rejection in rejections)
            _log.info(
                "events rejected",
                accepted=len(records),
                rejected=dict(Counter(rejection.code for rejection in rejections)),
                # The id of what could not be decoded is whatever somebody wrote there.
                events=[r.id for r in rejections if r.code != "undecodable"][:LOGGED_IDS],
            )


def _result(index: int, item: Item, decision: Outgoing | Rejection) -> Result:
    if isinstance(decision, Rejection):
        return Result(id=decision.id, status="rejected", reason=decision.reason, index=index)
    return Result(id=item.id, status="accepted")
