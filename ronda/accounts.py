"""Operators' accounts from the command line: straight in the database of alerts, whose running
replicas tell everybody what was revoked."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ronda.tables import answering
from services.alerts.adapters.bell import Bell
from services.alerts.adapters.passwords import ArgonPasswords
from services.alerts.adapters.store import PostgresStore
from services.alerts.handlers.administering import Administration
from shared import database
from shared.clock import system_clock

FIRST_LOGIN = "posko"


@dataclass(frozen=True, slots=True)
class FirstAccount:
    """What whoever started a stack of their own signs in with; the password is kept nowhere."""

    login: str
    password: str


async def first_account(database_url: str, unit: str) -> FirstAccount | None:
    """A commander of the whole operation, where there is no account yet; None where there is."""
    password = secrets.token_urlsafe(12)
    async with administration(database_url) as admin:
        if await admin.all():
            return None
        await admin.add(FIRST_LOGIN, name="Posko", role="commander", unit=unit, password=password)
    return FirstAccount(FIRST_LOGIN, password)


@asynccontextmanager
async def administration(database_url: str) -> AsyncIterator[Administration]:
    """What `ronda user` does. Raises `UnreachableError` where the database is away or empty."""
    engine = database.engine(database_url, pool_size=1, application="ronda-user")
    store = PostgresStore(engine, published=Bell(), scheduled=Bell(), paged=Bell())
    try:
        async with answering(database_url):
            yield Administration(store=store, passwords=ArgonPasswords(), clock=system_clock)
    finally:
        await engine.dispose()
