"""The system under fault: real broker, real database, real processes, and hands that hurt them."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import msgspec

from ronda import plans
from ronda.stack.child import Child
from ronda.stack.kafka import EmbeddedKafka
from ronda.stack.ports import free_port
from ronda.stack.postgres import EmbeddedPostgres
from ronda.stack.services import ServiceSpec, SupervisedService
from ronda.stack.settings import DEFAULT_PLAN, StackSettings
from ronda.stack.up import Stack, running_stack
from shared.clock import system_clock
from shared.events.identity import new_id
from shared.plan.expand import expand
from shared.plan.model import (
    Channel,
    Contact,
    EscalationPolicy,
    Plan,
    Post,
    Situation,
    Step,
    VisitRule,
)
from shared.plan.pieces import content_version
from shared.settings import KafkaSettings
from tests.faults.dues import Due
from tests.faults.provider import Provider, provider
from tests.waiting import eventually

CLIMB_S = 2.0
PROGRESS_S = 6.0
REPEAT_S = 20.0
VISITS_IN_S = (15, 35)
VISIT_OPENS_S = 15.0
VISIT_GRACE_S = 4.0
VISITED_SITES = 3
RECOVERED_WITHIN_S = 60.0
TOKEN_TTL = timedelta(hours=3)


@dataclass(slots=True)
class World:
    """What a fault test holds in its hands."""

    kafka: EmbeddedKafka
    postgres: EmbeddedPostgres
    stack: Stack
    provider: Provider
    plan: Plan
    client: httpx.AsyncClient
    due: dict[str, Due]
    """The visits that fall due during the test, by their ids."""
    recoveries: dict[str, list[float]] = field(default_factory=dict)

    @property
    def absent(self) -> str | None:
        """The site that nobody ever goes to, though the plan wants it."""
        return next((rule.sites[0] for rule in self.plan.visit_rules), None)

    async def follows_the_plan(self) -> bool:
        """Whether alerts works by this plan."""
        answer = await self.client.get(
            f"{self.stack.url('alerts')}/v1/situation", headers=self._as("supervisor", "supervisor")
        )
        return bool(answer.json()["plan_version"] == self.plan.version)

    def token(self, actor: str, role: str, device: str | None = None) -> str:
        """A token that lasts the whole test."""
        return self.stack.token(
            actor=actor,
            name=actor,
            role=role,
            unit=self.plan.operation.unit,
            device=device,
            ttl=TOKEN_TTL,
        )

    async def kill_service(self, name: str) -> None:
        """`kill -9`, and the seconds until its supervisor has it ready again."""
        service, pid = self.stack.services[name], await self._alive(name)
        with self._timed(name):
            os.kill(pid, signal.SIGKILL)
            await _until(partial(self._reborn, service, pid))

    async def kill_broker(self) -> None:
        """`kill -9` of Kafka, then its start; the seconds until an event is accepted again."""
        with self._timed("kafka"):
            await self.kafka.kill()
            await self.kafka.start()
            await _until(self._accepts)

    async def kill_database(self) -> None:
        """`kill -9` of PostgreSQL, then its start; the seconds until both readers answer again."""
        with self._timed("postgres"):
            await self.postgres.kill()
            await self.postgres.start()
            await _until(partial(self._answers, "alerts", "/v1/alerts"))
            await _until(partial(self._answers, "archive", "/v1/stats"))

    async def freeze(self, name: str, seconds: float) -> None:
        """SIGSTOP with whatever it has in hand, SIGCONT later: a zombie of the group, if another
        instance is there to take its place."""
        pid = await self._alive(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)

    @asynccontextmanager
    async def second(self, name: str, *, crash_at: str | None = None) -> AsyncIterator[Child]:
        """A second instance beside the first, unsupervised. It is ready, unless it is to die at
        `crash_at`, which may come sooner; it dies with us at the latest."""
        spec = self._beside(self.stack.services[name].spec, crash_at)
        log = self.stack.data / "logs" / f"{name}-second.log"
        child = await Child.start(
            f"{name}-second", spec.command, log=log, env={**os.environ, **spec.environment}
        )
        try:
            if crash_at is None:
                await _until(partial(self._joined, child, spec))
            yield child
        finally:
            await child.kill()

    async def _alive(self, name: str) -> int:
        """The process id of a service, once it runs."""

        async def running() -> bool:
            return self.stack.services[name].pid is not None

        await _until(running)
        pid = self.stack.services[name].pid
        assert pid is not None
        return pid

    async def _joined(self, child: Child, spec: ServiceSpec) -> bool:
        assert child.exit_code is None, child.tail()
        return await self._ready(spec)

    async def _reborn(self, service: SupervisedService, old: int) -> bool:
        return service.pid not in {None, old} and await self._ready(service.spec)

    async def _ready(self, spec: ServiceSpec) -> bool:
        answer = await self.client.get(f"{spec.url}/health/ready", timeout=2)
        return answer.is_success

    async def _accepts(self) -> bool:
        now = system_clock()
        fix = {"lat": -6.9, "lon": 112.0}
        probe = {
            "specversion": "1.0",
            "id": new_id(now),
            "source": "ronda/faults",
            "type": "ronda.position.recorded.v1",
            "time": now.isoformat(),
            "device": "probe",
            "data": {"position": fix},
        }
        answer = await self.client.post(
            f"{self.stack.url('checkin')}/v1/events",
            json=probe,
            headers=self._as("p-probe", "officer", "probe"),
        )
        return answer.status_code == httpx.codes.ACCEPTED

    async def _answers(self, service: str, path: str) -> bool:
        answer = await self.client.get(
            f"{self.stack.url(service)}{path}", headers=self._as("supervisor", "supervisor")
        )
        return answer.is_success

    def _as(self, actor: str, role: str, device: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(actor, role, device)}"}

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        """Keeps the seconds from the kill until what the block waits for."""
        now = asyncio.get_running_loop().time
        start = now()
        yield
        self.recoveries.setdefault(what, []).append(now() - start)

    @staticmethod
    def _beside(spec: ServiceSpec, crash_at: str | None) -> ServiceSpec:
        port = free_port()
        environment = {
            **spec.environment,
            "RONDA_HTTP_PORT": str(port),
            "RONDA_INSTANCE": f"{spec.name}-second",
        }
        if crash_at is not None:
            environment["RONDA_CRASH_AT"] = crash_at
        return ServiceSpec(
            name=spec.name,
            port=port,
            environment=environment,
            port_setting=spec.port_setting,
        )


async def _until(check: Callable[[], Coroutine[None, None, bool]]) -> None:
    recovered: bool = await eventually(check, within=RECOVERED_WITHIN_S)
    assert recovered


def fault_plan(page_url: str, now: datetime, *, visits: bool) -> Plan:
    """The example plan with every post on a webhook, delays of seconds, and no visits, or some that
    soon fall due at a few sites."""
    example = plans.read(DEFAULT_PLAN)
    local = now.astimezone(example.timezone).replace(microsecond=0)
    soon = VisitRule(
        id="faults",
        at=[(local + timedelta(seconds=seconds)).time() for seconds in VISITS_IN_S],
        grace_s=VISIT_GRACE_S,
        opens_before_s=VISIT_OPENS_S,
        sites=[site.id for site in example.sites[: VISITED_SITES + 1]],
    )
    changed = msgspec.structs.replace(
        example,
        visit_rules=[soon] if visits else [],
        channels=[*example.channels, Channel(id="provider", kind="webhook", url=page_url)],
        posts=[_on_the_provider(post) for post in example.posts],
        policies=[_short(policy) for policy in example.policies],
    )
    return msgspec.structs.replace(changed, version=content_version(changed))


def visits_after(plan: Plan, now: datetime) -> dict[str, Due]:
    """The visits that are still to come."""
    today = now.astimezone(plan.timezone).date()
    both = (today, today + timedelta(days=1))
    return {
        visit.id: Due(visit.site, visit.opens_at, visit.grace_until)
        for day in both
        for visit in expand(plan, Situation(), day)
        if now < visit.due_at < now + timedelta(hours=12)
    }


def _on_the_provider(post: Post) -> Post:
    return msgspec.structs.replace(post, contacts=[Contact(channel="provider", address=post.id)])


def _short(policy: EscalationPolicy) -> EscalationPolicy:
    steps = [
        Step(after_s=CLIMB_S if i else 0, posts=step.posts) for i, step in enumerate(policy.steps)
    ]
    return msgspec.structs.replace(policy, steps=steps, progress_s=PROGRESS_S, repeat_s=REPEAT_S)


@asynccontextmanager
async def world(
    folder: Path, say: Callable[[str], None], *, visits: bool = False
) -> AsyncIterator[World]:
    """Everything started, the plan taken up; all stopped at the end."""
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(parent.stat().st_mode | 0o011)  # PostgreSQL is another user when we are root
    async with AsyncExitStack() as running:
        pages = await running.enter_async_context(provider())
        kafka = await running.enter_async_context(EmbeddedKafka(folder / "kafka"))
        postgres = await running.enter_async_context(EmbeddedPostgres(folder / "postgres"))
        settings = StackSettings(
            data=folder / "data",
            kafka=KafkaSettings(kafka.bootstrap_servers),
            database_url=postgres.url(),
            unit=plans.read(DEFAULT_PLAN).operation.unit,
            checkin_port=0,
            alerts_port=0,
            archive_port=0,
        )
        stack = await running.enter_async_context(running_stack(settings, say))
        client = await running.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=10))
        # Now, because its visits fall due some seconds from now.
        now = system_clock()
        plan = fault_plan(pages.url, now, visits=visits)
        await plans.publish(stack.kafka, plan, actor="faults")
        place = World(kafka, postgres, stack, pages, plan, client, visits_after(plan, now))
        await _until(place.follows_the_plan)
        yield place
