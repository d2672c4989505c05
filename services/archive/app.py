"""The archive's composition root: the only file that constructs adapters."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from services.archive.adapters.access_log import KafkaAccessLog
from services.archive.adapters.consumer import batch_consumer
from services.archive.adapters.http import routes
from services.archive.adapters.kafka_log import KafkaLog
from services.archive.adapters.months import keep_months_ahead
from services.archive.adapters.reading import PostgresReader
from services.archive.adapters.store import PostgresStore
from services.archive.handlers import Keeping, Looking
from services.archive.metrics import Metrics
from services.archive.settings import ArchiveSettings
from shared import bus, database
from shared.auth import Verifier
from shared.clock import Clock, system_clock
from shared.health import Health, Progress
from shared.http import application, serving
from shared.metrics import ConsumerLag
from shared.tasks import cancelled

VERSION = "1"


@dataclass(frozen=True, slots=True)
class App:
    """A running archive."""

    url: str
    health: Health


@asynccontextmanager
async def running(settings: ArchiveSettings, *, clock: Clock = system_clock) -> AsyncIterator[App]:
    """Archives and answers until the block ends.

    Raises `SettingsError` when the port is taken or a key file cannot be read, and `KafkaError`
    when no broker answers; a database that is away is waited for.
    """
    prefix = settings.kafka.topic_prefix
    registry, health, progress = CollectorRegistry(), Health(), Progress(clock)
    metrics = Metrics(registry)
    verifier = Verifier(settings.auth.keys_file)
    engine = database.engine(settings.database_url, application="ronda-archive")
    producer = bus.producer(settings.kafka, client_id="archive")
    log = KafkaLog(settings.kafka)
    keeping = Keeping(
        store=PostgresStore(engine, prefix=prefix), log=log, clock=clock, metrics=metrics
    )
    consumer = batch_consumer(settings.kafka, keep=keeping.on_batches, progress=progress)
    log.consumer = consumer
    ConsumerLag(consumer.lag, registry)
    health.watch("consumer", progress)
    health.readiness["logs"] = keeping.logs
    looking = Looking(
        reader=PostgresReader(engine, prefix=prefix),
        access=KafkaAccessLog(producer, settings.kafka),
        clock=clock,
        metrics=metrics,
        root=settings.unit,
    )
    app = application(
        routes(looking),
        title="Ronda archive",
        version=VERSION,
        verifier=verifier,
        clock=clock,
        health=health,
        registry=registry,
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        stack.push_async_callback(producer.stop)
        await producer.start()
        months = asyncio.create_task(keep_months_ahead(engine, clock), name="months ahead")
        stack.push_async_callback(cancelled, months)
        await stack.enter_async_context(consumer)
        url = await stack.enter_async_context(serving(app, settings.http))
        yield App(url=url, health=health)
