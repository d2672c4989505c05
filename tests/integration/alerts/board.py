"""The HTTP face on a real database, without Kafka and without the engine's loops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.http import routes
from services.alerts.adapters.reading import Readings
from services.alerts.adapters.store import PostgresStore
from services.alerts.adapters.stream import Stream
from services.alerts.handlers import Commands
from services.alerts.metrics import Metrics
from shared.auth import Issuer, Verifier, generate_keys
from shared.clock import system_clock
from shared.events.alert import Alert
from shared.health import Health
from shared.http import application, serving
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
async def a_board(engine: AsyncEngine, store: PostgresStore, folder: Path) -> AsyncIterator[Board]:
    """Serves on a free port."""
    files = generate_keys(folder)
    verifier = Verifier(files["keys"])
    registry = CollectorRegistry()
    plans = FakePlanBook(a_plan(), datetime.now(UTC))
    stream = Stream(system_clock, lambda: 0.0)
    stream.opened({0: 0})
    pages = folder / "dist"
    app = application(
        routes(
            readings=Readings(engine),
            commands=Commands(
                store=store, plans=plans, clock=system_clock, metrics=Metrics(registry)
            ),
            stream=stream,
            plans=plans,
            verifier=verifier,
            clock=system_clock,
            pages=pages,
        ),
        title="Ronda alerts",
        version="test",
        verifier=verifier,
        clock=system_clock,
        health=Health(),
        registry=registry,
    )
    async with serving(app, HttpSettings()) as url:
        yield Board(url, store, stream, plans, pages, Issuer(files["alerts"]))
        stream.close()


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
