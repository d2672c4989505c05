"""`GET /v1/performance`: how the alarms themselves do."""

import asyncio
from datetime import timedelta
from typing import Annotated, Literal

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from services.alerts.adapters.http.rights import Asked, principal_of
from services.alerts.adapters.performance_reading import PerformanceReadings
from services.alerts.adapters.watch_reading import WatchReadings
from services.alerts.domain.performance import STANDING, Performance, performance
from shared.clock import Clock

WINDOWS = {"shift": timedelta(hours=8), "24h": timedelta(hours=24), "30d": timedelta(days=30)}

Window = Annotated[Literal["shift", "24h", "30d"], QueryParameter(name="window")]
Operators = Annotated[int, QueryParameter(name="operators", ge=1, le=50)]


def performance_routes(
    readings: PerformanceReadings, watches: WatchReadings, clock: Clock
) -> list[HTTPRouteHandler]:
    """`/v1/performance`."""

    @get("/v1/performance")
    async def figures(
        request: Asked, window: Window = "shift", operators: Operators = 1
    ) -> Performance:
        until = clock()
        since = until - WINDOWS[window]
        viewer = principal_of(request)
        told = await readings.told(viewer, since, until)
        standing = await readings.standing(viewer, until - STANDING)
        journal = await watches.journal(viewer.unit, since)
        return await asyncio.to_thread(
            performance,
            told,
            since,
            until,
            operators=operators,
            journal=journal,
            standing=standing,
        )

    return [figures]
