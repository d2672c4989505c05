"""Acts that took something away, against the sealed events that tell of them."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from services.archive.domain import acts
from services.archive.domain.finding import Finding
from services.archive.domain.stored import Act, Retired
from services.archive.ports import Snapshot
from shared.events.audit import Erasure

_Told = tuple[str, str, datetime, Erasure, Finding]
"""An event's id, who acted and when, what is to be told, and where it is found wanting."""


class Acting:
    """Finds what excuses a loss and is not, or not so, in the record itself.

    An act that is not told yet excuses for a while, and is counted.
    """

    def __init__(self, snapshot: Snapshot, retired: Sequence[Retired]) -> None:
        self._snapshot = snapshot
        self._retired = retired
        self._last_commit: datetime | None = None
        self.findings: list[Finding] = []
        self.untold = 0

    async def check(self) -> None:
        """Looks at all of them."""
        self._last_commit = await self._snapshot.last_commit()
        async for told in self._all():
            said = await self._snapshot.said([each[0] for each in told])
            for event_id, actor, acted_at, erasure, finding in told:
                self._judge(said.get(event_id), actor, acted_at, erasure, finding)

    async def _all(self) -> AsyncIterator[list[_Told]]:
        yield [_of_month(each) for each in self._retired]
        async for chunk in self._snapshot.acts():
            yield [
                _of_act(act)
                for act in chunk
                if act.records and not acts.are_gone(act, self._retired)
            ]

    def _judge(
        self, said: bytes | None, actor: str, acted_at: datetime, erasure: Erasure, finding: Finding
    ) -> None:
        if said is None and not acts.is_due(acted_at, self._last_commit):
            self.untold += 1
        elif said is None:
            self.findings.append(finding._replace(what="no event of the record tells of it"))
        else:
            different = ", ".join(acts.differences(erasure, actor, said))
            if different:
                what = f"the event that tells of it says otherwise: {different}"
                self.findings.append(finding._replace(what=what))


def _of_act(act: Act) -> _Told:
    first = min(act.records)
    finding = Finding("erasure", "", first.topic, first.partition, first.offset)
    return act.id, act.actor, act.erased_at, acts.erasure(act), finding


def _of_month(retired: Retired) -> _Told:
    finding = Finding("erasure", "", f"month {acts.name_of(retired)}")
    event_id = acts.retirement_id(retired)
    return event_id, retired.actor, retired.retired_at, acts.retirement(retired), finding
