"""The composition root: the only place where the service's adapters are made."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from prometheus_client import CollectorRegistry

from services.checkin.adapters.body import BodyReader
from services.checkin.adapters.http import beside
from services.checkin.adapters.intake import IntakeApplication
from services.checkin.adapters.plan import FoldedPlan
from services.checkin.adapters.publisher import PROBE_EVERY_S, GroupCommit, Limits
from services.checkin.handlers import Intake
from services.checkin.metrics import Metrics
from services.checkin.settings import CheckinSettings
from shared.auth import Verifier
from shared.bus import producer
from shared.clock import Clock, system_clock
from shared.follow import Follower
from shared.health import Health, Progress
from shared.http import application, serving
from shared.topics import PLAN

VERSION = "1.0.0"
CLIENT_ID = "ronda-checkin"


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
    metrics = Metrics(registry)
    verifier = Verifier(settings.auth.keys_file)
    plan = FoldedPlan(metrics)
    plan_progress, delivering, turning = (
        Progress(clock),
        _delivering(settings, clock),
        Progress(clock),
    )
    health.watch("plan", plan_progress)
    health.readiness["kafka"] = delivering.ready
    health.liveness["publisher"] = turning.alive
    follower = Follower(
        settings.kafka,
        PLAN,
        plan.apply,
        client_id=CLIENT_ID,
        clock=clock,
        progress=plan_progress,
    )
    publisher = GroupCommit(
        partial(producer, settings.kafka, client_id=CLIENT_ID),
        prefix=settings.kafka.topic_prefix,
        limits=Limits(ack_timeout_s=settings.ack_timeout_s),
        metrics=metrics,
        delivering=delivering,
        turning=turning,
    )
    intake = IntakeApplication(
        Intake(plans=plan, publisher=publisher, metrics=metrics, clock=clock),
        verifier=verifier,
        bodies=BodyReader(),
        metrics=metrics,
        clock=clock,
    )
    pages = application(
        [],
        title="Ronda checkin",
        version=VERSION,
        verifier=verifier,
        clock=clock,
        health=health,
        registry=registry,
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(follower)
        await stack.enter_async_context(publisher)
        url = await stack.enter_async_context(serving(beside(intake, pages), settings.http))
        yield Running(url=url)


def _delivering(settings: CheckinSettings, clock: Clock) -> Progress:
    """Kafka's progress: a flush that may still succeed, or the wait for a probe, is not yet bad."""
    return Progress(clock, patience=timedelta(seconds=PROBE_EVERY_S + settings.ack_timeout_s + 1))
