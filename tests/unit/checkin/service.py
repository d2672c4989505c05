"""The whole HTTP face of checkin with fakes behind it, for tests of what it answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from services.checkin.adapters.body import BodyReader
from services.checkin.adapters.gate import Gate
from services.checkin.adapters.http import beside
from services.checkin.adapters.intake import IntakeApplication
from services.checkin.adapters.pages import page_routes
from services.checkin.adapters.phone import POLICY, phone_routes
from services.checkin.adapters.trackers import tracker_routes
from services.checkin.handlers.enrolling import Enrolling, Tokens
from services.checkin.handlers.intake import Intake
from services.checkin.handlers.judging import Judge
from services.checkin.handlers.media import Photos
from services.checkin.handlers.phone import Phone as PhoneDesk
from services.checkin.metrics import Metrics
from shared.auth import Issuer, Verifier
from shared.checkpoint_codes import CodeBook
from shared.health import Health
from shared.http import application
from shared.plan.model import Plan
from tests.unit.checkin.builders import NOW, a_plan
from tests.unit.checkin.fakes import FakeDevices, FakeInbox, FakePlans, FakePublisher
from tests.unit.checkin.phones import Phone

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def _now() -> datetime:
    return NOW


@dataclass(slots=True)
class Service:
    """One replica, and what it is made of. Its gate is wide unless a test narrows it."""

    keys: dict[str, Path]
    phone: Phone = field(default_factory=Phone)
    clock: Callable[[], datetime] = _now
    gate: Gate = field(default_factory=lambda: Gate(events_per_s=1e6, requests_per_s=1e6))
    bodies: BodyReader = field(default_factory=BodyReader)
    pages: Path = Path("nowhere")
    plan: Plan | None = field(default_factory=a_plan)
    publisher: FakePublisher = field(default_factory=FakePublisher, init=False)
    inbox: FakeInbox = field(default_factory=FakeInbox, init=False)
    devices: FakeDevices = field(init=False)

    def __post_init__(self) -> None:
        self.devices = FakeDevices(self.phone)

    def token(self) -> str:
        """The enrolled phone's."""
        claims = self.phone.sender()
        return Issuer(self.keys["checkin"]).token(
            actor=claims.actor,
            name=claims.name,
            role=claims.role,
            unit=claims.unit,
            now=self.clock(),
            device=claims.device,
            key=claims.key,
        )

    def app(self) -> Asgi:
        """The ASGI application, put together as `app.py` does it."""
        registry, plans = CollectorRegistry(), FakePlans(self.plan)
        metrics, verifier = Metrics(registry), Verifier(self.keys["keys"])
        taking = Intake(
            plans=plans,
            judge=Judge(self.devices),
            codes=CodeBook({}),
            publisher=self.publisher,
            metrics=metrics,
            clock=self.clock,
        )
        intake = IntakeApplication(
            taking,
            verifier=verifier,
            gate=self.gate,
            bodies=self.bodies,
            metrics=metrics,
            clock=self.clock,
        )
        routes = phone_routes(
            enrolling=Enrolling(self.devices, self.publisher, self.clock),
            tokens=Tokens(self.devices, plans, Issuer(self.keys["checkin"]), self.clock),
            phone=PhoneDesk(plans, self.inbox, self.clock),
            photos=Photos(self.publisher, self.clock),
            devices=self.devices,
            gate=self.gate,
            bodies=self.bodies,
            metrics=metrics,
        )
        trackers = tracker_routes(
            intake=taking, gate=self.gate, bodies=self.bodies, metrics=metrics, clock=self.clock
        )
        pages = application(
            [routes, trackers, *page_routes(self.pages)],
            title="checkin",
            version="1",
            verifier=verifier,
            clock=self.clock,
            health=Health(),
            registry=registry,
            policy=POLICY,
        )
        return beside(intake, pages)
