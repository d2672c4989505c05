"""The archive's HTTP face."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, get
from litestar.datastructures import ResponseHeader
from litestar.params import FromQuery, PathParameter, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from services.archive.adapters.answers import EventPage, page_of, place_of
from services.archive.domain.search import Search, Status
from services.archive.handlers import Looking, ReasonNeeded
from services.archive.ports import Page, Unavailable
from shared.auth import Principal
from shared.events.identity import UUID7_PATTERN
from shared.http import allow
from shared.problem import ProblemError

ROLES = ("auditor", "operator", "supervisor", "commander", "admin")
RETRY_AFTER_S = 2
NO_STORE = [ResponseHeader(name="Cache-Control", value="no-store")]

_Request = Request[Principal, Any, Any]
_Id = Annotated[str, PathParameter(pattern=UUID7_PATTERN, max_length=36)]
_OptionalId = Annotated[str | None, QueryParameter(pattern=UUID7_PATTERN, max_length=36)]
# PostgreSQL takes no NUL, not even to compare with.
_PLAIN = r"^[^\x00]+$"
_Text = Annotated[str | None, QueryParameter(pattern=_PLAIN, max_length=256)]
_Type = Annotated[
    str | None,
    QueryParameter(
        pattern=_PLAIN, max_length=256, description="Exact, or a prefix ending with a dot"
    ),
]
_Unit = Annotated[
    str | None,
    QueryParameter(pattern=_PLAIN, max_length=256, description="This unit and everything below it"),
]
_From = Annotated[
    datetime | None, QueryParameter(name="from", description="Appended at or after; with an offset")
]
_To = Annotated[
    datetime | None, QueryParameter(name="to", description="Appended before; with an offset")
]
_Reason = Annotated[
    str | None,
    QueryParameter(
        min_length=10,
        max_length=500,
        description="Why; needed with actor, device and types of positions or shifts. The look is "
        "recorded before the answer. Without it positions are left out, unless one id is asked for",
    ),
]
_Cursor = Annotated[
    str | None, QueryParameter(max_length=200, description="`next` of the page before")
]
_Limit = Annotated[int, QueryParameter(ge=1, le=1000)]


class Count(Struct, frozen=True):
    """Counts of one topic's records; `records` is the sum of the others."""

    records: int
    events: int
    duplicates: int
    conflicts: int
    aside: int
    undecodable: int


class Stats(Struct, frozen=True):
    """What is archived, by topic."""

    topics: dict[str, Count]


def routes(looking: Looking) -> list[ControllerRouterHandler]:
    """The archive's operations."""

    async def answer(request: _Request, search: Search, reason: str | None) -> Page:
        given = {**request.query_params, **request.path_params}
        asked = {name: str(value) for name, value in given.items() if name != "reason"}
        try:
            return await looking.page(request.user, search, reason=reason, asked=asked)
        except ReasonNeeded as error:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
        except Unavailable as error:
            raise _unavailable(error) from error

    @get("/v1/events", guards=[allow(*ROLES)], response_headers=NO_STORE, summary="Events")
    async def events(
        request: _Request,
        *,
        type: _Type = None,
        site: _Text = None,
        unit: _Unit = None,
        alert: _OptionalId = None,
        device: _Text = None,
        actor: _Text = None,
        id: _OptionalId = None,
        since: _From = None,
        until: _To = None,
        status: FromQuery[Status | None] = None,
        reason: _Reason = None,
        cursor: _Cursor = None,
        limit: _Limit = 100,
    ) -> EventPage:
        """What was archived, oldest first. The last page has no `next`."""
        search = Search(
            type=type,
            site=site,
            unit=unit,
            alert=alert,
            device=device,
            actor=actor,
            id=id,
            since=_aware(since, "from"),
            until=_aware(until, "to"),
            status=status,
            after=place_of(cursor),
            limit=limit,
        )
        return page_of(await answer(request, search, reason))

    @get(
        "/v1/events/{event_id:str}",
        guards=[allow(*ROLES)],
        response_headers=NO_STORE,
        summary="All records of one event",
    )
    async def event(request: _Request, event_id: _Id, reason: _Reason = None) -> EventPage:
        """The event as it was received, with every repeat and every conflicting record."""
        page = await answer(request, Search(id=event_id, limit=1000), reason)
        if not page.found:
            raise ProblemError(
                HTTPStatus.NOT_FOUND, f"no record of event {event_id} that you may see"
            )
        return page_of(page)

    @get("/v1/stats", guards=[allow(*ROLES)], response_headers=NO_STORE, summary="Counts")
    async def stats() -> Stats:
        """How much is archived, by topic and by what it is."""
        try:
            totals = await looking.totals()
        except Unavailable as error:
            raise _unavailable(error) from error
        return Stats({name: Count(*counts) for name, counts in totals.items()})

    return [events, event, stats]


def _aware(moment: datetime | None, name: str) -> datetime | None:
    if moment is not None and moment.tzinfo is None:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST,
            f"{name} needs an offset, 2026-11-23T08:00:00+07:00 for instance",
        )
    return moment


def _unavailable(error: Unavailable) -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers={"Retry-After": str(RETRY_AFTER_S)}
    )
