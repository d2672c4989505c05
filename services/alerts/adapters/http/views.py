"""What the board shows around the alerts: sites and units."""

from collections import defaultdict
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from http import HTTPStatus

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct

from services.alerts.adapters.http.rights import Asked, principal_of
from services.alerts.adapters.reading import Readings
from services.alerts.adapters.task_reading import TaskReadings
from services.alerts.adapters.visit_reading import VisitReadings
from services.alerts.domain.duty import busy_crews
from services.alerts.domain.restriction import sees
from services.alerts.domain.rounds import Rounds
from services.alerts.domain.site_risk import BANDS, Risk, flags, site_risk
from services.alerts.domain.site_status import Standing, Status, standing
from services.alerts.ports import Duty, PlanBook
from shared.auth import Principal
from shared.clock import Clock
from shared.events.alert import Alert
from shared.events.task import Task
from shared.events.welfare import Nudge
from shared.plan.model import Plan, Site
from shared.problem import ProblemError

_encode = msgspec.json.Encoder().encode


class Position(Struct, frozen=True, kw_only=True):
    """WGS84 degrees, and when the device was there."""

    lat: float
    lon: float
    at: datetime


class Crew(Struct, frozen=True, kw_only=True):
    """A crew on duty; `busy_with` is the alert it was sent to, `nudge` what it was asked last while
    on this duty."""

    crew: str
    unit: str
    on_duty_since: datetime
    members: list[str]
    position: Position | None
    busy_with: str | None
    nudge: Nudge | None = None


class Crews(Struct, frozen=True, kw_only=True):
    items: list[Crew]


class SiteView(Struct, frozen=True, kw_only=True):
    """A site and how it stands; `since` is None where it was never heard of."""

    id: str
    name: str
    type: str
    risk_class: str
    unit: str
    lat: float
    lon: float
    district: str | None
    status: Status
    since: datetime | None
    risk: Risk
    flags: list[str]
    """What is open there that a person should look at: `visit_missed`, `silent`, `vulnerability`,
    `task_overdue`."""
    visits: Rounds | None = None


class Sites(Struct, frozen=True, kw_only=True):
    items: list[SiteView]


def view_routes(
    readings: Readings,
    task_readings: TaskReadings,
    visit_readings: VisitReadings,
    plans: PlanBook,
    clock: Clock,
) -> list[HTTPRouteHandler]:
    """`/v1/units` and `/v1/sites`."""

    @get("/v1/units")
    async def units(request: Asked) -> Crews:
        principal = principal_of(request)
        # A crew of ours may be busy with a neighbour's alert.
        busy = busy_crews(await readings.everybodys(), partial(sees, principal))
        duties = [each for each in await readings.duties() if principal.covers(each.unit)]
        nudges = {each.crew: each for each in await readings.nudges()}
        return Crews(items=[_crew(each, busy, nudges.get(each.crew)) for each in duties])

    @get(
        "/v1/sites",
        responses={
            HTTPStatus.OK: ResponseSpec(Sites, description="The sites", generate_examples=False)
        },
    )
    async def sites(request: Asked) -> Response[bytes]:
        """The sites of the viewer's units. `ETag` and `If-None-Match` spare what it has already."""
        return unless_known(request, _encode(await sites_of(principal_of(request))))

    async def sites_of(principal: Principal) -> Sites:
        plan, now = plan_of(plans), clock()
        signs, bands = await readings.signs(), await readings.bands()
        at_site: dict[str | None, list[Alert]] = defaultdict(list)
        for alert in await readings.open_alerts(principal):
            if alert.purpose == plan.operation.purpose:
                at_site[alert.site].append(alert)
        tasks: dict[str | None, list[Task]] = defaultdict(list)
        for task in await task_readings.tasks(principal.unit, only_open=True):
            tasks[task.site].append(task)
        ours = [site for site in plan.sites if principal.covers(site.unit)]
        rounds = await visit_readings.rounds([site.id for site in ours], now)
        phase, stage = phase_now(plans, plan, now), plans.situation.logistics_stage
        items = []
        for site in ours:
            silent = timedelta(seconds=plan.unknown_for_s(site))
            stands = standing(signs.get(site.id), at_site[site.id], silent, now)
            alerts, open_tasks = at_site[site.id], tasks[site.id]
            before = bands.get(site.id, BANDS[0])
            risk = site_risk(
                site, plan, alerts, open_tasks, phase=phase, stage=stage, before=before
            )
            items.append(_site(site, stands, risk, rounds[site.id]))
        return Sites(items=items)

    return [units, sites]


def unless_known(request: Asked, body: bytes) -> Response[bytes]:
    """JSON, or 304 where the asker has these very bytes. Nothing of it is to stay on a disk: the
    page keeps the last answer in its memory."""
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    # A proxy that compresses makes `W/"…"` of it.
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    return Response(body, media_type="application/json", headers={"ETag": tag})


def plan_of(plans: PlanBook) -> Plan:
    """The plan in force; raises a problem 503 while there is none."""
    if plans.plan is None:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "no operation plan is published yet; `ronda plan apply` does it",
            headers={"Retry-After": "5"},
        )
    return plans.plan


def phase_now(plans: PlanBook, plan: Plan, now: datetime) -> str | None:
    """The code of the phase: what the posko has set, else what the calendar says."""
    calendar = plan.phase_at(now)
    return plans.situation.phase or (calendar.code if calendar else None)


def _site(site: Site, stands: Standing, risk: Risk, visits: Rounds) -> SiteView:
    return SiteView(
        id=site.id,
        name=site.name,
        type=site.type,
        risk_class=site.risk_class,
        unit=site.unit,
        lat=site.lat,
        lon=site.lon,
        district=site.district,
        status=stands.status,
        since=stands.since,
        risk=risk,
        flags=flags(risk),
        visits=visits,
    )


def _crew(duty: Duty, busy: dict[str, str], nudge: Nudge | None) -> Crew:
    position = None
    if duty.lat is not None and duty.lon is not None and duty.position_at is not None:
        position = Position(lat=duty.lat, lon=duty.lon, at=duty.position_at)
    return Crew(
        crew=duty.crew,
        unit=duty.unit,
        on_duty_since=duty.since,
        members=list(duty.members),
        position=position,
        busy_with=busy.get(duty.crew),
        nudge=nudge if nudge is not None and nudge.asked_at >= duty.since else None,
    )
