"""Visits: the list, and what was made of what a day asks for."""

from datetime import date, datetime, time, timedelta
from typing import Annotated

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from msgspec import Struct

from services.alerts.adapters.coverage_reading import CoverageReadings
from services.alerts.adapters.http.paging import MOST, After, Limit, cursor_of, text_of
from services.alerts.adapters.http.rights import Asked, principal_of
from services.alerts.adapters.http.views import plan_of
from services.alerts.adapters.visit_reading import VisitReadings
from services.alerts.domain.coverage import Coverage, total
from services.alerts.domain.rounds import Hour
from services.alerts.ports import PlanBook
from shared.clock import Clock
from shared.events.alert import Visit

AROUND_NOW = timedelta(hours=24)
"""Visits that are due this long ago, or this far ahead, are shown unless others are asked for."""
HOURS_BACK, HOURS_AHEAD = 22, 2


class Visits(Struct, frozen=True, kw_only=True):
    """By due time; `next` asks for the page after this one, None where there is none."""

    items: list[Visit]
    next: str | None = None


class CoverageRow(Struct, frozen=True, kw_only=True):
    """A site's visits of the day, with their share; see `Coverage`."""

    visits: Coverage
    coverage: float | None


class CoverageView(Struct, frozen=True, kw_only=True):
    """The visits of a local day, of the asker's unit; `hours` are those around now, whatever day
    was asked for."""

    day: date
    total: CoverageRow
    sites: list[CoverageRow]
    hours: list[Hour] = []


AtSite = Annotated[str | None, QueryParameter(name="site", max_length=256)]
InDistrict = Annotated[str | None, QueryParameter(name="district", max_length=256)]
Since = Annotated[datetime | None, QueryParameter(name="since")]
Until = Annotated[datetime | None, QueryParameter(name="until")]
Day = Annotated[date | None, QueryParameter(name="date")]


def visit_routes(
    readings: VisitReadings, coverages: CoverageReadings, plans: PlanBook, clock: Clock
) -> list[HTTPRouteHandler]:
    """`/v1/visits` and `/v1/coverage`."""

    @get("/v1/visits")
    async def visits(
        request: Asked,
        *,
        site: AtSite = None,
        district: InDistrict = None,
        since: Since = None,
        until: Until = None,
        after: After = None,
        limit: Limit = MOST,
    ) -> Visits:
        now = clock()
        page = await readings.visits(
            principal_of(request).unit,
            since or now - AROUND_NOW,
            until or now + AROUND_NOW,
            sites=_named(plans, site, district),
            after=cursor_of(after),
            limit=limit,
        )
        return Visits(items=page.items, next=text_of(page.rest))

    @get("/v1/coverage")
    async def coverage(request: Asked, day: Day = None) -> CoverageView:
        unit, plan, now = principal_of(request).unit, plan_of(plans), clock()
        day = day or now.astimezone(plan.timezone).date()
        begins = datetime.combine(day, time(), plan.timezone)
        ends = datetime.combine(day + timedelta(days=1), time(), plan.timezone)
        rows = await coverages.coverage(unit, begins, ends, now)
        first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS_BACK)
        return CoverageView(
            day=day,
            total=_row(total(rows)),
            sites=[_row(row) for row in rows],
            hours=await coverages.hours(unit, first, HOURS_BACK + HOURS_AHEAD),
        )

    return [visits, coverage]


def _named(plans: PlanBook, site: str | None, district: str | None) -> list[str] | None:
    """The sites that are asked for; None for all."""
    if site is not None:
        return [site]
    if district is None:
        return None
    return [each.id for each in plan_of(plans).sites if each.district == district]


def _row(visits: Coverage) -> CoverageRow:
    return CoverageRow(visits=visits, coverage=visits.share)
