"""Many alerts at once, and what became of them, read back from the outbox."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.store import PostgresStore
from services.alerts.adapters.tables import alert as table
from services.alerts.adapters.tables import outbox
from shared.events.alert import Alert
from shared.events.identity import derived_id
from tests.builders import an_alert

ROUND = 500


@dataclass(frozen=True, slots=True)
class Told:
    """An event of an alert as it stands in the outbox, and when its row was written there."""

    alert: Alert
    type: str
    time: datetime
    actor: str | None
    written_at: datetime


class _Event(msgspec.Struct):
    type: str
    time: datetime
    data: Alert
    actor: str | None = None


_decoder = msgspec.json.Decoder(_Event)


def waiting_alerts(
    count: int, first_due: datetime, every: timedelta, after: int = 0
) -> list[Alert]:
    """Alerts of *rendah* that nobody was told of yet: each is due once, then not for a while."""
    template = an_alert(category="other", now=first_due - timedelta(minutes=15))
    return [
        replace(
            template,
            id=derived_id(first_due, "waiting", str(number)),
            number=number + 1,
            parts=[replace(template.parts[0], event=derived_id(first_due, "of", str(number)))],
            next_due_at=first_due + (number - after) * every,
        )
        for number in range(after, after + count)
    ]


async def keep(store: PostgresStore, alerts: Sequence[Alert]) -> None:
    """Saves them."""
    for start in range(0, len(alerts), ROUND):
        async with store.transaction() as transaction:
            for alert in alerts[start : start + ROUND]:
                await transaction.save_alert(alert)


async def undecided(engine: AsyncEngine) -> int:
    """How many are still at their first version."""
    async with engine.connect() as connection:
        statement = select(func.count()).select_from(table).where(table.c.version == 1)
        return int((await connection.execute(statement)).scalar_one())


async def told(engine: AsyncEngine) -> list[Told]:
    """Everything that was told, in the order in which it was written."""
    async with engine.connect() as connection:
        rows = (await connection.execute(select(outbox).order_by(outbox.c.id))).all()
    events = [(_decoder.decode(row.value), row.at) for row in rows]
    return [Told(each.data, each.type, each.time, each.actor, at) for each, at in events]


@asynccontextmanager
async def instances(url: str, count: int, *arguments: str) -> AsyncIterator[None]:
    """So many processes of the engine, each of them ticking."""
    command = [sys.executable, "-m", "tests.scale.instance", url, *arguments]
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        for _ in range(count)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            async with asyncio.timeout(60):
                assert await process.stdout.readline() == b"ready\n"
        yield
    finally:
        for process in processes:
            await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(15):
            await process.communicate(b"")
    except TimeoutError:
        if process.returncode is None:
            process.kill()
        await process.wait()
