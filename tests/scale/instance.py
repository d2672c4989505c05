"""One instance of the alerts engine without Kafka: `python -m tests.scale.instance URL [SLEEP_S]`.

It ticks until its standard input ends, so it never outlives whoever started it. It never sleeps for
longer than the service does, or than `SLEEP_S`.
"""

import asyncio
import logging
import sys
from datetime import timedelta

from prometheus_client import CollectorRegistry

from services.alerts.adapters import ticker as ticker_module
from services.alerts.adapters.bell import Bell
from services.alerts.adapters.loop import Loop
from services.alerts.adapters.store import PostgresStore
from services.alerts.adapters.ticker import Ticker
from services.alerts.handlers import Clockwork
from services.alerts.metrics import Metrics
from shared import database
from shared.clock import system_clock
from shared.health import Progress
from tests.builders import a_plan
from tests.fakes import FakePlanBook
from tests.waiting import eventually


async def ticking(url: str, sleep: timedelta | None) -> None:
    """Ticks as the service does."""
    if sleep is not None:
        ticker_module.LONGEST_SLEEP = ticker_module.SHORTEST_SLEEP = sleep
    engine = database.engine(url, pool_size=4, application="ronda-alerts")
    bell = Bell()
    store = PostgresStore(engine, published=Bell(), scheduled=bell, paged=Bell())
    plans = FakePlanBook(a_plan(), system_clock() - timedelta(days=1))
    clockwork = Clockwork(
        store=store,
        plans=plans,
        clock=system_clock,
        metrics=Metrics(CollectorRegistry()),
    )
    ticker = Ticker(clockwork.on_tick, store.next_due, system_clock, bell)
    progress = Progress(system_clock)
    loop = Loop("ticker", ticker.tick, bell=bell, progress=progress)
    async with loop.running():
        await eventually(lambda: progress.ready().ok)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
    await engine.dispose()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    wanted = [timedelta(seconds=float(argument)) for argument in sys.argv[2:]]
    asyncio.run(ticking(sys.argv[1], wanted[0] if wanted else None))
