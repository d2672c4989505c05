"""The whole core under random histories: reports, repeats, people, time, crashes, bad providers.

`CoreMachine` asks an engine for two replicas on one store and checks after every step what must
hold always. Seeded bugs are engines too, so the machine can be shown to notice them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ClassVar

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.alerts.handlers import Verb
from services.alerts.ports import Answer, Incoming
from shared.auth import Principal
from shared.events.alert import Alert
from shared.events.envelope import Event
from tests.builders import (
    KPU,
    WAREHOUSE,
    a_checkin,
    a_due_visit,
    a_duress,
    a_principal,
    an_id,
    an_incident,
)
from tests.fake_store import Crash
from tests.unit.alerts.engine import Engine
from tests.unit.alerts.truths import Truths

PEOPLE = (
    a_principal("Siti"),
    a_principal("Budi", role="supervisor"),
    a_principal("Rani", role="commander"),
)
BODIES: dict[Verb, dict[str, Any]] = {
    "acknowledge": {},
    "release": {"reason": "salah baris"},
    "dispatch": {"crew": "R-21"},
    "arrive": {},
    "resolve": {"outcome": "handled_on_site"},
    "close": {},
    "reopen": {"reason": "mereka kembali"},
    "note": {"note": "dicatat"},
    "call": {},
}

TAKING: tuple[Verb, ...] = ("acknowledge", "dispatch", "arrive")
ASIDE: tuple[Verb, ...] = ("note", "call")
ENDING: tuple[Verb, ...] = ("resolve", "close", "reopen")

people = st.sampled_from(PEOPLE)
numbers = st.integers(0, 3)
crashes = st.sampled_from(["none", "none", "before", "after"])
seconds = st.sampled_from([0.5, 1, 5, 10, 60, 300, 901, 1801, 3601])


class CoreMachine(RuleBasedStateMachine):
    """Two replicas, one store, three people, one provider."""

    engine: ClassVar[type[Engine]] = Engine

    @initialize()
    def begin(self) -> None:
        """Two replicas and two visits to come."""
        self.runner = asyncio.Runner()
        first = self.engine()
        first.world.demands += [a_due_visit(), a_due_visit(id=an_id("kpu"), site=KPU, rule="kpu")]
        self.replicas = (first, first.another())
        self.store, self.clock = first.store, first.clock
        self.sent: list[Event] = []
        self.batches: list[list[Incoming]] = []
        self.truths = Truths(self.store)
        self.commands = 0

    def teardown(self) -> None:
        """A chain that nobody takes reaches its last level, and is told there again."""
        if hasattr(self, "runner"):
            try:
                self._run(self._long_silence())
                self.truths.hold()
                self.truths.end_at_the_top(self.replicas[0].plans.plan)
            finally:
                self.runner.close()

    @rule(
        category=st.sampled_from(["suspicious_person", "suspicious_object", "fire", "other"]),
        site=st.sampled_from([WAREHOUSE, KPU]),
        actor=st.sampled_from(["p-1", "p-2"]),
        copies=st.booleans(),
        crash=crashes,
        which=numbers,
    )
    def report(
        self, category: str, site: str, actor: str, copies: bool, crash: str, which: int
    ) -> None:
        """Somebody reports something, or a copy of what was reported."""
        original = self.sent[which % len(self.sent)] if copies and self.sent else None
        event = an_incident(
            category,
            id=an_id("report", len(self.sent)),
            subject=site,
            actor=actor,
            time=self.clock.now,
            receivedtime=self.clock.now,
            report={"copyof": original.id} if original else None,
        )
        self._take_in(event, which, crash)

    @rule(crash=crashes, which=numbers)
    def duress(self, crash: str, which: int) -> None:
        """An officer is in danger."""
        event = a_duress(
            id=an_id("report", len(self.sent)), time=self.clock.now, receivedtime=self.clock.now
        )
        self._take_in(event, which, crash)

    @precondition(lambda self: self.sent)
    @rule(which=numbers)
    def resend(self, which: int) -> None:
        """A phone that saw no answer sends again: a new record with an old id."""
        self._take_in(self.sent[which % len(self.sent)], which, "none", again=True)

    @precondition(lambda self: self.batches)
    @rule(which=numbers)
    def redeliver(self, which: int) -> None:
        """Kafka delivers a batch again, to any replica."""
        batch = self.batches[which % len(self.batches)]
        self._run(self._replica(which).intake.on_records(batch))

    @rule(site=st.sampled_from([WAREHOUSE, KPU]), which=numbers)
    def check_in(self, site: str, which: int) -> None:
        """A patrol scans a site."""
        event = a_checkin(
            id=an_id("scan", self.clock.now, site),
            subject=site,
            time=self.clock.now,
            receivedtime=self.clock.now,
        )
        self._run(self._replica(which).reported(event))

    @precondition(lambda self: self.store.alerts())
    @rule(verb=st.sampled_from(TAKING), by=people, which=numbers, crash=crashes)
    def take(self, verb: Verb, by: Principal, which: int, crash: str) -> None:
        """Somebody takes an alert on, or says that a crew does."""
        self._command(verb, by, which, crash)

    @precondition(lambda self: self.store.alerts())
    @rule(by=people, which=numbers, crash=crashes, pause=st.sampled_from([0, 1, 10, 59, 61]))
    def release(self, by: Principal, which: int, crash: str, pause: float) -> None:
        """Somebody takes an alert by mistake and gives it back, or tries to."""
        self._command("acknowledge", by, which, "none")
        self.clock.advance(pause)
        self._command("release", by, which, crash)

    @precondition(lambda self: self.store.alerts())
    @rule(verb=st.sampled_from(ENDING), by=people, which=numbers, crash=crashes)
    def end(self, verb: Verb, by: Principal, which: int, crash: str) -> None:
        """Somebody ends an alert, step by step, or begins it again."""
        self._command(verb, by, which, crash)

    @precondition(lambda self: self.store.alerts())
    @rule(verb=st.sampled_from(ASIDE), by=people, which=numbers, crash=crashes)
    def note(self, verb: Verb, by: Principal, which: int, crash: str) -> None:
        """Somebody writes a line, or calls somebody to the room."""
        self._command(verb, by, which, crash)

    def _command(self, verb: Verb, by: Principal, which: int, crash: str) -> None:
        """A command whose answer was lost is sent again with its key, and answered alike."""
        alert = self._some_alert(which)
        key = self._key()

        def send() -> Awaitable[Answer]:
            return self._replica(which).command(verb, by, alert=alert, key=key, **BODIES[verb])

        answer = self._survived(send, crash)
        assert answer is not None
        assert self._run(send()) == answer
        assert answer.status in {200, 202, 403, 409, 422}

    @precondition(lambda self: self.store.alerts())
    @rule(which=numbers)
    def both_acknowledge(self, which: int) -> None:
        """Two people take one alert at once, on two replicas."""
        alert = self._some_alert(which)
        climbing = alert.next_due_kind == "climb"
        keys = (self._key(), self._key())

        async def race() -> list[Answer]:
            return await asyncio.gather(
                *(
                    replica.command("acknowledge", by, alert=alert, key=key)
                    for replica, by, key in zip(self.replicas, PEOPLE, keys, strict=False)
                )
            )

        statuses = sorted(answer.status for answer in self._run(race()))
        if climbing:
            assert statuses == [200, 409]

    @rule(pause=seconds, which=numbers, crash=crashes)
    def time_passes(self, pause: float, which: int, crash: str) -> None:
        """The ticker of a replica ticks, late."""
        self.clock.advance(pause)
        before = len(self.store.rows.outbox)
        replica = self._replica(which)
        self._survived(replica.tick, crash)
        self.truths.nothing_early(before, self.clock.now)
        self.truths.nothing_overdue(self.clock.now)

    @rule(pause=seconds)
    def both_tick(self, pause: float) -> None:
        """Two replicas tick at once, while somebody takes what is due."""
        self.clock.advance(pause)
        before = len(self.store.rows.outbox)
        alerts = self.store.alerts()

        async def race() -> None:
            ticks = [replica.tick() for replica in self.replicas]
            takes = [
                self.replicas[0].command("acknowledge", PEOPLE[0], alert=alert, key=self._key())
                for alert in alerts[:1]
            ]
            await asyncio.gather(*ticks, *takes)

        self._run(race())
        self.truths.nothing_early(before, self.clock.now)

    @rule(error=st.sampled_from([None, "503"]), which=numbers)
    def deliver(self, error: str | None, which: int) -> None:
        """The courier goes round; the provider fails or heals."""
        self.replicas[0].notifier.error = error
        self._run(self._replica(which).deliver())

    @invariant()
    def truth(self) -> None:
        """What must hold always."""
        if hasattr(self, "truths"):
            self.truths.hold()
            self.truths.every_report_in_one_alert(self.sent)

    async def _long_silence(self) -> None:
        """Nobody acts any more: an hour for what is held, then every level and a repeat."""
        for _ in range(12):
            await self.replicas[0].after(901)

    def _take_in(self, event: Event, which: int, crash: str, *, again: bool = False) -> None:
        if not again:
            self.sent.append(event)
        batch = [self.replicas[0].next_record(event)]
        self.batches.append(batch)
        self._survived(lambda: self._replica(which).intake.on_records(batch), crash)

    def _survived(self, work: Callable[[], Awaitable[Any]], crash: str) -> Any:
        """Does the work; where it crashed, somebody does it again."""
        if crash == "before":
            self.store.crash_before_commit = 1
        if crash == "after":
            self.store.crash_after_commit = 1
        try:
            return self._run(work())
        except Crash:
            return self._run(work())
        finally:
            self.store.crash_before_commit = self.store.crash_after_commit = 0

    def _run(self, work: Awaitable[Any]) -> Any:
        async def finished() -> Any:
            async with asyncio.timeout(10):
                return await work

        coroutine: Coroutine[Any, Any, Any] = finished()
        return self.runner.run(coroutine)

    def _replica(self, which: int) -> Engine:
        return self.replicas[which % 2]

    def _some_alert(self, which: int) -> Alert:
        alerts = self.store.alerts()
        return alerts[which % len(alerts)]

    def _key(self) -> str:
        self.commands += 1
        return f"k{self.commands}"
