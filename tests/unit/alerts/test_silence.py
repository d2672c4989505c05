"""A site that owes a word and says none is silent; a visit says what it lacked of its rule."""

from datetime import timedelta
from typing import Any

import pytest

from shared.events.alert import Alert, Visit
from shared.events.patrol import ChecklistAnswer, CheckOut, VisitCheckedOut
from shared.plan.model import CheckItem, Operation, Plan, SiteType, VisitRule
from tests.builders import (
    KPU,
    NIGHT,
    POLRES,
    WAREHOUSE,
    a_checkin,
    a_due_visit,
    a_plan,
    a_principal,
    a_shift_start,
    an_event,
    an_id,
    an_incident,
)
from tests.unit.alerts.engine import Engine, shown

DUE = NIGHT + timedelta(hours=1)
GRACE = DUE + timedelta(minutes=15)
SILENT = DUE + timedelta(minutes=60)
STORE = SiteType(id="warehouse", label="Gudang", label_en="Warehouse", unknown_for_s=900)


async def until(engine: Engine, moment: Any, seconds: float = 0) -> None:
    await engine.after((moment - engine.clock.now).total_seconds() + seconds)


async def owed(engine: Engine, plan: Plan | None = None, **over: Any) -> None:
    """A visit is demanded, and nobody comes until its grace is over."""
    engine.plans.plan = plan or a_plan()
    engine.world.demands = [a_due_visit(**over)]
    await engine.after(0)
    await until(engine, GRACE)


def silent(engine: Engine) -> list[Alert]:
    return [alert for alert in engine.store.alerts() if alert.kind == "silent"]


def visit(engine: Engine) -> Visit:
    (only,) = engine.store.rows.visits.values()
    return only.visit


async def test_a_site_that_owes_a_visit_and_says_nothing_is_silent_after_its_time(
    engine: Engine,
) -> None:
    await owed(engine)
    await until(engine, SILENT, -0.001)
    assert silent(engine) == []
    await until(engine, SILENT)

    (alert,) = silent(engine)
    assert (alert.category, alert.severity, alert.site) == ("no_report", "sedang", WAREHOUSE)
    assert alert.reported_at == DUE - timedelta(minutes=30), "since when a word is owed"
    assert alert.next_due_kind == "climb"
    assert engine.metric("ronda_timer_failures_total") == 0


async def test_how_long_is_too_long_the_plan_says_by_kind_of_site(engine: Engine) -> None:
    await owed(engine, a_plan(site_types=[STORE]))
    await engine.after(0.1)
    assert len(silent(engine)) == 1, "at the warehouse a quarter of an hour"

    kinds = {alert.kind for alert in engine.store.alerts()}
    assert kinds == {"visit_missed", "silent"}


@pytest.mark.parametrize(
    "word",
    [
        a_checkin(time=DUE - timedelta(minutes=29), flags="outside_geofence"),
        an_incident(time=DUE + timedelta(minutes=40)),
    ],
    ids=["a scan that is no visit", "a report"],
)
async def test_whoever_says_anything_is_not_silent(engine: Engine, word: Any) -> None:
    await owed(engine)
    await until(engine, DUE + timedelta(minutes=41))
    await engine.reported(word)
    await until(engine, SILENT, 60)
    if "outside_geofence" in word.flag_set:
        assert len(silent(engine)) == 1, "whoever was elsewhere says nothing of the site"
    else:
        assert silent(engine) == []


async def test_an_earlier_word_does_not_count_for_what_is_owed_now(engine: Engine) -> None:
    engine.world.demands = [a_due_visit()]
    await engine.reported(a_checkin(time=DUE - timedelta(minutes=31)))
    await owed(engine)
    await until(engine, SILENT)
    assert len(silent(engine)) == 1


async def test_a_site_that_owes_nothing_is_left_in_peace(engine: Engine) -> None:
    await owed(engine)
    await until(engine, NIGHT + timedelta(hours=20))
    assert {alert.site for alert in silent(engine)} == {WAREHOUSE}
    assert KPU in {site.id for site in a_plan().sites}


async def test_a_silence_is_decided_behind_a_barrier_too(engine: Engine) -> None:
    await owed(engine)
    word = engine.next_record(a_checkin(time=DUE + timedelta(minutes=50)))
    await until(engine, SILENT, 30)
    assert silent(engine) == [], "a word is on its way to us"
    await engine.intake.on_records([word])
    await until(engine, SILENT, 120)
    assert silent(engine) == []


async def test_a_word_ends_the_silence_and_closes_its_alert(engine: Engine) -> None:
    await owed(engine)
    await until(engine, SILENT)
    word = a_checkin(time=DUE + timedelta(minutes=5), receivedtime=SILENT)
    await engine.reported(word)

    (alert,) = silent(engine)
    assert (alert.state, alert.outcome) == ("closed", "recovered")
    assert visit(engine).state == "recovered"
    assert all(alert.state == "closed" for alert in engine.store.alerts())


async def second_visit(engine: Engine) -> Any:
    later = timedelta(hours=3)
    demand = a_due_visit(
        id=an_id("second"),
        opens_at=DUE + later - timedelta(minutes=30),
        due_at=DUE + later,
        grace_until=GRACE + later,
    )
    engine.world.demands.append(demand)
    engine.plans.published_at = NIGHT - timedelta(hours=1)
    return SILENT + later


async def test_one_alert_asks_for_a_word_however_many_visits_are_missed(engine: Engine) -> None:
    await owed(engine)
    again = await second_visit(engine)
    await until(engine, SILENT)
    await until(engine, again - timedelta(minutes=45))
    await until(engine, again)
    assert len(silent(engine)) == 1


async def test_where_somebody_closed_it_and_still_no_word_came_it_is_asked_anew(
    engine: Engine,
) -> None:
    await owed(engine)
    again = await second_visit(engine)
    await until(engine, SILENT)
    for verb in ("acknowledge", "resolve", "close"):
        (alert,) = silent(engine)
        body = {"outcome": "handled_on_site"} if verb == "resolve" else {}
        shown(await engine.command(verb, a_principal(), alert=alert, **body))
    await until(engine, again - timedelta(minutes=45))
    await until(engine, again)
    assert [alert.state for alert in silent(engine)] == ["closed", "raised"]

    await engine.reported(a_checkin(time=engine.clock.now))
    assert [alert.state for alert in silent(engine)] == ["closed", "closed"]


async def test_an_exercise_is_judged_like_the_real_thing_and_marked(engine: Engine) -> None:
    drill = Operation(
        id="latihan", name="L", timezone="Asia/Jakarta", unit=POLRES, purpose="exercise"
    )
    await owed(engine, a_plan(operation=drill))
    await until(engine, SILENT)
    assert {alert.purpose for alert in engine.store.alerts()} == {"exercise"}
    assert {event.purpose for event in engine.store.events()} == {"exercise"}
    assert {page.channel for page in engine.store.pages()} == {"log"}

    await engine.reported(a_checkin(time=engine.clock.now, purpose="exercise"))
    assert visit(engine).state == "recovered"


RULE = VisitRule(
    id="gudang",
    at=[],
    grace_s=900,
    min_dwell_s=300,
    min_people=2,
    checklist=[CheckItem(item="gembok", category="suspicious_object"), CheckItem(item="cctv")],
)


def scan(**data: Any) -> Any:
    event = a_checkin(time=DUE)
    return type(event)(**{**_fields(event), "data": type(event.data)(method="qr", **data)})


def _fields(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


def check_out(minutes: float, *answers: tuple[str, str], **data: Any) -> VisitCheckedOut:
    checklist = [ChecklistAnswer(item=item, answer=answer) for item, answer in answers]  # type: ignore[arg-type]
    fields: dict[str, Any] = {"checkin": scan().id, "situation": "aman", "checklist": checklist}
    return an_event(
        VisitCheckedOut, CheckOut(**fields | data), time=DUE + timedelta(minutes=minutes)
    )


async def with_the_rule(engine: Engine) -> None:
    engine.plans.plan = a_plan(visit_rules=[RULE])
    engine.world.demands = [a_due_visit()]
    await engine.after(0)


def lacking(engine: Engine) -> list[str]:
    return [reason.code for reason in visit(engine).shortfalls]


async def test_a_visit_that_has_all_its_rule_asks_for_lacks_nothing(engine: Engine) -> None:
    await with_the_rule(engine)
    await engine.reported(scan(people=2))
    assert (visit(engine).state, lacking(engine)) == ("done", ["no_checkout"])

    await engine.reported(check_out(6, ("gembok", "good"), ("cctv", "good")))
    assert (visit(engine).dwell_s, visit(engine).people, lacking(engine)) == (360, 2, [])
    assert engine.types() == ["visit.done", "visit.done"]


async def test_a_hasty_visit_of_one_that_looked_at_nothing_says_so(engine: Engine) -> None:
    await with_the_rule(engine)
    await engine.reported(scan(people=1))
    await engine.reported(check_out(9, ("cctv", "unseen"), dwell_s=40))
    assert lacking(engine) == ["people", "dwell", "checklist"]
    assert visit(engine).state == "done", "it was made all the same"
    assert "gembok, cctv" in visit(engine).shortfalls[-1].id


async def test_a_visit_that_was_left_open_is_made_and_lacks_its_end(engine: Engine) -> None:
    await with_the_rule(engine)
    await engine.reported(scan(people=2))
    left = check_out(480, ("gembok", "good"), situation="waspada", incomplete=True)
    await engine.reported(left)
    assert (visit(engine).state, visit(engine).dwell_s) == ("done", None)
    assert lacking(engine) == ["incomplete", "checklist"]


async def test_the_crew_on_duty_counts_where_the_scan_says_no_number(engine: Engine) -> None:
    await with_the_rule(engine)
    await engine.reported(a_shift_start())
    await engine.reported(scan(crew="R-21"))
    assert visit(engine).people == 1
    assert "people" in lacking(engine)


async def test_a_bad_answer_of_the_checklist_is_a_report(engine: Engine) -> None:
    await with_the_rule(engine)
    await engine.reported(scan(people=2))
    out = check_out(6, ("gembok", "bad"), ("cctv", "bad"))
    await engine.reported(out)
    alert = engine.store.alert()
    assert (alert.category, alert.severity, alert.site) == (
        "suspicious_object",
        "tinggi",
        WAREHOUSE,
    )
    await engine.reported(out)
    assert engine.store.alert() == alert
