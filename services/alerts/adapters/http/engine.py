"""What the engine knows ahead, and how the posko changes the situation."""

from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, QueryParameter
from msgspec import Struct

from services.alerts.adapters.http.alerts import AlertId
from services.alerts.adapters.http.rights import Asked, principal_of
from services.alerts.adapters.http.views import plan_of
from services.alerts.adapters.reading import Readings
from services.alerts.domain.backup import (
    LADDER,
    SPECIALS,
    Recommendation,
    Rung,
    asked_for,
    next_rung,
    recommended,
)
from services.alerts.domain.duty import busy_crews
from services.alerts.domain.restriction import sees
from services.alerts.handlers.situations import SituationAnswer, SituationBody, Situations
from services.alerts.ports import PlanBook
from shared.clock import Clock
from shared.plan.readiness import HOURS_AHEAD, Lack, readiness
from shared.problem import MEDIA_TYPE, Problem, ProblemError


class RungView(Struct, frozen=True, kw_only=True):
    """A rung of the backup ladder, or one of the specials."""

    code: str
    label: str
    label_en: str
    asked: bool


class Backup(Struct, frozen=True, kw_only=True):
    """Who may be sent, the best first, and whom one asks next; `next` None after the last rung."""

    items: list[Recommendation]
    ladder: list[RungView]
    specials: list[RungView]
    next: str | None


class Readiness(Struct, frozen=True, kw_only=True):
    """What is empty between two moments, grave lacks first."""

    starts: datetime
    ends: datetime
    items: list[Lack]


Hours = Annotated[float, QueryParameter(name="hours", gt=0, le=72)]


def engine_routes(
    readings: Readings,
    situations: Situations,
    plans: PlanBook,
    clock: Clock,
) -> list[HTTPRouteHandler]:
    """`/v1/alerts/{id}/recommendations`, `/v1/readiness`, `POST /v1/situation`."""

    @get("/v1/alerts/{alert_id:str}/recommendations")
    async def recommendations(request: Asked, alert_id: AlertId) -> Backup:
        principal = principal_of(request)
        alert = await readings.alert(principal, alert_id)
        if alert is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, f"there is no alert {alert_id}")
        # A crew of ours may be busy with a neighbour's alert; a neighbour's crew is asked for
        # through the unit above both.
        busy = busy_crews(await readings.everybodys(), partial(sees, principal))
        duties = [each for each in await readings.duties() if principal.covers(each.unit)]
        used, rung = asked_for(alert), next_rung(alert)
        return Backup(
            items=recommended(alert, duties, busy, clock()),
            ladder=[_rung(each, used) for each in LADDER],
            specials=[_rung(each, used) for each in SPECIALS],
            next=rung.code if rung else None,
        )

    @get("/v1/readiness")
    async def ready(request: Asked, hours: Hours = HOURS_AHEAD) -> Readiness:
        principal, now = principal_of(request), clock()
        crews = {duty.crew for duty in await readings.duties()}
        lacks = readiness(plan_of(plans), plans.situation, now, hours, on_duty=crews)
        return Readiness(
            starts=now,
            ends=now + timedelta(hours=hours),
            items=[lack for lack in lacks if principal.covers(lack.unit)],
        )

    @post(
        "/v1/situation",
        status_code=HTTPStatus.OK,
        responses={
            HTTPStatus.OK: ResponseSpec(SituationAnswer, description="What was changed"),
            HTTPStatus.UNPROCESSABLE_ENTITY: ResponseSpec(
                Problem, description="It does not fit the plan", media_type=MEDIA_TYPE
            ),
        },
    )
    async def change_situation(request: Asked, data: JSONBody[SituationBody]) -> Response[bytes]:
        answer = await situations.change(data, principal_of(request))
        media_type = MEDIA_TYPE if answer.status >= HTTPStatus.BAD_REQUEST else "application/json"
        return Response(answer.body, status_code=answer.status, media_type=media_type)

    return [recommendations, ready, change_situation]


def _rung(rung: Rung, used: frozenset[str]) -> RungView:
    return RungView(
        code=rung.code, label=rung.label, label_en=rung.label_en, asked=rung.code in used
    )
