"""What the service counts of the fake's visits: each site's rounds, the day by site, the hours."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec.structs import replace

from services.alerts.adapters.http.visits import HOURS_AHEAD, HOURS_BACK, CoverageRow
from services.alerts.domain.coverage import Coverage
from services.alerts.domain.rounds import Hour, Rounds
from shared.events.alert import Visit
from shared.problem import MEDIA_TYPE

if TYPE_CHECKING:
    from tests.browser.fake_alerts import FakeAlerts

HOUR = timedelta(hours=1)
MADE = {"done", "recovered"}


def coverage_routes(fake: "FakeAlerts") -> list[HTTPRouteHandler]:
    """`GET /v1/coverage`; 503 while the fake has no totals."""

    @get("/v1/coverage")
    async def coverage() -> Any:
        if fake.room.coverage is None:
            body = {"status": 503, "title": "No", "detail": "not now"}
            return Response(body, status_code=503, media_type=MEDIA_TYPE)
        visits, now = fake.visits.values(), fake.now()
        return replace(fake.room.coverage, sites=by_site(visits), hours=hours_of(visits, now))

    return [coverage]


def rounds_of(site: str, visits: Collection[Visit], now: datetime) -> Rounds:
    """How a site stands with its visits."""
    here = sorted((each for each in visits if each.site == site), key=lambda each: each.due_at)
    ahead = [each for each in here if each.state == "due" and each.due_at > now]
    owed = [each.due_at for each in here if each.state == "at_risk"]
    missed = [each.due_at for each in here if each.state == "missed"]
    return Rounds(
        last_at=max((each.visited_at for each in here if each.visited_at), default=None),
        next_opens_at=ahead[0].opens_at if ahead else None,
        next_due_at=ahead[0].due_at if ahead else None,
        owed_at=max(owed, default=None),
        missed=len(missed),
        missed_at=max(missed, default=None),
    )


def with_rounds(sites: list[dict[str, Any]], fake_visits: Collection[Visit], now: datetime) -> Any:
    """Sites as the service lists them."""
    visited = {visit.site for visit in fake_visits}
    none = msgspec.to_builtins(Rounds())
    return [
        site
        | {
            "visits": msgspec.to_builtins(rounds_of(site["id"], fake_visits, now))
            if site["id"] in visited
            else none
        }
        for site in sites
    ]


def by_site(visits: Collection[Visit]) -> list[CoverageRow]:
    """The visits of the day in numbers, by site."""
    sites = sorted({visit.site for visit in visits})
    counts = [_counts([each for each in visits if each.site == site], site) for site in sites]
    return [CoverageRow(visits=each, coverage=each.share) for each in counts]


def hours_of(visits: Collection[Visit], now: datetime) -> list[Hour]:
    """Visits by the hour in which they are due."""
    first = now.replace(minute=0, second=0, microsecond=0) - HOURS_BACK * HOUR
    hours = []
    for number in range(HOURS_BACK + HOURS_AHEAD):
        at = first + number * HOUR
        states = [each.state for each in visits if at <= each.due_at < at + HOUR]
        made = sum(state in MADE for state in states)
        missed = states.count("missed")
        hours.append(Hour(at=at, made=made, missed=missed, ahead=len(states) - made - missed))
    return hours


def _counts(visits: Collection[Visit], site: str) -> Coverage:
    states = [visit.state for visit in visits]
    done, late, missed = (states.count(each) for each in ("done", "recovered", "missed"))
    return Coverage(
        site=site,
        planned=len(states),
        required=done + late + missed + states.count("at_risk"),
        done=done,
        late=late,
        missed=missed,
        at_risk=states.count("at_risk"),
        short=0,
        open=states.count("due"),
    )
