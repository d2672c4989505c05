"""An officer corrects the answers of a visit: the newest word counts, nothing counts twice."""

from datetime import timedelta
from typing import Any

from shared.events.identity import id_time_ms, offspring_id
from shared.events.patrol import ChecklistAnswer, CheckOut, VisitCheckedOut
from shared.plan.model import CheckItem, VisitRule
from tests.builders import (
    KPU,
    NIGHT,
    WAREHOUSE,
    a_checkin,
    a_due_visit,
    a_plan,
    a_vulnerability,
    an_event,
    an_id,
)
from tests.unit.alerts.engine import Engine

DUE = NIGHT + timedelta(hours=1)
LEFT = DUE + timedelta(minutes=6)
LATER = DUE + timedelta(hours=2)
RULE = VisitRule(
    id="gudang",
    at=[],
    grace_s=900,
    min_dwell_s=300,
    checklist=[CheckItem(item="gembok", category="suspicious_object"), CheckItem(item="cctv")],
)


def out(at: Any = LEFT, situation: Any = "aman", **said: str) -> VisitCheckedOut:
    """The end of the visit; `said` are the answers."""
    fields: dict[str, Any] = {"checkin": scan().id, "situation": situation, "dwell_s": 360}
    checklist = [
        ChecklistAnswer(item=item.replace("task_", "task:").replace("_", "-"), answer=answer)  # type: ignore[arg-type]
        for item, answer in said.items()
    ]
    amends = None if at == LEFT else an_id("out", at=LEFT)
    data = CheckOut(**fields, checklist=checklist, amends=amends)
    return an_event(VisitCheckedOut, data, time=at, id=an_id("out", at=at))


def scan() -> Any:
    return a_checkin(id=an_id("scan", at=DUE), time=DUE)


async def visited(engine: Engine, **said: str) -> None:
    """A visit of six minutes, and its check-out."""
    engine.plans.plan = a_plan(visit_rules=[RULE])
    engine.world.demands = [a_due_visit()]
    await engine.after(0)
    await engine.reported(scan(), out(**said))
    engine.clock.now = LATER


def visit(engine: Engine) -> Any:
    (pending,) = engine.store.rows.visits.values()
    return pending.visit


async def test_an_answer_that_was_forgotten_is_made_good_and_the_visit_is_the_same(
    engine: Engine,
) -> None:
    await visited(engine, gembok="good")
    before = visit(engine)
    assert [reason.code for reason in before.shortfalls] == ["checklist"]
    await engine.reported(out(LATER, gembok="good", cctv="good"))

    after = visit(engine)
    assert after.shortfalls == []
    assert (after.state, after.dwell_s, after.visited_at) == ("done", 360, before.visited_at)
    assert engine.types().count("visit.done") == 3, "the check-in, the check-out, the correction"


async def test_the_newest_situation_counts_and_the_site_is_not_heard_of_anew(
    engine: Engine,
) -> None:
    await visited(engine)
    await engine.reported(out(LATER, "gangguan"))

    assert engine.store.rows.signs == {WAREHOUSE: (LEFT, "gangguan")}


async def test_back_and_forth_in_one_batch_the_last_word_counts(engine: Engine) -> None:
    engine.plans.plan = a_plan(visit_rules=[RULE])
    again = LATER + timedelta(minutes=1)
    await engine.reported(scan(), out(), out(LATER, "gangguan"), out(again, "aman"))

    assert engine.store.rows.signs == {WAREHOUSE: (LEFT, "aman")}


async def test_what_was_found_before_is_not_reported_once_more(engine: Engine) -> None:
    await visited(engine, gembok="bad")
    alert = engine.store.alert()
    await engine.reported(out(LATER, "waspada", gembok="bad"))

    assert engine.store.alert() == alert


async def test_what_is_found_only_now_is_reported_as_of_then(engine: Engine) -> None:
    await visited(engine, gembok="good")
    assert engine.store.alerts() == []
    await engine.reported(out(LATER, gembok="bad"))

    (part,) = engine.store.alert().parts
    assert (part.category, part.time) == ("suspicious_object", LEFT)
    assert part.late_s is not None


async def test_a_finding_that_was_none_is_shown_and_a_person_decides(engine: Engine) -> None:
    await visited(engine, gembok="bad")
    before = engine.store.alert()
    await engine.reported(out(LATER, gembok="good"))

    after = engine.store.alert()
    assert (after.state, after.next_due_at, after.parts) == (
        before.state,
        before.next_due_at,
        before.parts,
    )
    line = after.timeline[-1]
    assert (line.what, line.by, line.note) == (
        "corrected",
        "Bripda Contoh",
        "Pelapor mengoreksi isian: gembok baik",
    )
    assert "answer_corrected" in [reason.code for reason in after.reasons]
    await engine.reported(out(LATER + timedelta(minutes=1), "waspada", gembok="good"))
    assert engine.store.alert() == after, "it was said already"


async def test_a_task_hears_only_what_is_new(engine: Engine) -> None:
    await engine.reported(a_vulnerability())
    (task,) = engine.store.tasks()
    asked = "task_" + task.id.replace("-", "_")
    await visited(engine, **{asked: "bad"})
    await engine.reported(out(LATER, "waspada", **{asked: "bad"}))
    assert [line.what for line in engine.store.tasks()[0].timeline].count("seen") == 1
    await engine.reported(out(LATER + timedelta(minutes=1), **{asked: "good"}))
    assert engine.store.tasks()[0].timeline[-1].note == "good"


async def test_a_correction_of_what_never_came_is_a_check_out(engine: Engine) -> None:
    engine.plans.plan = a_plan(visit_rules=[RULE])
    engine.world.demands = [a_due_visit()]
    await engine.after(0)
    await engine.reported(scan())
    await engine.reported(out(LATER, "waspada", gembok="bad", cctv="good"))

    assert visit(engine).dwell_s == 360
    assert engine.store.alert().category == "suspicious_object"


async def test_a_visit_that_was_left_open_stays_so_when_its_answers_are_corrected(
    engine: Engine,
) -> None:
    await visited(engine)
    fields: dict[str, Any] = {"checkin": scan().id, "situation": "aman", "incomplete": True}
    data = CheckOut(**fields, amends=an_id("out", at=LEFT))
    await engine.reported(an_event(VisitCheckedOut, data, time=LATER, id=an_id("open", at=LATER)))

    assert visit(engine).dwell_s is None
    assert "incomplete" in [reason.code for reason in visit(engine).shortfalls]


async def test_a_correction_elsewhere_touches_no_visit_here(engine: Engine) -> None:
    await visited(engine, gembok="good", cctv="good")
    before = visit(engine)
    fields: dict[str, Any] = {"checkin": an_id("other"), "situation": "aman"}
    data = CheckOut(**fields, amends=an_id("other out"))
    await engine.reported(an_event(VisitCheckedOut, data, time=LATER, subject=KPU))

    assert visit(engine) == before


def test_an_effect_carries_the_moment_of_its_cause() -> None:
    cause = an_id("out", at=LEFT)

    made = offspring_id(cause, "finding", "gembok")
    assert id_time_ms(made) == id_time_ms(cause)
    assert made == offspring_id(cause, "finding", "gembok")
    assert made != offspring_id(cause, "finding", "cctv")
