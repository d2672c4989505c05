"""What holds now: the operation, its phase, what the posko has changed, and where things are; and
what it may change."""

from collections import defaultdict
from datetime import datetime

from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from services.alerts.adapters.http.rights import Asked, principal_of
from services.alerts.adapters.http.views import plan_of
from services.alerts.handlers.situations import why_not
from services.alerts.ports import PlanBook
from shared.auth import Principal
from shared.clock import Clock
from shared.events.situation import SituationChange
from shared.plan.model import RISK_CLASSES, STAGES, Phase, Plan


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
    may_change: bool = False
    """Whether the asker may change it: `POST /v1/situation`."""
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


class PersonChoice(Struct, frozen=True, kw_only=True):
    """Who may stand in or be stood in for; `posts` are the names of those that they hold now."""

    id: str
    name: str
    rank: str
    posts: list[str]


class SituationChoices(Struct, frozen=True, kw_only=True):
    """What a change of the situation may name, beside the sites of `GET /v1/sites`: people of the
    asker's units. Whether the asker may change anything, `may_change` says."""

    phases: list[Phase]
    stages: list[str]
    risk_classes: list[str]
    people: list[PersonChoice]


def situation_routes(
    plans: PlanBook,
    clock: Clock,
    *,
    map_url: str | None,
    map_tiles_url: str | None,
    records_url: str | None,
) -> list[HTTPRouteHandler]:
    """`GET /v1/situation`, `GET /v1/situation/choices`."""

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
            may_change=why_not(principal, plan) is None,
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

    @get("/v1/situation/choices")
    async def choices(request: Asked) -> SituationChoices:
        return choices_of(plan_of(plans), principal_of(request))

    return [situation, choices]


def choices_of(plan: Plan, principal: Principal) -> SituationChoices:
    """What the plan in force offers to somebody; who holds a post comes before who holds none."""
    held: dict[str | None, list[str]] = defaultdict(list)
    for post in plan.posts:
        if principal.covers(post.unit):
            held[post.holder].append(post.name)
    people = [
        PersonChoice(id=each.id, name=each.name, rank=each.rank, posts=held.get(each.id, []))
        for each in plan.people
        if principal.covers(each.unit)
    ]
    return SituationChoices(
        phases=plan.phases,
        stages=list(STAGES),
        risk_classes=list(RISK_CLASSES),
        people=sorted(people, key=lambda each: (not each.posts, each.name)),
    )


def _concerns(change: SituationChange, plan: Plan, principal: Principal) -> bool:
    """A site's class and a stand-in are their unit's matter, everything else is everybody's."""
    if change.of is None:
        return True
    named = plan.site_by_id.get(change.of) or plan.person_by_id.get(change.of)
    return named is not None and principal.covers(named.unit)
