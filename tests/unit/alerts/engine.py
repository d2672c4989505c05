"""The whole core of alerts on fakes: what the tests of its handlers drive."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry

from services.alerts.handlers import (
    Clockwork,
    CommandBody,
    Commands,
    Demands,
    Intake,
    Paging,
    TaskBody,
    Tasks,
    TaskVerb,
    Verb,
    VisitTimers,
)
from services.alerts.metrics import Metrics
from services.alerts.ports import Answer, Incoming
from shared.auth import Principal
from shared.events.alert import Alert
from shared.events.envelope import Envelope, Event
from shared.events.task import Task
from shared.plan.model import DueVisit, Plan, Situation
from shared.topics import PATROL
from tests.builders import NIGHT, a_plan, a_principal, a_record, an_incident
from tests.fake_store import FakeStore
from tests.fakes import FakeNotifier, FakePatrolEnds, FakePlanBook, ManualClock


class World:
    """What replicas share: the database, the topics, the plan, the provider, the time."""

    def __init__(self, store: FakeStore, plan: Plan) -> None:
        self.store = store
        self.clock = ManualClock(NIGHT + timedelta(seconds=2))
        self.plans = FakePlanBook(plan, published_at=NIGHT - timedelta(days=1))
        self.ends = FakePatrolEnds()
        self.notifier = FakeNotifier()
        self.demands: list[DueVisit] = []
        self.offsets: dict[str, int] = {}


class Engine:
    """One replica. `reported` feeds records as the consumer does, `after` lets time pass."""

    make_store: Callable[[], FakeStore] = FakeStore
    make_metrics: Callable[[CollectorRegistry], Metrics] = Metrics

    def __init__(self, plan: Plan | None = None, *, beside: "Engine | None" = None) -> None:
        self.world: World = (
            beside.world if beside else World(type(self).make_store(), plan or a_plan())
        )
        self.store, self.clock, self.plans = self.world.store, self.world.clock, self.world.plans
        self.ends, self.notifier = self.world.ends, self.world.notifier
        self.registry = CollectorRegistry()
        metrics = self.make_metrics(self.registry)
        self.demands = Demands(store=self.store, plans=self.plans, expand=self._expand)
        self.intake = Intake(
            store=self.store,
            plans=self.plans,
            demands=self.demands,
            clock=self.clock,
            metrics=metrics,
        )
        self.commands = Commands(
            store=self.store, plans=self.plans, clock=self.clock, metrics=metrics
        )
        self.tasks = Tasks(store=self.store, plans=self.plans, clock=self.clock, metrics=metrics)
        self.clockwork = Clockwork(
            store=self.store, plans=self.plans, clock=self.clock, metrics=metrics
        )
        self.visits = VisitTimers(
            store=self.store,
            plans=self.plans,
            patrol_ends=self.ends,
            demands=self.demands,
            clock=self.clock,
            metrics=metrics,
        )
        self.paging = Paging(
            store=self.store,
            plans=self.plans,
            notifiers={"log": self.notifier, "webhook": self.notifier},
            clock=self.clock,
            metrics=metrics,
        )

    def another(self) -> "Engine":
        """A second replica in the same world."""
        return type(self)(beside=self)

    async def reported(self, *events: Event | Envelope | bytes) -> list[Incoming]:
        """New records with these events, in one batch; returns them, for sending them again."""
        records = [self.next_record(event) for event in events]
        await self.intake.on_records(records)
        return records

    async def reported_one(
        self, category: str = "suspicious_person", *, copyof_first: bool = False, **over: Any
    ) -> None:
        """One incident; or one that says the same as the first over another way."""
        report = {"copyof": self.store.alert().parts[0].event} if copyof_first else None
        await self.reported(an_incident(category, report=report, **over))

    def next_record(self, event: Event | Envelope | bytes) -> Incoming:
        """The event at the end of its topic."""
        topic = a_record(event, 0).topic
        offset = self.world.offsets.get(topic, 0)
        self.world.offsets[topic] = offset + 1
        if topic == PATROL.name and self.ends.now is not None:
            self.ends.now[0] = offset + 1
        return a_record(event, offset)

    async def after(self, seconds: float) -> None:
        """Time passes, and the tickers tick once, late."""
        self.clock.advance(seconds)
        await self.tick()

    async def tick(self) -> None:
        """All timers, as they stand now."""
        await self.clockwork.on_tick(self.clock.now)
        await self.visits.on_tick(self.clock.now)

    async def climbing(self, seconds: float) -> None:
        """Time passes second by second, with a tick in each."""
        for _ in range(int(seconds)):
            await self.after(1)

    async def deliver(self) -> int:
        """Sends due pages."""
        return await self.paging.deliver(self.clock.now)

    async def command(
        self,
        verb: Verb,
        by: Principal | None = None,
        *,
        alert: Alert | None = None,
        key: str = "",
        **body: Any,
    ) -> Answer:
        """A command on the only alert, of its present version unless the body says otherwise."""
        alert = alert or self.store.alert()
        by = by or a_principal()
        fields: dict[str, Any] = {
            "version": alert.version,
            "key": key or f"{verb}{alert.version}",
        } | body
        return await self.commands.run(verb, alert.id, CommandBody(**fields), by)

    async def task_command(
        self,
        verb: TaskVerb,
        by: Principal | None = None,
        *,
        task: Task | None = None,
        key: str = "",
        **body: Any,
    ) -> Answer:
        """A command on the only task, of its present version unless the body says otherwise."""
        task = task or self.store.tasks()[0]
        fields: dict[str, Any] = {"version": task.version, "key": key or f"{verb}{task.version}"}
        return await self.tasks.run(verb, task.id, TaskBody(**fields | body), by or a_principal())

    def person(self, name: str, role: str = "operator") -> Principal:
        """Somebody of the Polres."""
        return a_principal(name, role=role)

    def metric(self, name: str, **labels: str) -> float:
        """A sample's value; 0 where there is none."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def types(self) -> list[str]:
        """What was published, without `ronda.` and `.v1`."""
        return [
            event.type.removeprefix("ronda.").removesuffix(".v1") for event in self.store.events()
        ]

    def _expand(self, plan: Plan, situation: Situation, day: date) -> Sequence[DueVisit]:
        return [
            demand
            for demand in self.world.demands
            if demand.due_at.astimezone(plan.timezone).date() == day
        ]


def shown(answer: Answer) -> Alert:
    """The alert of an answer of 200."""
    assert answer.status == 200, answer.body
    return msgspec.json.decode(answer.body, type=Alert)


def problem(answer: Answer) -> dict[str, Any]:
    """The problem of an error answer."""
    assert answer.status >= 400, answer.body
    decoded: dict[str, Any] = msgspec.json.decode(answer.body)
    return decoded
