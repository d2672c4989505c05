"""What the board shows around the alerts: sites, units, visits, the situation."""

from collections import defaultdict
from datetime import datetime, timedelta
from http import HTTPStatus

from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from services.alerts.adapters.http.rights import Asked, principal_of
from services.alerts.adapters.reading import Readings
from services.alerts.domain.duty import busy_crews
from services.alerts.domain.site_status import Status, standing
from services.alerts.ports import Duty, PlanBook
from shared.auth import Principal
from shared.clock import Clock
from shared.events.alert import Alert, Visit
from shared.events.situation import SituationChange
from shared.plan.model import Plan
from shared.problem import ProblemError

AROUND_NOW = timedelta(hours=24)
"""Visits that are due this long ago, or this far ahead, are shown."""


class Position(Struct, frozen=True, kw_only=True):
    """WGS84 degrees, and when the device was there."""

    lat: float
    lon: float
    at: datetime


class Crew(Struct, frozen=True, kw_only=True):
    """A crew on duty; `busy_with` is the alert it was sent to."""

    crew: str
    unit: str
    on_duty_since: datetime
    members: list[str]
    position: Position | None
    busy_with: str | None


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


class Sites(Struct, frozen=True, kw_only=True):
    items: list[SiteView]


class Visits(Struct, frozen=True, kw_only=True):
    items: list[Visit]


class CategoryLabel(Struct, frozen=True, kw_only=True):
    id: str
    label: str
    label_en: str
    family: str


class OverrideView(Struct, frozen=True, kw_only=True):
    """What the posko has changed of the plan's defaults: since when, by whom, why, until when."""

    since: datetime
    change: SituationChange


class SituationView(Struct, frozen=True, kw_only=True):
    """The operation and its phase, for the asker's unit."""

    operation: str
    unit: str
    unit_name: str
    phase: str | None
    phase_name: str | None
    logistics_stage: str | None
    purpose: str | None
    """None is the real thing, else `exercise` or `synthetic`."""
    overrides: list[OverrideView]
    timezone: str
    plan_version: str
    categories: list[CategoryLabel]
    map_url: str | None
    """The deployment's own lines for the map, GeoJSON; None: the board draws a schema."""


def view_routes(
    readings: Readings, plans: PlanBook, clock: Clock, map_url: str | None = None
) -> list[HTTPRouteHandler]:
    """`/v1/units`, `/v1/sites`, `/v1/visits`, `/v1/situation`."""

    @get("/v1/units")
    async def units(request: Asked) -> Crews:
        principal = principal_of(request)
        # The whole operation's alerts: a crew of ours may be busy with a neighbour's.
        root = plans.plan.operation.unit if plans.plan else principal.unit
        busy = busy_crews(await readings.alerts(root, only_open=True), principal.covers)
        duties = await readings.duties()
        return Crews(items=[_crew(each, busy) for each in duties if principal.covers(each.unit)])

    @get("/v1/sites")
    async def sites(request: Asked) -> Sites:
        principal, plan, now = principal_of(request), plan_of(plans), clock()
        signs = await readings.signs()
        at_site: dict[str | None, list[Alert]] = defaultdict(list)
        for alert in await readings.alerts(principal.unit, only_open=True):
            if alert.purpose == plan.operation.purpose:
                at_site[alert.site].append(alert)
        items = []
        for site in plan.sites:
            if principal.covers(site.unit):
                silent = timedelta(seconds=plan.unknown_for_s(site))
                stands = standing(signs.get(site.id), at_site[site.id], silent, now)
                items.append(
                    SiteView(
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
                    )
                )
        return Sites(items=items)

    @get("/v1/visits")
    async def visits(request: Asked) -> Visits:
        now = clock()
        unit = principal_of(request).unit
        return Visits(items=await readings.visits(unit, now - AROUND_NOW, now + AROUND_NOW))

    @get("/v1/situation")
    async def situation(request: Asked) -> SituationView:
        plan, principal = plan_of(plans), principal_of(request)
        unit = principal.unit
        override = plans.situation.phase
        phase = plan.phase_at(clock())
        if override is not None:
            phase = next((each for each in plan.phases if each.code == override), None)
        names = {each.path: each.name for each in plan.units}
        return SituationView(
            operation=plan.operation.id,
            unit=unit,
            unit_name=names.get(unit, unit),
            phase=phase.code if phase else override,
            phase_name=phase.name if phase else None,
            logistics_stage=plans.situation.logistics_stage,
            purpose=plan.operation.purpose,
            overrides=[
                OverrideView(since=each.since, change=each.change)
                for each in plans.overrides()
                if _concerns(each.change, plan, principal)
            ],
            timezone=plan.operation.timezone,
            plan_version=plan.version,
            categories=[
                CategoryLabel(
                    id=each.id, label=each.label, label_en=each.label_en, family=each.family
                )
                for each in plan.categories
            ],
            map_url=map_url,
        )

    return [units, sites, visits, situation]


def plan_of(plans: PlanBook) -> Plan:
    """The plan in force; raises a problem 503 while there is none."""
    if plans.plan is None:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "no operation plan is published yet; `ronda plan apply` does it",
            headers={"Retry-After": "5"},
        )
    return plans.plan


def _concerns(change: SituationChange, plan: Plan, principal: Principal) -> bool:
    """A site's class and a stand-in are their unit's matter, everything else is everybody's."""
    if change.of is None:
        return True
    named = plan.site_by_id.get(change.of) or plan.person_by_id.get(change.of)
    return named is not None and principal.covers(named.unit)


def _crew(duty: Duty, busy: dict[str, str]) -> Crew:
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
    )
