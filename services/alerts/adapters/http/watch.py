"""The room's journal, its change of watch, and reports by voice."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Struct

from services.alerts.adapters.http.rights import Asked, principal_of
from services.alerts.adapters.reading import Readings
from services.alerts.adapters.watch_reading import WatchReadings
from services.alerts.domain.watch import must_read
from services.alerts.handlers.watch import (
    AcceptBody,
    HandoverBody,
    JournalBody,
    VoiceReport,
    Watch,
)
from services.alerts.ports import Answer
from shared.clock import Clock
from shared.events.identity import UUID7_PATTERN
from shared.events.watch import Handover, JournalEntry
from shared.problem import MEDIA_TYPE, Problem

JOURNAL_LOOK_BACK = timedelta(hours=24)

HandoverId = Annotated[str, PathParameter(pattern=UUID7_PATTERN)]
Since = Annotated[datetime | None, QueryParameter(name="since")]


class Journal(Struct, frozen=True, kw_only=True):
    """The newest first."""

    items: list[JournalEntry]


class WatchView(Struct, frozen=True, kw_only=True):
    """The handover that waits to be accepted, what must be opened before, and the last one."""

    pending: Handover | None
    must_read: list[str]
    last: Handover | None


class Reported(Struct, frozen=True, kw_only=True):
    """The id of the event that the report became."""

    event: str


_REFUSED: dict[int, ResponseSpec] = {
    HTTPStatus.FORBIDDEN: ResponseSpec(
        Problem, description="It takes another person", media_type=MEDIA_TYPE
    ),
    HTTPStatus.CONFLICT: ResponseSpec(
        Problem, description="Somebody was first; `extra` names who", media_type=MEDIA_TYPE
    ),
    HTTPStatus.UNPROCESSABLE_ENTITY: ResponseSpec(
        Problem, description="A grave alert was not opened", media_type=MEDIA_TYPE
    ),
}


def watch_routes(
    readings: Readings, watches: WatchReadings, watch: Watch, clock: Clock
) -> list[HTTPRouteHandler]:
    """`/v1/journal`, `/v1/handover…`, `/v1/reports`."""

    @get("/v1/journal")
    async def journal(request: Asked, since: Since = None) -> Journal:
        unit = principal_of(request).unit
        return Journal(items=await watches.journal(unit, since or clock() - JOURNAL_LOOK_BACK))

    @post("/v1/journal", responses={HTTPStatus.CREATED: ResponseSpec(JournalEntry)})
    async def note(request: Asked, data: JSONBody[JournalBody]) -> Response[bytes]:
        return _response(await watch.note(data, principal_of(request)))

    @get("/v1/handover")
    async def handover(request: Asked) -> WatchView:
        unit = principal_of(request).unit
        return WatchView(
            pending=await watches.pending(unit),
            must_read=must_read(await readings.alerts(unit, only_open=True)),
            last=await watches.last(unit),
        )

    @post("/v1/handover", responses={HTTPStatus.CREATED: ResponseSpec(Handover)})
    async def prepare(request: Asked, data: JSONBody[HandoverBody]) -> Response[bytes]:
        return _response(await watch.prepare(data, principal_of(request)))

    @post(
        "/v1/handover/{handover_id:str}/accept",
        status_code=HTTPStatus.OK,
        responses={HTTPStatus.OK: ResponseSpec(Handover), **_REFUSED},
    )
    async def accept(
        request: Asked, handover_id: HandoverId, data: JSONBody[AcceptBody]
    ) -> Response[bytes]:
        return _response(await watch.accept(handover_id, data, principal_of(request)))

    @post("/v1/reports", responses={HTTPStatus.CREATED: ResponseSpec(Reported)})
    async def report(request: Asked, data: JSONBody[VoiceReport]) -> Response[bytes]:
        return _response(await watch.report(data, principal_of(request)))

    return [journal, note, handover, prepare, accept, report]


def _response(answer: Answer) -> Response[bytes]:
    media_type = MEDIA_TYPE if answer.status >= HTTPStatus.BAD_REQUEST else "application/json"
    return Response(answer.body, status_code=answer.status, media_type=media_type)
