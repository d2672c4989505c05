"""The composition root: the only place where alerts' adapters are made and tied together."""

import asyncio
from collections import ChainMap
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from importlib import metadata

import httpx
from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry

from services.alerts.adapters.auditing import Auditor
from services.alerts.adapters.bell import Bell
from services.alerts.adapters.checkpoint_file import CheckpointFile
from services.alerts.adapters.consumer import ROUTES, Inlet
from services.alerts.adapters.courier import Courier
from services.alerts.adapters.coverage_reading import CoverageReadings
from services.alerts.adapters.delivery_reading import DeliveryReadings
from services.alerts.adapters.http import POLICY, SignInParts, routes
from services.alerts.adapters.loop import Loop, Step
from services.alerts.adapters.notifiers import posting
from services.alerts.adapters.notifiers.chat import AppriseNotifier
from services.alerts.adapters.notifiers.log import LogNotifier
from services.alerts.adapters.notifiers.mail import EmailNotifier, MailServer
from services.alerts.adapters.notifiers.reach import Reach
from services.alerts.adapters.notifiers.sms import SmsNotifier
from services.alerts.adapters.notifiers.webhook import WebhookNotifier
from services.alerts.adapters.oidc import TIMEOUT_S as OIDC_TIMEOUT_S
from services.alerts.adapters.oidc import Oidc, Provider
from services.alerts.adapters.outbox import Relay
from services.alerts.adapters.passwords import ArgonPasswords
from services.alerts.adapters.patrol_ends import KafkaPatrolEnds
from services.alerts.adapters.performance_reading import PerformanceReadings
from services.alerts.adapters.plan_book import FoldedPlan
from services.alerts.adapters.plan_keeper import PlanKeeper
from services.alerts.adapters.presence_reading import PresenceReadings
from services.alerts.adapters.reading import Readings
from services.alerts.adapters.store import PostgresStore
from services.alerts.adapters.stream import Stream
from services.alerts.adapters.sweeping import Sweeper
from services.alerts.adapters.task_reading import TaskReadings
from services.alerts.adapters.ticker import Ticker, Watcher
from services.alerts.adapters.tiles_file import TilesFile
from services.alerts.adapters.visit_reading import VisitReadings
from services.alerts.adapters.watch_reading import WatchReadings
from services.alerts.handlers import Clockwork, Commands, Demands, Intake, Paging, Tasks, Watch
from services.alerts.handlers.accounts import Accounts
from services.alerts.handlers.receipts import Receipts
from services.alerts.handlers.risks import Risks
from services.alerts.handlers.situations import Situations
from services.alerts.handlers.visits import VisitTimers
from services.alerts.metrics import Metrics
from services.alerts.ports import Notifier, PlanBook
from services.alerts.settings import AlertsSettings
from shared import database
from shared.auth import Issuer, Verifier
from shared.clock import Clock, system_clock
from shared.follow import Apply, Follower
from shared.freshness import Lag, slowest
from shared.health import Health, Progress
from shared.http import application, serving
from shared.logging import logger
from shared.metrics import ConsumerLag
from shared.plan.expand import expand
from shared.revocation import Revocations
from shared.settings import SettingsError
from shared.tasks import cancelled
from shared.topics import ALERT, DEVICE, INCIDENT, PATROL, PLAN, TopicSpec

LOOK_BACK = timedelta(hours=1)
"""How far back a viewer of the stream may resume."""
WITHOUT_KAFKA = timedelta(minutes=10)
"""How long a loop may fail before the process should be made anew. Long, because alerts climb and
pages leave while Kafka is away."""
KAFKA_PAUSE_S = 2.0
"""Between two tries to reach Kafka at the start."""
POOL = 12
ON_THE_WAY = frozenset({INCIDENT.name, PATROL.name, ALERT.name, "outbox", "ticker"})
"""What lies between the field and the screen."""


_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class App:
    """The running service."""

    url: str


@asynccontextmanager
async def running(settings: AlertsSettings, *, clock: Clock = system_clock) -> AsyncIterator[App]:
    """Runs the service until the block ends; the schema must be migrated and the topics made.

    Raises `SettingsError` for a key file, a base map or a port that cannot be had, LookupError for
    a topic.
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
        self._progress: dict[str, Progress] = {}
        self._lags: dict[str, Lag] = dict.fromkeys(ON_THE_WAY, _unknown)
        self._published, self._scheduled, self._paged = Bell(), Bell(), Bell()
        self._revocations = Revocations()
        self._verifier = Verifier(settings.auth.keys_file, self._revocations.revoked)
        self._plans = FoldedPlan(clock)
        self._engine = database.engine(
            settings.database_url, pool_size=POOL, application="ronda-alerts"
        )
        self._store = PostgresStore(
            self._engine,
            published=self._published,
            scheduled=self._scheduled,
            paged=self._paged,
        )
        self._demands = Demands(store=self._store, plans=self._plans, expand=expand)
        self._readings = Readings(self._engine)
        self._deliveries = DeliveryReadings(self._engine)
        self._stream = Stream(clock, self._lag_s, revoked=self._revocations.revoked)
        tiles = settings.map_tiles
        self._map_tiles = TilesFile.checked(tiles) if tiles is not None else None

    async def started(self) -> str:
        """Starts everything, what others need first; returns the service's URL."""
        self._stack.push_async_callback(self._engine.dispose)
        self._health.readiness["plan"] = self._plans.known
        keeper = PlanKeeper(self._engine, self._plans)
        has_plan = await keeper.restored()
        is_told = await self._listened(self._stack, may_fail=has_plan)
        await self._start_loops()
        await self._background("plan keeper", keeper.keep)
        if is_told:
            await self._start_consumers(self._stack)
        else:
            task = asyncio.create_task(self._listen_later(), name="waiting for Kafka")
            self._stack.push_async_callback(cancelled, task)
        url = await self._stack.enter_async_context(
            serving(await self._http(), self._settings.http)
        )
        # Before the server waits for its connections to end, the streams must.
        self._stack.callback(self._stream.close)
        return url

    async def _listened(self, stack: AsyncExitStack, *, may_fail: bool) -> bool:
        """Whether all that is folded was read to its end; raises unless that `may_fail`."""
        try:
            async with AsyncExitStack() as attempt:
                await self._follow(attempt, PLAN, self._plans.feed)
                self._plans.caught_up()
                await self._follow(attempt, DEVICE, self._revocations.feed)
                offsets = await self._follow(attempt, ALERT, self._stream.feed, look_back=LOOK_BACK)
                self._stream.opened(offsets)
                stack.push_async_exit(attempt.pop_all())
        except (KafkaError, OSError) as error:
            if not may_fail:
                raise
            _log.warning("Kafka is away; going on with the plan that was kept", error=repr(error))
            return False
        return True

    async def _listen_later(self) -> None:
        """Hears and reads as soon as Kafka is there; until then alerts climb and pages leave."""
        async with AsyncExitStack() as stack:
            is_told = False
            while not is_told:
                await asyncio.sleep(KAFKA_PAUSE_S)
                is_told = await self._listened(stack, may_fail=True)
            await self._start_consumers(stack)
            await asyncio.Event().wait()

    async def _follow(
        self,
        stack: AsyncExitStack,
        topic: TopicSpec,
        apply: Apply,
        look_back: timedelta | None = None,
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
        await stack.enter_async_context(follower)
        self._lags_by(topic.name, follower.freshness.lag_s)
        return follower.offsets

    async def _start_loops(self) -> None:
        relay = Relay(self._engine, self._settings.kafka, self._metrics, self._clock)
        self._lags["outbox rows"] = relay.lag_s
        self._stack.push_async_callback(relay.close)
        clockwork = Clockwork(
            store=self._store, plans=self._plans, clock=self._clock, metrics=self._metrics
        )
        watcher = Watcher(self._readings, self._deliveries, self._metrics, self._clock)
        await self._loop("outbox", relay.relay, self._published)
        ticker = Ticker(clockwork.on_tick, self._store.next_due, self._clock, self._scheduled)
        await self._loop("ticker", ticker.tick, self._scheduled)
        await self._loop_of_visits()
        risks = Risks(self._store, self._plans, self._clock, self._metrics)
        await self._loop("risk", risks.weigh, Bell())
        courier = Courier(await self._paging(), self._clock, self._paged)
        await self._stack.enter_async_context(courier.running())
        await self._loop("pages", courier.deliver, self._paged)
        await self._loop("gauges", watcher.watch, Bell())
        auditor = Auditor(self._engine, self._metrics, self._clock)
        await self._loop("auditor", auditor.audit, Bell())
        await self._background("sweeper", Sweeper(self._engine, self._clock).sweep)
        await self._loop("stream clock", self._stream.beat, Bell())

    async def _loop_of_visits(self) -> None:
        """Apart from the ticker: while Kafka is away visits wait for it, and alerts climb."""
        patrol_ends = KafkaPatrolEnds(self._settings.kafka)
        self._stack.push_async_callback(patrol_ends.close)
        timers = VisitTimers(
            store=self._store,
            plans=self._plans,
            patrol_ends=patrol_ends,
            demands=self._demands,
            clock=self._clock,
            metrics=self._metrics,
        )
        bell = Bell()
        ticker = Ticker(timers.on_tick, self._store.next_visit_due, self._clock, bell)
        await self._loop("visits", ticker.tick, bell)

    async def _paging(self) -> Paging:
        notifiers = await self._stack.enter_async_context(
            reaching(self._settings, self._plans, self._clock)
        )
        return Paging(
            store=self._store,
            plans=self._plans,
            notifiers=notifiers,
            clock=self._clock,
            metrics=self._metrics,
        )

    async def _start_consumers(self, stack: AsyncExitStack) -> None:
        intake = Intake(
            store=self._store,
            plans=self._plans,
            demands=self._demands,
            clock=self._clock,
            metrics=self._metrics,
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
            await stack.enter_async_context(inlet.consumer)
            self._lags_by(inlet.topic.name, inlet.consumer.freshness.lag_s)
        ConsumerLag(ChainMap(*(inlet.consumer.lag for inlet in inlets)), self._registry)

    async def _http(self) -> object:
        commands = Commands(
            store=self._store, plans=self._plans, clock=self._clock, metrics=self._metrics
        )
        tasks = Tasks(
            store=self._store, plans=self._plans, clock=self._clock, metrics=self._metrics
        )
        watch = Watch(
            store=self._store, plans=self._plans, clock=self._clock, metrics=self._metrics
        )
        return application(
            routes(
                readings=self._readings,
                visit_readings=VisitReadings(self._engine),
                coverages=CoverageReadings(self._engine),
                situations=Situations(
                    store=self._store, plans=self._plans, clock=self._clock, metrics=self._metrics
                ),
                commands=commands,
                task_readings=TaskReadings(self._engine),
                tasks=tasks,
                watch_readings=WatchReadings(self._engine),
                watch=watch,
                performance_readings=PerformanceReadings(self._engine),
                presence_readings=PresenceReadings(self._engine),
                deliveries=self._deliveries,
                receipts=Receipts(
                    store=self._store, plans=self._plans, clock=self._clock, metrics=self._metrics
                ),
                secrets=self._settings.webhook_secrets,
                stream=self._stream,
                plans=self._plans,
                verifier=self._verifier,
                sign_in=await self._sign_in(),
                clock=self._clock,
                pages=self._settings.pages,
                checkpoints=CheckpointFile(self._settings.checkpoint_file),
                map_lines=self._settings.map_lines,
                map_tiles=self._map_tiles,
                records_url=self._settings.records_url,
            ),
            title="Ronda alerts",
            version=metadata.version("ronda"),
            verifier=self._verifier,
            clock=self._clock,
            health=self._health,
            registry=self._registry,
            policy=POLICY,
        )

    async def _sign_in(self) -> SignInParts:
        """What signing in takes; without a key of our own only tokens from elsewhere do."""
        auth, oidc = self._settings.auth, self._settings.oidc
        if auth.signing_key_file is None:
            return SignInParts()
        issuer = Issuer(auth.signing_key_file)
        accounts = Accounts(
            store=self._store,
            passwords=ArgonPasswords(),
            issuer=issuer,
            revocations=self._revocations,
            clock=self._clock,
            metrics=self._metrics,
        )
        if oidc is None:
            return SignInParts(issuer, accounts)
        http = httpx.AsyncClient(timeout=OIDC_TIMEOUT_S, trust_env=False, follow_redirects=False)
        await self._stack.enter_async_context(http)
        return SignInParts(issuer, accounts, Oidc(Provider(**asdict(oidc)), http))

    async def _background(self, name: str, step: Step) -> None:
        """A loop so slow or so unimportant that nobody need be woken for it."""
        loop = Loop(name, step, bell=Bell(), progress=Progress(self._clock))
        await self._stack.enter_async_context(loop.running())

    async def _loop(self, name: str, step: Step, bell: Bell) -> None:
        loop = Loop(name, step, bell=bell, progress=self._watched(name))
        await self._stack.enter_async_context(loop.running())
        self._lags_by(name, self._progress[name].age_s)

    def _watched(self, name: str) -> Progress:
        if name not in self._progress:
            self._progress[name] = Progress(self._clock, limit=WITHOUT_KAFKA)
            self._health.watch(name, self._progress[name])
        return self._progress[name]

    def _lags_by(self, name: str, lag: Lag) -> None:
        if name in ON_THE_WAY:
            self._lags[name] = lag

    def _lag_s(self) -> float | None:
        """How many seconds what the screens show may be behind the field: by the slowest of what is
        between, None while one of them has not begun."""
        return slowest(self._lags.values())


def _unknown() -> float | None:
    return None


@asynccontextmanager
async def reaching(
    settings: AlertsSettings, plans: PlanBook, clock: Clock
) -> AsyncIterator[Mapping[str, Notifier]]:
    """The notifiers by kind of channel. Raises `SettingsError` for a wrong RONDA_NOTIFY_ALLOW."""
    try:
        reach = Reach(settings.notify_allow)
    except ValueError as error:
        raise SettingsError(f"RONDA_NOTIFY_ALLOW: {error}") from error
    mail = settings.mail
    server = MailServer(**asdict(mail)) if mail is not None else None
    secrets = settings.webhook_secrets
    async with posting.client(reach, settings.notify_ca_file) as http:
        yield {
            "log": LogNotifier(),
            "webhook": WebhookNotifier(http, plans, secrets=secrets, clock=clock),
            "sms": SmsNotifier(http, plans, secrets=secrets),
            "email": EmailNotifier(server, plans, clock=clock),
            "apprise": AppriseNotifier(settings.apprise_urls, plans),
        }
