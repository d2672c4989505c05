"""What holds now: the operation, its phase, what the posko has changed, and where things are."""

from datetime import datetime

from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from services.alerts.adapters.http.rights import Asked, principal_of
from services.alerts.adapters.http.views import plan_of
from services.alerts.ports import PlanBook
from shared.auth import Principal
from shared.clock import Clock
from shared.events.situation import SituationChange
from shared.plan.model import Plan


class CategoryLabel(Struct, frozen=True, kw_only=True):
    id: str
    label: str
    label_en: str
    family: str


class SiteTypeLabel(Struct, frozen=True, kw_only=True):
    id: str
    label: str
    label_en: str


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
    site_types: list[SiteTypeLabel]
    map_url: str | None
    """The deployment's own lines for the map, GeoJSON; None: the board draws a schema."""
    map_tiles_url: str | None
    """The deployment's base map, a PMTiles archive; None: there is none."""
    records_url: str | None
    """Where a browser reaches the archive: `<it>/v1/events/{id}`, `<it>/v1/media/{sha256}`. `:8003`
    means another port of the board's host, empty its own address; None: nobody has said."""


def situation_routes(
    plans: PlanBook,
    clock: Clock,
    *,
    map_url: str | None,
    map_tiles_url: str | None,
    records_url: str | None,
) -> list[HTTPRouteHandler]:
    """`GET /v1/situation`."""

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
            site_types=[
                SiteTypeLabel(id=each.id, label=each.label, label_en=each.label_en)
                for each in plan.site_types
            ],
            map_url=map_url,
            map_tiles_url=map_tiles_url,
            records_url=records_url,
        )

    return [situation]


def _concerns(change: SituationChange, plan: Plan, principal: Principal) -> bool:
    """A site's class and a stand-in are their unit's matter, everything else is everybody's."""
    if change.of is None:
        return True
    named = plan.site_by_id.get(change.of) or plan.person_by_id.get(change.of)
    return named is not None and principal.covers(named.unit)
