"""The composition root: the only place where the service's adapters are made."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib import metadata
from pathlib import Path

from prometheus_client import CollectorRegistry

from services.checkin.adapters.body import BodyReader
from services.checkin.adapters.devices import FoldedDevices
from services.checkin.adapters.gate import Gate
from services.checkin.adapters.http import beside
from services.checkin.adapters.inbox import FoldedInbox
from services.checkin.adapters.intake import IntakeApplication
from services.checkin.adapters.pages import page_routes
from services.checkin.adapters.phone import POLICY, phone_routes
from services.checkin.adapters.plan import FoldedPlan
from services.checkin.adapters.publisher import PROBE_EVERY_S, GroupCommit, Limits
from services.checkin.adapters.trackers import tracker_routes
from services.checkin.handlers.enrolling import Enrolling, Tokens
from services.checkin.handlers.intake import Intake
from services.checkin.handlers.judging import Judge
from services.checkin.handlers.media import Photos
from services.checkin.handlers.phone import Phone
from services.checkin.metrics import Metrics
from services.checkin.settings import CheckinSettings
from shared.auth import Issuer, Verifier
from shared.bus import Record, producer
from shared.checkpoint_codes import CodeBook, VerifyingKeys
from shared.clock import Clock, system_clock
from shared.follow import Apply, Follower
from shared.health import Health, Progress
from shared.http import application, serving
from shared.revocation import Revocations
from shared.settings import SettingsError
from shared.topics import ALERT, DEVICE, PLAN, TopicSpec

CLIENT_ID = "ronda-checkin"
INBOX_REACHES_BACK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Running:
    """The running service."""

    url: str


@asynccontextmanager
async def running(
    settings: CheckinSettings, *, clock: Clock = system_clock
) -> AsyncIterator[Running]:
    """Runs the service until the block ends; yields when it answers and knows the plan.

    Raises `SettingsError`, or `TimeoutError` or a `KafkaError` where the plan cannot be read.
    """
    registry, health = CollectorRegistry(), Health()
    metrics, revocations = Metrics(registry), Revocations()
    verifier = Verifier(settings.auth.keys_file, revocations.revoked)
    issuer = Issuer(_signing_key(settings))
    plan, devices, inbox = FoldedPlan(metrics), FoldedDevices(), FoldedInbox()
    delivering, turning = _delivering(settings, clock), Progress(clock)
    health.readiness["kafka"] = delivering.ready
    health.liveness["publisher"] = turning.alive
    publisher = GroupCommit(
        partial(producer, settings.kafka, client_id=CLIENT_ID),
        prefix=settings.kafka.topic_prefix,
        limits=Limits(ack_timeout_s=settings.ack_timeout_s),
        metrics=metrics,
        delivering=delivering,
        turning=turning,
    )
    gate = Gate(events_per_s=settings.events_per_s, requests_per_s=settings.requests_per_s)
    bodies = BodyReader()
    taking = Intake(
        plans=plan,
        judge=Judge(devices),
        codes=CodeBook(VerifyingKeys(settings.auth.keys_file)),
        publisher=publisher,
        metrics=metrics,
        clock=clock,
    )
    intake = IntakeApplication(
        taking,
        verifier=verifier,
        gate=gate,
        bodies=bodies,
        metrics=metrics,
        clock=clock,
    )
    phones = phone_routes(
        enrolling=Enrolling(devices, publisher, clock),
        tokens=Tokens(devices, plan, issuer, clock),
        phone=Phone(plan, inbox, clock),
        photos=Photos(publisher, clock),
        devices=devices,
        gate=gate,
        bodies=bodies,
        metrics=metrics,
    )
    trackers = tracker_routes(intake=taking, gate=gate, bodies=bodies, metrics=metrics, clock=clock)
    pages = application(
        [phones, trackers, *page_routes(settings.pages)],
        title="Ronda checkin",
        version=metadata.version("ronda"),
        verifier=verifier,
        clock=clock,
        health=health,
        registry=registry,
        policy=POLICY,
    )
    follow = partial(_follower, settings=settings, health=health, clock=clock)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(follow(PLAN, plan.apply))
        await stack.enter_async_context(follow(DEVICE, _both(devices.apply, revocations.feed)))
        await stack.enter_async_context(follow(ALERT, inbox.apply, look_back=INBOX_REACHES_BACK))
        await stack.enter_async_context(publisher)
        url = await stack.enter_async_context(serving(beside(intake, pages), settings.http))
        yield Running(url=url)


def _both(
    first: Callable[[Sequence[Record]], None], second: Callable[[Sequence[Record]], None]
) -> Apply:
    def apply(records: Sequence[Record]) -> None:
        first(records)
        second(records)

    return apply


def _signing_key(settings: CheckinSettings) -> Path:
    if settings.auth.signing_key_file is None:
        raise SettingsError(
            "RONDA_AUTH_SIGNING_KEY_FILE is not set; it names the key that signs phones' tokens"
        )
    return settings.auth.signing_key_file


def _follower(
    topic: TopicSpec,
    apply: Apply,
    *,
    settings: CheckinSettings,
    health: Health,
    clock: Clock,
    look_back: timedelta | None = None,
) -> Follower:
    progress = Progress(clock)
    health.watch(topic.name.removeprefix("ronda."), progress)
    return Follower(
        settings.kafka,
        topic,
        apply,
        client_id=CLIENT_ID,
        clock=clock,
        progress=progress,
        look_back=look_back,
    )


def _delivering(settings: CheckinSettings, clock: Clock) -> Progress:
    """Kafka's progress: a flush that may still succeed, or the wait for a probe, is not yet bad."""
    return Progress(clock, patience=timedelta(seconds=PROBE_EVERY_S + settings.ack_timeout_s + 1))
