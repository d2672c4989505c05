"""How much speaks against each site, told when it comes into another band; and the advice then."""

from collections import defaultdict

from services.alerts.domain.advising import ABOUT_RISK, advice_on, calls_for_advice
from services.alerts.domain.site_risk import moved, site_risk, standing_band
from services.alerts.handlers.recording import SOURCE, Tally
from services.alerts.handlers.tasks import issue
from services.alerts.metrics import Metrics
from services.alerts.ports import PlanBook, Store, Transaction
from shared.clock import Clock
from shared.events.alert import Alert
from shared.events.identity import derived_id
from shared.events.risk import RiskChanged, SiteRisk
from shared.events.task import Task
from shared.plan.model import Plan
from shared.topics import ALERT

EVERY_S = 60.0


class Risks:
    """Any number of replicas may weigh the sites: one does, the others leave it to that one."""

    def __init__(self, store: Store, plans: PlanBook, clock: Clock, metrics: Metrics) -> None:
        self._store = store
        self._plans = plans
        self._clock = clock
        self._metrics = metrics

    async def weigh(self) -> float:
        """Weighs every site of the plan once; returns how many seconds the next time is away."""
        plan = self._plans.plan
        if plan is not None:
            tally = Tally()
            async with self._store.transaction() as transaction:
                if await transaction.weighs_alone():
                    await self._weigh(transaction, plan, tally)
            tally.count(self._metrics)
        return EVERY_S

    async def _weigh(self, transaction: Transaction, plan: Plan, tally: Tally) -> None:
        now, situation = self._clock(), self._plans.situation
        alerts: dict[str | None, list[Alert]] = defaultdict(list)
        for alert in await transaction.open_alerts():
            alerts[alert.site].append(alert)
        tasks: dict[str | None, list[Task]] = defaultdict(list)
        for task in await transaction.open_tasks():
            tasks[task.site].append(task)
        known = await transaction.site_risks()
        calendar = plan.phase_at(now)
        phase = situation.phase or (calendar.code if calendar else None)
        for site in plan.sites:
            told = known.get(site.id)
            risk = site_risk(
                site,
                plan,
                alerts[site.id],
                tasks[site.id],
                phase=phase,
                stage=situation.logistics_stage,
                before=standing_band(told),
            )
            change = moved(told, site, risk, now)
            if change is not None:
                await _tell(transaction, change, plan, tally)
                if calls_for_advice(change) and not _is_advised(tasks[site.id]):
                    await issue(transaction, advice_on(change), plan, now, tally)


async def _tell(transaction: Transaction, change: SiteRisk, plan: Plan, tally: Tally) -> None:
    kind = str(RiskChanged.__struct_config__.tag)
    event = RiskChanged(
        specversion="1.0",
        id=derived_id(change.changed_at, "risk", change.site, str(change.version)),
        source=SOURCE,
        time=change.changed_at,
        receivedtime=change.changed_at,
        subject=change.site,
        unit=change.unit,
        channel="system",
        purpose=plan.operation.purpose,
        data=change,
    )
    await transaction.save_site_risk(change)
    await transaction.publish(ALERT, change.site, event)
    tally.events.append(kind)


def _is_advised(tasks: list[Task]) -> bool:
    return any(task.kind == "advice" and task.what == ABOUT_RISK for task in tasks)
