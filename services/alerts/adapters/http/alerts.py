"""Alerts: lists, one of them, and the commands."""

from http import HTTPStatus
from typing import Annotated, Literal

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter
from msgspec import Struct

from services.alerts.adapters.http.paging import MOST, After, Limit, cursor_of, text_of
from services.alerts.adapters.http.rights import Asked, principal_of
from services.alerts.adapters.reading import Readings
from services.alerts.handlers import VERBS, CommandBody, Commands
from shared.events.alert import Alert
from shared.events.identity import UUID7_PATTERN
from shared.problem import MEDIA_TYPE, Problem, ProblemError

AlertId = Annotated[str, PathParameter(pattern=UUID7_PATTERN)]


class AlertList(Struct, frozen=True, kw_only=True):
    """The newest first; `next` asks for the page after this one, None where there is none."""

    items: list[Alert]
    next: str | None = None


class AwaitingSecond(Struct, frozen=True, kw_only=True):
    """The first of two persons has proposed to close."""

    status: Literal["awaiting_second"]
    alert: Alert


# `state` is a name that Litestar keeps for itself.
Wanted = Annotated[Literal["open", "all"], QueryParameter(name="state")]


def alert_routes(readings: Readings, commands: Commands) -> list[HTTPRouteHandler]:
    """`/v1/alerts…`."""

    @get("/v1/alerts")
    async def alerts(
        request: Asked, wanted: Wanted = "open", after: After = None, limit: Limit = MOST
    ) -> AlertList:
        page = await readings.alerts(
            principal_of(request),
            only_open=wanted == "open",
            after=cursor_of(after),
            limit=limit,
        )
        return AlertList(items=page.items, next=text_of(page.rest))

    @get("/v1/alerts/{alert_id:str}")
    async def one_alert(request: Asked, alert_id: AlertId) -> Alert:
        alert = await readings.alert(principal_of(request), alert_id)
        # Another unit's alert looks like none: even that it exists is not for everybody.
        if alert is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, f"there is no alert {alert_id}")
        return alert

    @post(
        "/v1/alerts/{alert_id:str}/{verb:str}",
        status_code=HTTPStatus.OK,
        description=f"`verb` is one of {', '.join(VERBS)}.",
        responses={
            HTTPStatus.OK: ResponseSpec(Alert, description="The alert as it is now"),
            HTTPStatus.ACCEPTED: ResponseSpec(AwaitingSecond, description="A second must agree"),
            HTTPStatus.CONFLICT: ResponseSpec(
                Problem, description="Somebody was first; `extra` names who", media_type=MEDIA_TYPE
            ),
            HTTPStatus.UNPROCESSABLE_ENTITY: ResponseSpec(
                Problem, description="Not in this state", media_type=MEDIA_TYPE
            ),
        },
    )
    async def command(
        request: Asked, alert_id: AlertId, verb: FromPath[str], data: JSONBody[CommandBody]
    ) -> Response[bytes]:
        known = next((each for each in VERBS if each == verb), None)
        if known is None:
            raise ProblemError(
                HTTPStatus.NOT_FOUND, f"no command {verb!r}; the commands are {', '.join(VERBS)}"
            )
        answer = await commands.run(known, alert_id, data, principal_of(request))
        media_type = MEDIA_TYPE if answer.status >= HTTPStatus.BAD_REQUEST else "application/json"
        return Response(answer.body, status_code=answer.status, media_type=media_type)

    return [alerts, one_alert, command]
