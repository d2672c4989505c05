"""What a supervisor should look at again: doubtful presences, and phones with missing events."""

from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from msgspec import Struct

from services.alerts.adapters.http.paging import After, Limit, cursor_of, text_of
from services.alerts.adapters.http.rights import Asked, principal_of
from services.alerts.adapters.presence_reading import PresenceReadings
from services.alerts.domain.doubt import Doubt
from shared.events.presence import SeqRange, SequenceGap

PAGE = 200

AtSite = Annotated[str | None, QueryParameter(name="site", max_length=256)]


class Gap(Struct, frozen=True, kw_only=True):
    """Events of one phone that have not come, as far as its numbers tell; `ranges` shows the first
    of them. They may come yet: a phone without network keeps what it has."""

    device: str
    unit: str
    missing: int
    ranges: list[SeqRange]
    since: datetime
    updated_at: datetime


class PresenceView(Struct, frozen=True, kw_only=True):
    """Doubts, the newest first; `next` asks for older ones. Of a site's no gaps are shown: a phone
    belongs to none. No person is named here."""

    doubts: list[Doubt]
    gaps: list[Gap]
    next: str | None


def presence_routes(readings: PresenceReadings) -> list[HTTPRouteHandler]:
    """`GET /v1/presence`."""

    @get("/v1/presence")
    async def presence(
        request: Asked, site: AtSite = None, after: After = None, limit: Limit = PAGE
    ) -> PresenceView:
        unit, cursor = principal_of(request).unit, cursor_of(after)
        page = await readings.doubts(unit, site=site, after=cursor, limit=limit)
        wants_gaps = site is None and cursor is None
        gaps = await readings.gaps(unit) if wants_gaps else []
        return PresenceView(
            doubts=page.items, gaps=[_gap(each) for each in gaps], next=text_of(page.rest)
        )

    return [presence]


def _gap(gap: SequenceGap) -> Gap:
    return Gap(
        device=gap.device,
        unit=gap.unit,
        missing=gap.missing,
        ranges=gap.ranges,
        since=gap.since,
        updated_at=gap.updated_at,
    )
