"""The composition root: the only place where alerts' adapters are made and tied together."""

from collections import ChainMap
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import metadata

from prometheus_client import CollectorRegistry

from services.alerts.adapters.bell import Bell
from services.alerts.adapters.consumer import ROUTES, Inlet
from services.alerts.adapters.http import routes
from services.alerts.adapters.loop import Loop, Step
from services.alerts.adapters.notifiers import webhook
from services.alerts.adapters.notifiers.log import LogNotifier
from services.alerts.adapters.outbox import Relay
from services.alerts.adapters.patrol_ends import KafkaPatrolEnds
from services.alerts.adapters.plan_book import FoldedPlan
from services.alerts.adapters.reading import Readings
from services.alerts.adapters.store import PostgresStore
from services.alerts.adapters.stream import Stream
from services.alerts.adapters.sweeping import Sweeper
from services.alerts.adapters.ticker import Courier, Ticker, Watcher
from services.alerts.handlers import Clockwork, Commands, Intake, Paging
from services.alerts.metrics import Metrics
from services.alerts.settings import AlertsSettings
from shared import database
from shared.auth import Verifier
from shared.clock import Clock, system_clock
from shared.follow import Apply, Follower
from shared.health import Health, Progress
from shared.http import application, serving
from shared.metrics import ConsumerLag
from shared.plan.expand import expand
from shared.topics import ALERT, INCIDENT, PATROL, PLAN, TopicSpec

LOOK_BACK = timedelta(hours=1)
"""How far back a viewer of the stream may resume."""
WITHOUT_KAFKA = timedelta(minutes=10)
"""How long a loop may fail before the process should be made anew. Long, because alerts climb and
pages leave while Kafka is away, and a new process cannot begin without the plan."""
POOL = 12
ON_THE_WAY = frozenset({INCIDENT.name, PATROL.name, ALERT.name, "outbox", "ticker"})
"""The loops between the field and the screen."""


@dataclass(frozen=True, slots=True)
class App:
    """The running service."""

    url: str


@asynccontextmanager
async def running(settings: AlertsSettings, *, clock: Clock = system_clock) -> AsyncIterator[App]:
    """Runs the service until the block ends; the schema must be migrated and the topics made.

    Raises `SettingsError` for a key file or a port that cannot be had, LookupError for a topic.
    """
    async with AsyncExitStack() as stack:
        url = await _Assembly(settings, clock, stack).started()
        yield App(url=url)


class _Assembly:
    """Makes the parts and starts them; the stack stops them in reverse."""

    def __init__(self, settings: AlertsSettings, clock: Clock, stack: AsyncExitStack) -> None:
        self._settings = settings
        self._clock = clock
        self._stack = stack
        self._registry = CollectorRegistry()
        self._metrics = Metrics(self._registry)
        self._health = Health()
        self._on_the_way: list[Progress] = []
        self._published, self._scheduled, self._paged = Bell(), Bell(), Bell()
        self._verifier = Verifier(settings.auth.keys_file)
        self._plans = FoldedPlan()
        self._engine = database.engine(
            settings.database_url, pool_size=POOL, application="ronda-alerts"
        )
        self._store = PostgresStore(
            self._engine,
            published=self._published,
            scheduled=self._scheduled,
            paged=self._paged,
        )
        self._readings = Readings(self._engine)
        self._stream = Stream(clock, self._lag_s)

    async def started(self) -> str:
        """Starts everything, what others need first; returns the service's URL."""
        self._stack.push_async_callback(self._engine.dispose)
        self._health.readiness["plan"] = self._plans.known
        await self._follow(PLAN, self._plans.feed)
        self._stream.opened(await self._follow(ALERT, self._stream.feed, look_back=LOOK_BACK))
        await self._start_loops()
        await self._start_consumers()
        url = await self._stack.enter_async_context(serving(self._http(), self._settings.http))
        # Before the server waits for its connections to end, the streams must.
        self._stack.callback(self._stream.close)
        return url

    async def _follow(
        self, topic: TopicSpec, apply: Apply, look_back: timedelta | None = None
    ) -> dict[int, int]:
        follower = Follower(
            self._settings.kafka,
            topic,
            apply,
            client_id="alerts",
            clock=self._clock,
            progress=self._watched(topic.name),
            look_back=look_back,
        )
        await self._stack.enter_async_context(follower)
        return follower.offsets

    async def _start_loops(self) -> None:
        relay = Relay(self._engine, self._settings.kafka, self._metrics)
        self._stack.push_async_callback(relay.close)
        patrol_ends = KafkaPatrolEnds(self._settings.kafka)
        self._stack.push_async_callback(patrol_ends.close)
        clockwork = Clockwork(
            store=self._store,
            plans=self._plans,
            patrol_ends=patrol_ends,
            expand=expand,
            metrics=self._metrics,
        )
        watcher = Watcher(self._readings, self._metrics, self._clock)
        await self._loop("outbox", relay.relay, self._published)
        ticker = Ticker(clockwork.on_tick, self._store.next_due, self._clock, self._scheduled)
        await self._loop("ticker", ticker.tick, self._scheduled)
        await self._loop("pages", await self._courier(), self._paged)
        await self._loop("gauges", watcher.watch, Bell())
        await self._background("sweeper", Sweeper(self._engine).sweep)
        await self._loop("stream clock", self._stream.beat, Bell())

    async def _courier(self) -> Step:
        http = await self._stack.enter_async_context(webhook.client())
        paging = Paging(
            store=self._store,
            plans=self._plans,
            notifiers={
                "log": LogNotifier(),
                "webhook": webhook.WebhookNotifier(
                    http, self._plans, secrets=self._settings.webhook_secrets, clock=self._clock
                ),
            },
            clock=self._clock,
            metrics=self._metrics,
        )
        return Courier(paging.deliver, self._clock).deliver

    async def _start_consumers(self) -> None:
        intake = Intake(
            store=self._store, plans=self._plans, clock=self._clock, metrics=self._metrics
        )
        inlets = [
            Inlet(
                self._settings.kafka,
                route,
                store=self._store,
                on_records=intake.on_records,
                progress=self._watched(route.topic.name),
            )
            for route in ROUTES
        ]
        for inlet in inlets:
            await self._stack.enter_async_context(inlet.consumer)
        ConsumerLag(ChainMap(*(inlet.consumer.lag for inlet in inlets)), self._registry)

    def _http(self) -> object:
        commands = Commands(
            store=self._store, plans=self._plans, clock=self._clock, metrics=self._metrics
        )
        return application(
            routes(
                readings=self._readings,
                commands=commands,
                stream=self._stream,
                plans=self._plans,
                verifier=self._verifier,
                clock=self._clock,
                pages=self._settings.pages,
            ),
            title="Ronda alerts",
            version=metadata.version("ronda"),
            verifier=self._verifier,
            clock=self._clock,
            health=self._health,
            registry=self._registry,
        )

    async def _background(self, name: str, step: Step) -> None:
        """A loop so slow or so unimportant that nobody need be woken for it."""
        loop = Loop(name, step, bell=Bell(), progress=Progress(self._clock))
        await self._stack.enter_async_context(loop.running())

    async def _loop(self, name: str, step: Step, bell: Bell) -> None:
        loop = Loop(name, step, bell=bell, progress=self._watched(name))
        await self._stack.enter_async_context(loop.running())

    def _watched(self, name: str) -> Progress:
        progress = Progress(self._clock, limit=WITHOUT_KAFKA)
        self._health.watch(name, progress)
        if name in ON_THE_WAY:
            self._on_the_way.append(progress)
        return progress

    def _lag_s(self) -> float:
        """How long ago the slowest loop between the field and the screen last went round."""
        return max((each.age_s() for each in self._on_the_way), default=0.0)
