"""The room's journal, its change of watch, reports by voice, and questions to crews."""

from collections.abc import Collection
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter
from msgspec import Struct
from msgspec.structs import replace

from services.alerts.adapters.checkpoint_file import CheckpointFile, Seal
from services.alerts.adapters.http.rights import Asked, principal_of
from services.alerts.adapters.reading import Readings
from services.alerts.adapters.watch_reading import WatchReadings
from services.alerts.domain.watch import must_read
from services.alerts.handlers.watch import (
    AcceptBody,
    HandoverBody,
    JournalBody,
    NudgeBody,
    VoiceReport,
    Watch,
    WithdrawBody,
)
from services.alerts.ports import Answer
from shared.clock import Clock
from shared.events.identity import UUID7_PATTERN
from shared.events.watch import Handover, JournalEntry
from shared.events.welfare import Nudge
from shared.problem import MEDIA_TYPE, Problem

JOURNAL_LOOK_BACK = timedelta(hours=24)

HandoverId = Annotated[str, PathParameter(pattern=UUID7_PATTERN)]
Since = Annotated[datetime | None, QueryParameter(name="since")]


class Journal(Struct, frozen=True, kw_only=True):
    """The newest first."""

    items: list[JournalEntry]


class WatchView(Struct, frozen=True, kw_only=True):
    """The handover that waits to be accepted, what must be opened before, and the last one; and the
    archive's newest checkpoint, for the new watch to keep."""

    pending: Handover | None
    must_read: list[str]
    last: Handover | None
    checkpoint: Seal


class Reported(Struct, frozen=True, kw_only=True):
    """The id of the event that the report became."""

    event: str


_ASKED = ResponseSpec(Problem, description="It has yet to answer", media_type=MEDIA_TYPE)
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
    readings: Readings,
    watches: WatchReadings,
    watch: Watch,
    checkpoints: CheckpointFile,
    clock: Clock,
) -> list[HTTPRouteHandler]:
    """`/v1/journal`, `/v1/handover…`, `/v1/reports`, `POST /v1/units/{crew}/nudge`."""

    @get("/v1/journal")
    async def journal(request: Asked, since: Since = None) -> Journal:
        unit = principal_of(request).unit
        return Journal(items=await watches.journal(unit, since or clock() - JOURNAL_LOOK_BACK))

    @post("/v1/journal", responses={HTTPStatus.CREATED: ResponseSpec(JournalEntry)})
    async def note(request: Asked, data: JSONBody[JournalBody]) -> Response[bytes]:
        return _response(await watch.note(data, principal_of(request)))

    @get("/v1/handover")
    async def handover(request: Asked) -> WatchView:
        viewer = principal_of(request)
        pending, last = await watches.pending(viewer.unit), await watches.last(viewer.unit)
        named = {*(pending.open if pending else ()), *(last.open if last else ())}
        hidden = await readings.hidden(viewer, named)
        return WatchView(
            pending=_without(pending, hidden),
            must_read=must_read(await readings.open_alerts(viewer)),
            last=_without(last, hidden),
            checkpoint=await checkpoints.newest(),
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

    @post(
        "/v1/handover/{handover_id:str}/withdraw",
        status_code=HTTPStatus.OK,
        responses={
            HTTPStatus.OK: ResponseSpec(Handover),
            HTTPStatus.FORBIDDEN: _REFUSED[HTTPStatus.FORBIDDEN],
            HTTPStatus.CONFLICT: _REFUSED[HTTPStatus.CONFLICT],
        },
    )
    async def withdraw(
        request: Asked, handover_id: HandoverId, data: JSONBody[WithdrawBody]
    ) -> Response[bytes]:
        return _response(await watch.withdraw(handover_id, data, principal_of(request)))

    @post("/v1/reports", responses={HTTPStatus.CREATED: ResponseSpec(Reported)})
    async def report(request: Asked, data: JSONBody[VoiceReport]) -> Response[bytes]:
        return _response(await watch.report(data, principal_of(request)))

    @post(
        "/v1/units/{crew:str}/nudge",
        responses={HTTPStatus.CREATED: ResponseSpec(Nudge), HTTPStatus.CONFLICT: _ASKED},
    )
    async def nudge(
        request: Asked, crew: FromPath[str], data: JSONBody[NudgeBody]
    ) -> Response[bytes]:
        return _response(await watch.nudge(crew, data, principal_of(request)))

    return [journal, note, handover, prepare, accept, withdraw, report, nudge]


def _without(handover: Handover | None, hidden: Collection[str]) -> Handover | None:
    """The handover as somebody may see it who may not know of some of its alerts."""
    if handover is None:
        return None
    return replace(
        handover,
        open=[each for each in handover.open if each not in hidden],
        read=[each for each in handover.read if each not in hidden],
    )


def _response(answer: Answer) -> Response[bytes]:
    media_type = MEDIA_TYPE if answer.status >= HTTPStatus.BAD_REQUEST else "application/json"
    return Response(answer.body, status_code=answer.status, media_type=media_type)
