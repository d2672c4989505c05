"""Merge, split and undo: the commands that touch two alerts at once."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from services.alerts.domain.command import Case, lacking
from services.alerts.domain.decision import Refusal
from services.alerts.domain.grouping import Grouped, Grouping, merge, split, undoable, undone
from services.alerts.domain.restriction import sees
from services.alerts.domain.triage import Surroundings
from services.alerts.handlers.gaps import raise_gaps
from services.alerts.handlers.recording import Tally, record
from services.alerts.ports import PlanBook, Transaction
from shared.auth import Principal
from shared.events.alert import Alert

GroupingVerb: TypeAlias = Literal["merge", "split", "undo"]

_NO_OTHER = lacking(
    "other", "Sebutkan peringatan lain dari kesatuan Anda", "Name another alert of your unit"
)


class Regrouping:
    """One of these commands, within a transaction that holds the lock of triage."""

    def __init__(
        self, transaction: Transaction, plans: PlanBook, principal: Principal, tally: Tally
    ) -> None:
        self._transaction = transaction
        self._plans = plans
        self._principal = principal
        self._tally = tally

    async def merge(self, case: Case, other_id: str | None) -> Grouped | Refusal:
        """Joins the reports of another alert to this one."""
        other = await self._other(other_id)
        return await self._kept(_NO_OTHER if other is None else merge(case, other), case)

    async def split(self, case: Case, events: Sequence[str]) -> Grouped | Refusal:
        """Makes an alert of some of the reports."""
        transaction, alert = self._transaction, case.alert
        site = next((part.site for part in alert.parts if part.event in events), None)
        around = Surroundings(
            self._plans.plan,
            self._plans.situation,
            await transaction.vulnerabilities_of(site) if site else (),
        )
        number = await transaction.next_number()
        return await self._kept(split(case, frozenset(events), number, around), case)

    async def undo(self, case: Case) -> Grouped | Refusal:
        """Takes the last of them back."""
        link = undoable(case.alert)
        if isinstance(link, Refusal):
            return link
        other = await self._other(link.alert)
        return await self._kept(_NO_OTHER if other is None else undone(case, link, other), case)

    async def _other(self, alert_id: str | None) -> Alert | None:
        other = await self._transaction.alert(alert_id) if alert_id else None
        return other if other is not None and sees(self._principal, other) else None

    async def _kept(self, result: Grouping, case: Case) -> Grouping:
        if isinstance(result, Refusal):
            return result
        transaction, actor = self._transaction, self._principal.actor
        for decision in (result.alert, result.other):
            await record(transaction, decision, self._tally, actor=actor)
            await raise_gaps(transaction, decision, self._plans.plan, case.now, self._tally)
        await transaction.move_parts(result.moved, result.moved_from, result.moved_to)
        return result
