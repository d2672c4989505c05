"""The HTTP face on a real database, without Kafka and without the engine's loops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from litestar import Litestar
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.checkpoint_file import CheckpointFile
from services.alerts.adapters.coverage_reading import CoverageReadings
from services.alerts.adapters.delivery_reading import DeliveryReadings
from services.alerts.adapters.http import POLICY, SignInParts, routes
from services.alerts.adapters.oidc import Oidc, Provider
from services.alerts.adapters.passwords import ArgonPasswords
from services.alerts.adapters.performance_reading import PerformanceReadings
from services.alerts.adapters.presence_reading import PresenceReadings
from services.alerts.adapters.reading import Readings
from services.alerts.adapters.store import PostgresStore
from services.alerts.adapters.stream import Stream
from services.alerts.adapters.task_reading import TaskReadings
from services.alerts.adapters.visit_reading import VisitReadings
from services.alerts.adapters.watch_reading import WatchReadings
from services.alerts.handlers import Commands, Tasks, Watch
from services.alerts.handlers.accounts import Accounts
from services.alerts.handlers.administering import Administration
from services.alerts.handlers.receipts import Receipts
from services.alerts.handlers.situations import Situations
from services.alerts.metrics import Metrics
from shared.auth import Issuer, Verifier, generate_keys
from shared.clock import system_clock
from shared.events.alert import Alert
from shared.health import Health
from shared.http import application, serving
from shared.policy import Policy
from shared.revocation import Revocations
from shared.settings import HttpSettings
from tests.builders import POLRES, a_plan
from tests.contract.alert_rows import an_alert
from tests.fakes import FakePlanBook


@dataclass(slots=True)
class Board:
    """The served application and what is behind it."""

    url: str
    store: PostgresStore
    stream: Stream
    plans: FakePlanBook
    pages: Path
    issuer: Issuer
    admin: Administration
    revocations: Revocations
    to_issuer: httpx.AsyncClient
    """What the application asks the issuer with; closed by whoever serves it."""

    def token(
        self,
        role: str = "operator",
        unit: str = POLRES,
        name: str = "Ipda Siti",
        ttl: timedelta = timedelta(minutes=15),
    ) -> str:
        """A credential that is valid now."""
        return self.issuer.token(
            actor=f"u-{name}", name=name, role=role, unit=unit, now=datetime.now(UTC), ttl=ttl
        )

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        """An HTTP client, as the bearer of a token or as nobody."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=10)


@asynccontextmanager
async def a_board(
    engine: AsyncEngine, store: PostgresStore, folder: Path, provider: Provider | None = None
) -> AsyncIterator[Board]:
    """Serves on a free port; with a provider, people may sign in there too."""
    app, board = an_application(engine, store, folder, provider)
    async with board.to_issuer, serving(app, HttpSettings()) as board.url:
        yield board
        board.stream.close()


def an_application(
    engine: AsyncEngine,
    store: PostgresStore,
    folder: Path,
    provider: Provider | None = None,
    *,
    policy: Policy = POLICY,
) -> tuple[Litestar, Board]:
    """The whole HTTP face, served by nobody yet, and what is behind it."""
    files = generate_keys(folder)
    issuer, revocations = Issuer(files["alerts"]), Revocations()
    verifier = Verifier(files["keys"], revocations.revoked)
    registry = CollectorRegistry()
    plans = FakePlanBook(a_plan(), datetime.now(UTC))
    stream = Stream(system_clock, lambda: 0.0, revoked=revocations.revoked)
    stream.opened({0: 0})
    pages = folder / "dist"
    metrics = Metrics(registry)
    passwords = ArgonPasswords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    accounts = Accounts(
        store=store,
        passwords=passwords,
        issuer=issuer,
        revocations=revocations,
        clock=system_clock,
        metrics=metrics,
    )
    http = httpx.AsyncClient(timeout=5, trust_env=False)
    oidc = Oidc(provider, http) if provider is not None else None
    app = application(
        routes(
            readings=Readings(engine),
            visit_readings=VisitReadings(engine),
            coverages=CoverageReadings(engine),
            situations=Situations(store=store, plans=plans, clock=system_clock, metrics=metrics),
            commands=Commands(store=store, plans=plans, clock=system_clock, metrics=metrics),
            task_readings=TaskReadings(engine),
            tasks=Tasks(store=store, plans=plans, clock=system_clock, metrics=metrics),
            watch_readings=WatchReadings(engine),
            watch=Watch(store=store, plans=plans, clock=system_clock, metrics=metrics),
            performance_readings=PerformanceReadings(engine),
            presence_readings=PresenceReadings(engine),
            deliveries=DeliveryReadings(engine),
            receipts=Receipts(store=store, plans=plans, clock=system_clock, metrics=metrics),
            secrets={"GERBANG": "rahasia-gerbang"},
            stream=stream,
            plans=plans,
            verifier=verifier,
            sign_in=SignInParts(issuer, accounts, oidc),
            clock=system_clock,
            pages=pages,
            checkpoints=CheckpointFile(folder / "checkpoints.txt"),
            map_lines=None,
            map_tiles=None,
            records_url="http://arsip.test",
        ),
        title="Ronda alerts",
        version="test",
        verifier=verifier,
        clock=system_clock,
        health=Health(),
        registry=registry,
        policy=policy,
    )
    admin = Administration(store=store, passwords=passwords, clock=system_clock)
    return app, Board("", store, stream, plans, pages, issuer, admin, revocations, http)


async def keep(board: Board, *alerts: Alert) -> None:
    """Saves alerts."""
    async with board.store.transaction() as transaction:
        for alert in alerts:
            await transaction.save_alert(alert)


def a_body(**over: Any) -> dict[str, Any]:
    """The body of a command."""
    return {"version": an_alert().version, "key": "k"} | over


def is_problem(answer: httpx.Response, status: int) -> bool:
    """Whether an answer is problem+json that says something."""
    problem = answer.json()
    return (
        answer.status_code == problem["status"] == status
        and answer.headers["content-type"].startswith("application/problem+json")
        and len(problem["detail"]) > 8
    )
