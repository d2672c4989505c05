"""The archive's composition root: the only file that constructs adapters."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import metadata
from pathlib import Path

from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.access_log import KafkaAccessLog
from services.archive.adapters.announcing import BusAnnouncer, FileAnnouncer, WebhookAnnouncer
from services.archive.adapters.consumer import batch_consumer, batches
from services.archive.adapters.evidence.erasing import PostgresErasure
from services.archive.adapters.evidence.holding import PostgresHolds
from services.archive.adapters.evidence.http_exports import export_routes
from services.archive.adapters.evidence.http_proofs import proof_routes
from services.archive.adapters.evidence.ledger import PostgresSnapshot, snapshot
from services.archive.adapters.evidence.page import page
from services.archive.adapters.evidence.proving import PostgresProofs
from services.archive.adapters.evidence.restoring import Restored, restore
from services.archive.adapters.evidence.single_file import source
from services.archive.adapters.evidence.telling import ErasureTeller
from services.archive.adapters.evidence.walkers import walkers
from services.archive.adapters.http import routes
from services.archive.adapters.http_checkpoints import checkpoint_routes
from services.archive.adapters.http_media import media_routes
from services.archive.adapters.kafka_log import KafkaLog, look_again_for_ever
from services.archive.adapters.months import keep_months_ahead, make_months
from services.archive.adapters.reading import PostgresReader
from services.archive.adapters.seal_keys import SECOND, signer
from services.archive.adapters.sealing import PostgresLedger, seal_on_schedule
from services.archive.adapters.store import PostgresStore
from services.archive.adapters.transactions import translated
from services.archive.domain.lines import FORMAT
from services.archive.domain.note import Key, Sign, signed
from services.archive.domain.retention import Term
from services.archive.handlers import Keeping, Looking, Sealing
from services.archive.handlers.exporting import Exporting
from services.archive.handlers.proving import Proving
from services.archive.handlers.verifying import Walkers
from services.archive.metrics import Metrics
from services.archive.ports import AccessLog, Announcer, Reader, Snapshot
from services.archive.settings import ArchiveSettings, SealSettings
from shared import bus, database
from shared.auth import Verifier
from shared.bus import Record
from shared.clock import Clock, system_clock
from shared.follow import Follower
from shared.health import Health, Progress
from shared.http import application, serving
from shared.logging import logger
from shared.metrics import ConsumerLag
from shared.revocation import Revocations
from shared.settings import KafkaSettings, SettingsError
from shared.tasks import cancelled
from shared.topics import DEVICE

Keep = Callable[[Sequence[Record]], Awaitable[None]]
Tend = Callable[[], Awaitable[list[str]]]

_log = logger(__name__)


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
    revocations = Revocations()
    verifier = Verifier(settings.auth.keys_file, revocations.revoked)
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
    access = KafkaAccessLog(producer, settings.kafka)
    sealing = _sealing(settings.seal, engine, access, clock, metrics)
    reader = PostgresReader(engine, prefix=prefix)
    looking = Looking(
        reader=reader,
        access=access,
        clock=clock,
        metrics=metrics,
        root=settings.unit,
    )
    proofs = PostgresProofs(engine)
    proving = Proving(looking=looking, proofs=proofs)
    exporting = _exporting(settings.seal, engine, reader, access, clock)
    app = application(
        [
            *routes(looking),
            *checkpoint_routes(sealing),
            *proof_routes(proving),
            *export_routes(exporting, looking),
            *media_routes(looking),
        ],
        title="Ronda archive",
        version=metadata.version("ronda"),
        verifier=verifier,
        clock=clock,
        health=health,
        registry=registry,
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        stack.push_async_callback(producer.stop)
        await producer.start()
        teller = ErasureTeller(engine, access, unit=settings.unit)
        beside = [
            keep_months_ahead(engine, clock),
            look_again_for_ever(keeping.look_again),
            teller.tell_for_ever(),
            *([seal_on_schedule(sealing)] if sealing.keys else []),
        ]
        for work in beside:
            stack.push_async_callback(cancelled, asyncio.create_task(work))
        if not sealing.keys:
            _log.warning("nothing is sealed: RONDA_ARCHIVE_SEAL_KEY_FILE is not set")
        revoked = Progress(clock)
        health.watch("revocations", revoked)
        await stack.enter_async_context(
            Follower(
                settings.kafka,
                DEVICE,
                revocations.feed,
                client_id="archive",
                clock=clock,
                progress=revoked,
            )
        )
        await stack.enter_async_context(consumer)
        url = await stack.enter_async_context(serving(app, settings.http))
        yield App(url=url, health=health)


@asynccontextmanager
async def sealer(
    kafka: KafkaSettings, database_url: str, seal: SealSettings, *, clock: Clock = system_clock
) -> AsyncIterator[Sealing]:
    """What seals without a service. Raises as `running`, and `SettingsError` without a key."""
    if seal.key_file is None:
        raise SettingsError("RONDA_ARCHIVE_SEAL_KEY_FILE is not set; it names the Ed25519 key")
    engine = database.engine(database_url, pool_size=1, application="ronda-archive-seal")
    producer = bus.producer(kafka, client_id="archive-seal")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        stack.push_async_callback(producer.stop)
        await producer.start()
        access = KafkaAccessLog(producer, kafka)
        yield _sealing(seal, engine, access, clock, Metrics(CollectorRegistry()))


@asynccontextmanager
async def storing(database_url: str, *, prefix: str = "") -> AsyncIterator[Keep]:
    """The path from records to rows alone, as benchmarks measure it; raises `Unavailable`."""
    engine = database.engine(database_url, pool_size=1, application="ronda-archive-store")
    store = PostgresStore(engine, prefix=prefix)

    async def keep(records: Sequence[Record]) -> None:
        await store.keep(batches(records, prefix), system_clock())

    try:
        yield keep
    finally:
        await engine.dispose()


@asynccontextmanager
async def keeper(
    database_url: str, *, retention: Sequence[Term] = (), clock: Clock = system_clock
) -> AsyncIterator[Tend]:
    """A round of what the tables' owner has to do; each gives a line for everything it did.

    A round raises `Unavailable` when the database is away, or may not be changed by this role.
    """
    engine = database.engine(database_url, pool_size=1, application="ronda-archive-keeper")
    erasure = PostgresErasure(engine)

    async def tend() -> list[str]:
        with translated():
            done = [f"made {name}" for name in await make_months(engine, clock())]
        erased = {term.data_class: await erasure.due(term, clock()) for term in retention}
        told = [
            f"erased {count} records of class {name}" for name, count in erased.items() if count
        ]
        return done + told

    try:
        yield tend
    finally:
        await engine.dispose()


@asynccontextmanager
async def owning(database_url: str) -> AsyncIterator[tuple[PostgresErasure, PostgresHolds]]:
    """What the tables' owner does by hand: erasing, holding, retiring."""
    engine = database.engine(database_url, pool_size=1, application="ronda-archive-keeper")
    try:
        yield PostgresErasure(engine), PostgresHolds(engine)
    finally:
        await engine.dispose()


async def rebuild(file: Path, database_url: str, *, clock: Clock = system_clock) -> Restored:
    """Fills an empty database with an export of everything; raises as `restore`."""
    engine = database.engine(database_url, pool_size=1, application="ronda-archive-restore")
    try:
        return await restore(file, engine, clock())
    finally:
        await engine.dispose()


@asynccontextmanager
async def checking(
    database_url: str, *, processes: int = 1
) -> AsyncIterator[tuple[Snapshot, Walkers]]:
    """Everything that is archived now, and who walks over it. Raises `psycopg.Error`."""
    async with snapshot(database_url, application="ronda-archive-verify") as connection:
        yield PostgresSnapshot(connection), walkers(database_url, processes)


@asynccontextmanager
async def exporter(
    kafka: KafkaSettings, database_url: str, seal: SealSettings, *, clock: Clock = system_clock
) -> AsyncIterator[Exporting]:
    """What exports without a service; raises as `running`."""
    engine = database.engine(database_url, pool_size=1, application="ronda-archive-export")
    producer = bus.producer(kafka, client_id="archive-export")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        stack.push_async_callback(producer.stop)
        await producer.start()
        reader = PostgresReader(engine, prefix=kafka.topic_prefix)
        access = KafkaAccessLog(producer, kafka)
        yield _exporting(seal, engine, reader, access, clock)


def _exporting(
    seal: SealSettings, engine: AsyncEngine, reader: Reader, access: AccessLog, clock: Clock
) -> Exporting:
    signers = _signers(seal)
    return Exporting(
        reader=reader,
        proofs=PostgresProofs(engine),
        holds=PostgresHolds(engine),
        access=access,
        clock=clock,
        keys=[str(key) for key, _ in signers],
        sign=(lambda digest: signed(f"{FORMAT}\n{digest}\n", signers)) if signers else None,
        page=page,
        verifier=source(),
    )


def _signers(settings: SealSettings) -> list[tuple[Key, Sign]]:
    keys = {settings.origin: settings.key_file, settings.origin + SECOND: settings.second_key_file}
    return [signer(file, name) for name, file in keys.items() if file is not None]


def _sealing(
    settings: SealSettings,
    engine: AsyncEngine,
    log: KafkaAccessLog,
    clock: Clock,
    metrics: Metrics,
) -> Sealing:
    announcers: list[Announcer] = [BusAnnouncer(log, unit=settings.unit)]
    if settings.file is not None:
        announcers.append(FileAnnouncer(settings.file))
    if settings.webhook_url is not None:
        announcers.append(WebhookAnnouncer(settings.webhook_url))
    return Sealing(
        ledger=PostgresLedger(engine),
        origin=settings.origin,
        signers=_signers(settings),
        announcers=announcers,
        clock=clock,
        metrics=metrics,
        every=timedelta(seconds=settings.every_s),
    )
