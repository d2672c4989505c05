"""Taking events in: stamp each one, publish the good ones, answer for all of them in order."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from services.checkin.domain.incoming import Incoming, Item, Rejection
from services.checkin.domain.stamping import Desk, Outgoing, Quarantined, skew_of
from services.checkin.handlers.judging import Judge
from services.checkin.metrics import Metrics
from services.checkin.ports import PlanSource, Publisher
from shared.auth import Principal
from shared.checkpoint_codes import CodeBook
from shared.clock import Clock
from shared.logging import logger

SENDERS = ("guard", "officer", "operator", "supervisor", "commander")
"""The roles that may send events; auditors and partners only read."""
LOGGED_IDS = 10

_log = logger(__name__)


Decision = Outgoing | Quarantined | Rejection


class Result(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one event. A rejected one has a reason, as a sentence and as a code, and its
    place in the request, because `id` is null where none could be read. Rejected is also what is
    kept as evidence only."""

    id: str | None
    status: Literal["accepted", "rejected"]
    reason: str | None = None
    index: int | None = None
    code: str | None = None


class Results(Struct, frozen=True, kw_only=True):
    """The answer 202: one result per event, in the order in which they were sent."""

    results: list[Result]


@dataclass(frozen=True, slots=True)
class Intake:
    """The use case; everything that it touches is behind a port."""

    plans: PlanSource
    judge: Judge
    codes: CodeBook
    publisher: Publisher
    metrics: Metrics
    clock: Clock

    async def take(
        self,
        items: Sequence[Item],
        *,
        sender: Principal,
        sent_at: str | None,
        channel: str | None = None,
    ) -> list[Result]:
        """Results in input order, once every accepted event is safe. `channel` is that of
        the sender's role where none is said.

        Raises `Unavailable`; then no event of the request counts as taken.
        """
        now = self.clock()
        judgements = await self.judge.judge(items, sender)
        desk = Desk(
            sender, self.plans.plan, skew_of(sent_at, now), now, self.codes, channel=channel
        )
        decisions: list[Decision] = [
            desk.admit(item, *judgement) if isinstance(item, Incoming) else item
            for item, judgement in zip(items, judgements, strict=True)
        ]
        accepted: list[Outgoing] = []
        evidence: list[Quarantined] = []
        rejections: list[Rejection] = []
        for decision in decisions:
            if isinstance(decision, Outgoing):
                accepted.append(decision)
            elif isinstance(decision, Quarantined):
                evidence.append(decision)
            else:
                rejections.append(decision)
        if accepted or evidence:
            await self.publisher.publish([*accepted, *(kept.record for kept in evidence)])
        self._account(accepted, evidence, rejections)
        return [
            _result(index, item, decision)
            for index, (item, decision) in enumerate(zip(items, decisions, strict=True))
        ]

    def _account(
        self, accepted: list[Outgoing], evidence: list[Quarantined], rejections: list[Rejection]
    ) -> None:
        events = len(accepted) + len(evidence) + len(rejections)
        self.metrics.request_events.observe(events)
        self.metrics.accepted([record.flags for record in accepted])
        if evidence or rejections:
            self.metrics.quarantined(kept.doubt for kept in evidence)
            self.metrics.rejected(rejection.code for rejection in rejections)
            _log.info(
                "events rejected",
                accepted=len(accepted),
                quarantined=dict(Counter(kept.doubt for kept in evidence)),
                rejected=dict(Counter(rejection.code for rejection in rejections)),
                # The id of what could not be decoded is whatever somebody wrote there.
                events=[
                    *(kept.id for kept in evidence),
                    *(r.id for r in rejections if r.code != "undecodable"),
                ][:LOGGED_IDS],
            )


def _result(index: int, item: Item, decision: Decision) -> Result:
    if isinstance(decision, Outgoing):
        return Result(id=item.id, status="accepted")
    code = decision.code if isinstance(decision, Rejection) else decision.doubt
    return Result(id=decision.id, status="rejected", reason=decision.reason, code=code, index=index)
