"""The fake's route for what is to be checked: pages as the service cuts them."""

from typing import TYPE_CHECKING

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from msgspec.structs import replace

from services.alerts.adapters.http.presence import PresenceView

if TYPE_CHECKING:
    from tests.browser.fake_alerts import FakeAlerts

PAGE = 3


def presence_routes(fake: "FakeAlerts") -> list[HTTPRouteHandler]:
    """`GET /v1/presence`; `next` is the number of doubts that were shown."""

    @get("/v1/presence")
    async def presence(
        site: FromQuery[str | None] = None,
        after: FromQuery[str | None] = None,
        limit: FromQuery[int] = PAGE,
    ) -> PresenceView:
        doubts = [each for each in fake.presence.doubts if site in (None, each.site)]
        begin = int(after or 0)
        end = begin + limit
        gaps = fake.presence.gaps if site is None and after is None else []
        more = str(end) if end < len(doubts) else None
        return replace(fake.presence, doubts=doubts[begin:end], gaps=gaps, next=more)

    return [presence]
