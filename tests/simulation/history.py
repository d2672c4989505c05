"""One random history of the engine: two replicas, their crashes, their races, and whoever uses it.

Everything follows from the seed, the interleaving of what happens at once included.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import cache
from typing import Any

from prometheus_client import CollectorRegistry

from services.alerts.handlers import TASK_VERBS, TaskVerb, Verb, Watch
from services.alerts.handlers.receipts import Receipts
from services.alerts.handlers.watch import AcceptBody, HandoverBody, NudgeBody, WithdrawBody
from services.alerts.metrics import Metrics
from services.alerts.ports import Answer, Page, TryAgain
from shared.auth import Principal
from shared.events.alert import Alert
from shared.events.patrol import VisitCheckedIn
from shared.plan.model import Plan
from shared.topics import PATROL
from tests.builders import KPU, a_due_visit, an_id
from tests.fake_store import Crash
from tests.simulation.loop import ShuffledLoop
from tests.simulation.witness import Witness
from tests.simulation.world import (
    CREW,
    PARTITIONS,
    PEOPLE,
    SITUATIONS,
    Known,
    Logs,
    Phones,
    its_successor,
    the_plan,
)
from tests.unit.alerts.engine import Engine

STEPS = 18
PLAN: Plan = the_plan()
PLANS = (PLAN, its_successor(PLAN))
BODIES: dict[Verb, dict[str, Any]] = {
    "acknowledge": {},
    "release": {"reason": "salah baris"},
    "dispatch": {"crew": CREW},
    "arrive": {},
    "resolve": {"outcome": "handled_on_site"},
    "close": {},
    "reopen": {"reason": "mereka kembali"},
    "note": {"note": "dicatat"},
    "call": {},
    "merge": {},
    "split": {},
    "undo": {},
}
VERBS: tuple[Verb, ...] = (*BODIES, "acknowledge", "acknowledge", "dispatch", "resolve")
MISTAKE: tuple[Verb, ...] = ("acknowledge", "release")
PAUSES_S = (0, 0, 1, 5, 10, 60, 300, 901, 1801, 3601)
Action = Callable[[], Awaitable[None]]


@cache
def _the_instruments() -> Metrics:
    return Metrics(CollectorRegistry())


def _instruments(_: CollectorRegistry) -> Metrics:
    return _the_instruments()


class Violation(AssertionError):
    """A history in which something did not hold; `seed` plays it again."""

    def __init__(self, seed: int, step: int, why: BaseException) -> None:
        super().__init__(f"seed {seed}, step {step}: {why or repr(why)}")
        self.seed = seed


def play(seed: int, engine: type[Engine] = Engine, steps: int = STEPS) -> None:
    """Plays one history; raises `Violation`."""
    chance = random.Random(seed)
    history = History(chance, engine)
    with asyncio.Runner(loop_factory=lambda: ShuffledLoop(chance)) as runner:
        try:
            runner.run(history.run(steps))
        except Exception as error:
            raise Violation(seed, history.step, error) from error


class History:
    """What happens, and what is known of it."""

    def __init__(self, chance: random.Random, engine: type[Engine]) -> None:
        self.chance = chance
        # To make the instruments anew for each history would take a fifth of it.
        quick = type(engine.__name__, (engine,), {"make_metrics": staticmethod(_instruments)})
        first = quick(PLAN)
        kpu = a_due_visit(id=an_id("kpu"), site=KPU, rule="kpu")
        first.world.demands += [a_due_visit(), kpu]
        self.replicas = (first, first.another())
        self.store, self.clock, self.notifier = first.store, first.clock, first.notifier
        self.phones, self.logs = Phones(chance), Logs()
        self.notifier.names = True
        self.landed: dict[str, Any] = {}
        self.witness = Witness(self.store, PLAN, self.landed)
        self.step = self.keys = 0
        self._killed = False

    async def run(self, steps: int) -> None:
        """Everything, then nobody acts any more and nothing fails."""
        for self.step in range(steps):
            await self._some_step()
            self.witness.look()
        await self._calm()

    async def _some_step(self) -> None:
        self.clock.advance(self.chance.choice(PAUSES_S))
        self.notifier.error = self.chance.choice((self.notifier.error, None, "503"))
        self._broker(away=self.chance.random() < 0.1)
        at_once = self.chance.choice((1, 1, 2, 3))
        actions: list[Action] = self.chance.choices(
            (
                self._report,
                self._consume,
                self._consume_everywhere,
                self._tick,
                self._deliver,
                self._command,
                self._mistake,
                self._task,
                self._ask_a_crew,
                self._change_the_watch,
                self._provider_says,
                self._change_the_plan,
            ),
            (5, 4, 2, 4, 2, 6, 1, 2, 1, 1, 1, 1),
            k=at_once,
        )
        self._may_crash()
        await asyncio.gather(*(self._survived(action) for action in actions))
        crashed = self._heal()
        if actions == [self._tick] and not crashed:
            self.witness.look()
            self.witness.nothing_overdue(self.clock.now)

    def _may_crash(self) -> None:
        kind = self.chance.choices(("none", "before", "after"), (8, 1, 1))[0]
        self.store.crash_before_commit = int(kind == "before")
        self.store.crash_after_commit = int(kind == "after")

    def _heal(self) -> bool:
        """Whether somebody was killed."""
        self.store.crash_before_commit = self.store.crash_after_commit = 0
        killed, self._killed = self._killed, False
        return killed

    async def _survived(self, action: Action) -> None:
        """Whoever is killed, or told to try again, does so some other time."""
        try:
            await action()
        except (Crash, TryAgain):
            self._killed = True

    async def _report(self) -> None:
        witness = self.witness
        known = Known(list(witness.alerts), list(witness.tasks), list(witness.nudges))
        self.phones.make(self.clock.now, known)
        self._land()

    def _land(self) -> None:
        for event in self.phones.landing():
            self.landed[event.id] = event
            self.logs.append(event)
        self._broker(away=self.replicas[0].ends.now is None)

    def _broker(self, *, away: bool) -> None:
        """Where it is there, it says how far the topic reaches."""
        ends = {
            partition: len(records)
            for (topic, partition), records in self.logs.records.items()
            if topic == PATROL.name
        }
        self.replicas[0].ends.now = None if away else ends

    async def _consume(self) -> None:
        if self.logs.records:
            await self._read(self.chance.choice(list(self.logs.records)))

    async def _consume_everywhere(self) -> None:
        reading = (self._read(place) for place in list(self.logs.records))
        results = await asyncio.gather(*reading, return_exceptions=True)
        for error in results:
            if error is not None:
                raise error

    async def _read(self, place: tuple[str, int]) -> None:
        known = self.store.rows.positions.get(place, 0)
        start = max(0, known - self.chance.choice((0, 0, 0, 1, 3)))
        records = self.logs.read(place, start, self.chance.randint(1, 5))
        if records:
            await self._replica().intake.on_records(records)

    async def _tick(self) -> None:
        await self._replica().tick()

    async def _deliver(self) -> None:
        await self._replica().deliver()

    async def _command(self) -> None:
        if not self.witness.alerts:
            return
        alert = self.chance.choice(list(self.witness.alerts.values()))
        await self._commanded(self.chance.choice(VERBS), self.chance.choice(PEOPLE), alert)

    async def _mistake(self) -> None:
        """Somebody takes an alert and gives it back, and others are at it too."""
        if not self.witness.alerts:
            return
        alert = self.chance.choice(list(self.witness.alerts.values()))
        by = self.chance.choice(PEOPLE)
        for verb in MISTAKE:
            await self._commanded(verb, by, alert)

    async def _commanded(self, verb: Verb, by: Principal, alert: Alert) -> None:
        key = self._key()

        body = BODIES[verb] | self._grouping(verb, alert)

        async def send() -> Answer:
            return await self._replica().command(verb, by, alert=alert, key=key, **body)

        await self._answered_alike(send)

    def _grouping(self, verb: Verb, alert: Alert) -> dict[str, Any]:
        """What a merge and a split name."""
        if verb == "merge":
            return {"other": self.chance.choice(list(self.witness.alerts))}
        if verb == "split":
            events = [part.event for part in alert.parts]
            return {"parts": self.chance.sample(events, self.chance.randint(1, len(events)))}
        return {}

    async def _ask_a_crew(self) -> None:
        key, by = self._key(), self.chance.choice(PEOPLE)

        async def send() -> Answer:
            return await self._watch().nudge(CREW, NudgeBody(key=key), by)

        await self._answered_alike(send)

    async def _change_the_watch(self) -> None:
        """A handover is prepared, and accepted by another one, or withdrawn, or left."""
        key, by = self._key(), self.chance.choice(PEOPLE)
        made = self.chance.choice([None, *self.witness.handovers])
        accepts = self.chance.random() < 0.5

        async def send() -> Answer:
            watch = self._watch()
            if made is None:
                return await watch.prepare(HandoverBody(key=key), by)
            if accepts:
                return await watch.accept(made, AcceptBody(key=key, read=read), by)
            return await watch.withdraw(made, WithdrawBody(key=key), by)

        read = list(self.witness.alerts)
        await self._answered_alike(send)

    def _watch(self) -> Watch:
        plans = self._replica().plans
        return Watch(store=self.store, plans=plans, clock=self.clock, metrics=_the_instruments())

    async def _provider_says(self) -> None:
        """What became of a page that it took: it arrived, or it bounced."""
        if self.notifier.sent:
            page = self.chance.choice(self.notifier.sent)
            await self._heard_of(page, delivered=self.chance.random() < 0.5)

    async def _heard_of(self, page: Page, *, delivered: bool) -> None:
        plans, metrics = self.replicas[0].plans, _the_instruments()
        receipts = Receipts(store=self.store, plans=plans, clock=self.clock, metrics=metrics)
        await receipts.receive(page.channel, page.ref, delivered=delivered, why=None)

    async def _change_the_plan(self) -> None:
        """Another plan, another situation, and a visit more, for whoever is there from now on."""
        world, now = self.replicas[0].world, self.clock.now
        world.plans.plan = self.chance.choice(PLANS)
        world.plans.situation = self.chance.choice(SITUATIONS)
        world.plans.published_at = now
        site, due_at = self.chance.choice(list(PARTITIONS)), now + timedelta(minutes=20)
        world.demands.append(
            a_due_visit(
                id=an_id("more", len(world.demands)),
                site=site,
                rule=f"lagi {len(world.demands)}",
                opens_at=now + timedelta(seconds=1),
                due_at=due_at,
                grace_until=due_at + timedelta(minutes=5),
            )
        )

    async def _task(self) -> None:
        if not self.witness.tasks:
            return
        task = self.chance.choice(list(self.witness.tasks.values()))
        verb: TaskVerb = self.chance.choice(TASK_VERBS)
        later = max(self.clock.now, task.due_at) + timedelta(seconds=self.chance.choice((60, 3600)))
        bodies: dict[TaskVerb, dict[str, Any]] = {
            "assign": {"owner": "kasat", "due_at": later},
            "extend": {"due_at": later, "reason": "suku cadang"},
            "done": {"note": "diganti"},
            "note": {"note": "dilihat"},
        }
        key, by = self._key(), self.chance.choice(PEOPLE)

        async def send() -> Answer:
            return await self._replica().task_command(verb, by, task=task, key=key, **bodies[verb])

        await self._answered_alike(send)

    async def _answered_alike(self, send: Callable[[], Awaitable[Answer]]) -> None:
        """A command whose answer was lost is sent again with its key, and answered alike."""
        try:
            first = await send()
        except Crash:
            self._killed = True
            first = await send()
        assert first.status in {200, 201, 202, 403, 404, 409, 422}, f"answered {first.status}"
        if self.chance.random() < 0.3:
            assert await send() == first, "the same key had another answer"

    async def _calm(self) -> None:
        """All arrives, is read, is told; then a long silence."""
        self.notifier.error = None
        self._broker(away=False)
        while self.phones.air:
            self._land()
        for place in self.logs.records:
            while self.store.rows.positions.get(place, 0) < len(self.logs.records[place]):
                start = self.store.rows.positions.get(place, 0)
                await self._replica().intake.on_records(self.logs.read(place, start, 50))
        self.witness.look()
        self.witness.every_report_had_its_effect()
        for pause in (1, 62, 3601):
            self.clock.advance(pause)
            await self._tick()
            while await self._replica().deliver():
                for page in self.notifier.sent:
                    await self._heard_of(page, delivered=True)
                self.notifier.sent.clear()
            self.witness.look()
            self.witness.nothing_overdue(self.clock.now)
        self.witness.everybody_was_told()
        self.witness.every_report_is_found()
        self.witness.visits_are_settled(self._scans(), self.clock.now)
        self.witness.gaps_are_what_is_missing(self._numbers())

    def _scans(self) -> list[VisitCheckedIn]:
        scans = (each for each in self.landed.values() if isinstance(each, VisitCheckedIn))
        return [each for each in scans if each.purpose is None]

    def _numbers(self) -> dict[str, set[int]]:
        numbers: dict[str, set[int]] = defaultdict(set)
        for event in self.landed.values():
            numbers[event.device].add(event.deviceseq)
        return numbers

    def _replica(self) -> Engine:
        replica: Engine = self.chance.choice(self.replicas)
        return replica

    def _key(self) -> str:
        self.keys += 1
        return f"k{self.keys}"
