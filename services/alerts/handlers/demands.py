"""The visits that the plan demands stand in the store before anything is decided about them."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from services.alerts.domain.visit import demanded
from services.alerts.ports import PlanBook, Store
from shared.plan.model import DueVisit, Plan, Situation

Expand = Callable[[Plan, Situation, date], Sequence[DueVisit]]
"""The pure expansion of a plan's rules for one local day."""


class Demands:
    """Puts visits into the store, once for each plan, situation and local day."""

    def __init__(self, *, store: Store, plans: PlanBook, expand: Expand) -> None:
        self._store = store
        self._plans = plans
        self._expand = expand
        self._expanded: object = None

    async def made(self, now: datetime) -> None:
        """Sees to it that the visits of yesterday to tomorrow are there."""
        plan, published_at = self._plans.plan, self._plans.published_at
        if plan is None or published_at is None:
            return
        situation = self._plans.situation
        today = now.astimezone(plan.timezone).date()
        wanted = (plan.version, published_at, situation, today)
        if wanted == self._expanded:
            return
        demands = [
            demand
            for day in (today - timedelta(days=1), today, today + timedelta(days=1))
            for demand in self._expand(plan, situation, day)
            if demand.due_at > published_at
        ]
        async with self._store.transaction() as transaction:
            await transaction.add_visits([demanded(each, plan) for each in demands])
            await transaction.withdraw_visits([each.id for each in demands], now)
        self._expanded = wanted
