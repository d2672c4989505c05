"""What accuses a unit is told past it, joins nothing that everybody sees, and is nobody else's."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.alerts.domain.restriction import above, may_know, tightened
from services.alerts.handlers import Watch
from services.alerts.handlers.watch import VoiceReport
from services.alerts.metrics import Metrics
from shared.events.alert import Alert, Restriction
from shared.plan.model import Category, Contact, Person, Plan, Post, Step
from tests.builders import (
    CATEGORIES,
    KPU,
    POLRES,
    POLSEK,
    POSTS,
    WAREHOUSE,
    a_backup_request,
    a_category,
    a_plan,
    a_policy,
    a_post,
    a_principal,
    a_site,
    an_incident,
)
from tests.unit.alerts.engine import Engine, problem, shown

POLDA = "polda-jatim"
ACCUSING = "neutrality_breach"


def accusing(**over: object) -> Category:
    row = replace(
        a_category(ACCUSING, "sedang"), restricted_to=["commander"], hidden_from_unit=True
    )
    return replace(row, **over)


def a_wary_plan(*posts: Post, **over: object) -> Plan:
    """A site of the Polsek, whose own Kapolsek is told of everything first."""
    own = a_post("kapolsek", "Kapolsek", unit=POLSEK)
    fields: dict[str, object] = {
        "sites": [a_site(unit=POLSEK), a_site(KPU, unit=POLRES)],
        "categories": [*CATEGORIES, accusing()],
        "posts": [own, *(posts or POSTS)],
        "policies": [
            a_policy(
                severities=["sedang", "rendah", "tinggi", "kritis"],
                steps=[Step(after_s=0, posts=["kapolsek"]), Step(after_s=10, posts=["padal"])],
            )
        ],
    }
    return a_plan(**fields | over)


def posts_told(engine: Engine) -> set[str]:
    return {page.post for page in engine.store.pages()}


async def test_the_posts_of_the_accused_unit_are_passed_over() -> None:
    engine = Engine(a_wary_plan())
    await engine.reported_one(ACCUSING)
    await engine.after(30)
    alert = alert_of(engine, ACCUSING)
    assert alert.restricted == Restriction(roles=["commander"], hidden_from=[POLSEK])
    assert posts_told(engine) == {"padal"}
    assert alert.timeline[1].what == "empty_step"


async def test_another_report_of_the_same_site_is_told_to_its_unit() -> None:
    engine = Engine(a_wary_plan())
    await engine.reported_one("suspicious_person")
    assert alert_of(engine, "suspicious_person").restricted is None
    assert "kapolsek" in posts_told(engine)


async def test_a_hole_in_its_chain_is_as_restricted_as_it_is() -> None:
    engine = Engine(a_wary_plan())
    await engine.reported_one(ACCUSING)
    holes = [each for each in engine.store.alerts() if each.kind == "roster"]
    assert [each.restricted for each in holes] == [alert_of(engine, ACCUSING).restricted]
    assert "kapolsek" not in posts_told(engine)


async def test_persons_and_holders_of_the_accused_unit_are_passed_over() -> None:
    suspect = Person(
        id="p-2001",
        name="Aiptu Contoh",
        rank="Aiptu",
        unit=POLSEK,
        role="officer",
        contacts=[Contact(channel="log", address="aiptu")],
    )
    steps = [Step(after_s=0, posts=["padal"], people=["p-2001"]), Step(after_s=9, posts=["kasat"])]
    engine = Engine(
        a_wary_plan(people=[suspect], policies=[a_policy(steps=steps, severities=["sedang"])])
    )
    await engine.reported_one(ACCUSING)
    assert posts_told(engine) == {"kasat"}


async def test_the_operations_own_unit_is_hidden_from_nobody_but_by_role() -> None:
    engine = Engine(a_wary_plan())
    await engine.reported_one(ACCUSING, subject=KPU)
    assert alert_of(engine, ACCUSING).restricted == Restriction(roles=["commander"], hidden_from=[])


async def test_it_joins_no_alert_that_everybody_sees_and_none_joins_it() -> None:
    family = CATEGORIES[0].family
    engine = Engine(a_wary_plan(categories=[*CATEGORIES, accusing(family=family)]))
    await engine.reported_one(CATEGORIES[0].id, actor="p-1")
    await engine.reported_one(ACCUSING, actor="p-2")
    await engine.reported_one(CATEGORIES[0].id, actor="p-3")
    await engine.reported_one(ACCUSING, actor="p-4")
    assert [len(a.parts) for a in engine.store.alerts() if a.kind == "incident"] == [2, 2]


async def test_a_cry_for_help_about_it_stays_with_it() -> None:
    engine = Engine(a_wary_plan())
    report = an_incident(ACCUSING)
    await engine.reported(report)
    await engine.reported(a_backup_request(about=report.id))
    alert = alert_of(engine, ACCUSING)
    assert len(alert.parts) == 2
    assert alert.restricted is not None


async def test_a_copy_that_names_it_differently_is_restricted_too() -> None:
    engine = Engine(a_wary_plan())
    await engine.reported_one("suspicious_person")
    await engine.reported_one(ACCUSING, copyof_first=True)
    assert alert_of(engine, "suspicious_person").restricted is not None


async def test_who_may_not_know_of_it_commands_nothing() -> None:
    engine = Engine(a_wary_plan())
    await engine.reported_one(ACCUSING)
    alert = alert_of(engine, ACCUSING)
    for stranger in (a_principal(), a_principal(role="commander", unit=POLSEK)):
        answer = await engine.command("acknowledge", stranger, alert=alert)
        assert answer.status == 404
        assert ACCUSING not in str(problem(answer))
    taken = await engine.command("acknowledge", a_principal(role="commander"), alert=alert)
    assert shown(taken).state == "acknowledged"


async def test_what_is_split_off_it_stays_restricted() -> None:
    engine = Engine(a_wary_plan())
    report = an_incident(ACCUSING)
    await engine.reported(report)
    await engine.reported(a_backup_request(about=report.id))
    alert = alert_of(engine, ACCUSING)
    boss = a_principal(role="commander")
    answer = await engine.command("split", boss, alert=alert, parts=[alert.parts[1].event])
    assert answer.status == 200
    restricted = {each.restricted is not None for each in engine.store.alerts()}
    assert restricted == {True}


units = st.sampled_from([POLDA, POLRES, POLSEK, f"{POLSEK}/pos-1", f"{POLRES}/polsek-lain"])
restrictions = st.none() | st.builds(
    Restriction,
    roles=st.lists(st.sampled_from(["operator", "supervisor", "commander"]), unique=True),
    hidden_from=st.lists(units, unique=True),
)


@given(one=restrictions, other=restrictions, unit=units)
def test_both_together_let_nobody_know_whom_one_of_them_keeps_from_it(
    one: Restriction | None, other: Restriction | None, unit: str
) -> None:
    both = tightened(one, other)
    hidden = {*(one.hidden_from if one else ()), *(other.hidden_from if other else ())}
    assert {*(both.hidden_from if both else ())} == hidden
    for role in ("operator", "supervisor", "commander"):
        viewer = a_principal(role=role, unit=unit)
        if may_know(both, viewer):
            assert may_know(one, viewer)
            assert may_know(other, viewer) or excluding(one, other)


def excluding(one: Restriction | None, other: Restriction | None) -> bool:
    """Roles that have none in common: then those of the first are left, or nobody could act."""
    if one is None or other is None or not one.roles or not other.roles:
        return False
    return not {*one.roles} & {*other.roles}


@pytest.mark.parametrize(
    ("unit", "hidden", "nearest"),
    [
        (POLSEK, [], POLSEK),
        (POLSEK, [POLSEK], POLRES),
        (f"{POLSEK}/pos-1", [POLSEK], POLRES),
        (POLSEK, [POLRES], POLDA),
        (POLSEK, [f"{POLRES}/polsek"], POLSEK),
        (POLSEK, [POLDA], ""),
    ],
)
def test_who_answers_is_looked_for_above_what_is_hidden_from(
    unit: str, hidden: Iterable[str], nearest: str
) -> None:
    assert above(unit, hidden) == nearest


def alert_of(engine: Engine, category: str) -> Alert:
    [found] = [each for each in engine.store.alerts() if each.category == category]
    return found


@pytest.mark.parametrize(
    ("plan", "said"),
    [(a_wary_plan(), ("commander", POLSEK)), (None, ("auditor", POLRES))],
)
async def test_a_report_by_voice_says_who_may_know_of_it_like_a_phones(
    plan: Plan | None, said: tuple[str, str]
) -> None:
    engine = Engine(a_wary_plan())
    engine.plans.plan = plan
    metrics = Metrics(engine.registry.__class__())
    watch = Watch(store=engine.store, plans=engine.plans, clock=engine.clock, metrics=metrics)
    body = VoiceReport(
        key="v", category=ACCUSING, caller="warga", told_at=engine.clock(), site=WAREHOUSE
    )
    await watch.report(body, a_principal("Ipda Sari"))
    (told,) = engine.store.rows.outbox
    assert (told.event.restrictedto, told.event.hiddenfrom) == said
