"""Vulnerabilities are mended by somebody, by a time; and if not, somebody hears of it."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from services.alerts.domain.task import AGAIN, DUE_WITHIN, Advice
from services.alerts.handlers import TaskBody
from services.alerts.handlers.recording import Tally
from services.alerts.handlers.tasks import issue
from services.alerts.ports import Answer
from shared.events.alert import Alert, Reason
from shared.events.patrol import (
    ChecklistAnswer,
    CheckOut,
    VisitCheckedOut,
    Vulnerability,
    VulnerabilityReported,
)
from shared.events.task import AdviceIssued, Task
from shared.plan.model import Step
from tests.builders import (
    GUARD,
    KPU,
    NIGHT,
    POLRES,
    WAREHOUSE,
    a_plan,
    a_policy,
    a_principal,
    a_vulnerability,
    an_event,
    an_id,
)
from tests.unit.alerts.engine import Engine, problem

HOUR = timedelta(hours=1)
DAY_S = 24 * 3600


def a_weakness(**data: Any) -> VulnerabilityReported:
    fields = {"kind": "cctv_blind", "text": "CCTV tembok belakang mati"} | data
    return an_event(VulnerabilityReported, Vulnerability(**fields))


def shown(answer: Answer) -> Task:
    assert answer.status == 200, answer.body
    return msgspec.json.decode(answer.body, type=Task)


def the_task(engine: Engine) -> Task:
    (task,) = engine.store.tasks()
    return task


def overdue_alerts(engine: Engine) -> list[Alert]:
    return [alert for alert in engine.store.alerts() if alert.kind == "task_overdue"]


async def overdue(engine: Engine) -> Task:
    await engine.reported(a_weakness())
    await engine.after(DAY_S)
    return the_task(engine)


# From the field


async def test_a_vulnerability_has_the_owner_and_the_time_that_its_reporter_names(
    engine: Engine,
) -> None:
    await engine.reported(a_weakness(owner="KPU", due_at=NIGHT + 6 * HOUR))
    task = the_task(engine)
    assert (task.owner_name, task.due_at, task.next_due_at) == ("KPU", *[NIGHT + 6 * HOUR] * 2)
    assert (task.state, task.version, task.site, task.unit) == ("open", 1, WAREHOUSE, POLRES)
    assert [reason.code for reason in task.reasons] == ["named_owner"]
    assert engine.types() == ["vulnerability.assigned"]


async def test_one_that_nobody_was_named_for_is_the_padals_within_a_day(engine: Engine) -> None:
    await engine.reported(a_weakness())
    task = the_task(engine)
    assert (task.owner, task.owner_name, task.due_at) == ("padal", "Padal", NIGHT + DUE_WITHIN)


async def test_a_person_of_the_plan_is_shown_by_name(engine: Engine) -> None:
    await engine.reported(a_weakness(owner=GUARD))
    assert the_task(engine).owner_name == "Bripda Contoh"


async def test_a_phone_with_a_wild_clock_cannot_put_it_off_for_ever(engine: Engine) -> None:
    await engine.reported(a_weakness(due_at=NIGHT + timedelta(days=30_000)))
    assert the_task(engine).due_at < NIGHT + timedelta(days=367)


async def test_the_same_report_again_is_one_task(engine: Engine) -> None:
    await engine.reported(a_weakness())
    await engine.reported(a_weakness())
    assert len(engine.store.tasks()) == 1
    assert engine.types() == ["vulnerability.assigned"]


async def test_what_is_an_exercise_makes_no_task(engine: Engine) -> None:
    await engine.reported(a_vulnerability(purpose="exercise"))
    assert engine.store.tasks() == []


async def test_one_without_a_site_is_a_task_of_the_unit(engine: Engine) -> None:
    await engine.reported(a_vulnerability(subject=None))
    assert (the_task(engine).site, the_task(engine).unit) == (None, POLRES)


# People


async def test_somebody_else_sees_to_it_by_another_time(engine: Engine) -> None:
    await engine.reported(a_weakness())
    task = shown(await engine.task_command("assign", owner="kasat", due_at=NIGHT + 2 * HOUR))
    assert (task.owner_name, task.next_due_at) == ("Kasat Samapta", NIGHT + 2 * HOUR)
    assert engine.types()[-1] == "vulnerability.assigned"


async def test_more_time_takes_a_reason_and_a_later_time(engine: Engine) -> None:
    await engine.reported(a_weakness())
    later = NIGHT + 30 * HOUR
    bodies: list[dict[str, Any]] = [{"due_at": later}, {"reason": "teknisi besok"}]
    for body in bodies:
        assert (await engine.task_command("extend", key=str(body), **body)).status == 422
    sooner: dict[str, Any] = {"due_at": NIGHT + HOUR, "reason": "teknisi besok"}
    assert (await engine.task_command("extend", key="sooner", **sooner)).status == 422
    task = shown(await engine.task_command("extend", due_at=later, reason="teknisi besok"))
    assert (task.due_at, task.next_due_at, task.state) == (later, later, "open")
    assert (task.timeline[-1].note, task.timeline[-1].by) == ("teknisi besok", "Ipda Siti")


async def test_what_is_done_has_no_timer_and_weighs_on_no_report_any_more(engine: Engine) -> None:
    await engine.reported(a_weakness())
    assert (await engine.task_command("done")).status == 422
    task = shown(await engine.task_command("done", key="2", note="kamera diganti"))
    assert (task.state, task.next_due_at, task.done_by) == ("done", None, "Ipda Siti")
    assert engine.types()[-1] == "vulnerability.mitigated"
    await engine.reported_one()
    assert "vulnerability" not in {reason.code for reason in engine.store.alert().reasons}
    await engine.after(40 * DAY_S)
    assert overdue_alerts(engine) == []


async def test_the_same_key_has_the_same_answer_and_one_effect(engine: Engine) -> None:
    await engine.reported(a_weakness())
    task = the_task(engine)
    first = await engine.task_command("note", task=task, key="k", note="dilihat")
    again = await engine.task_command("note", task=task, key="k", note="dilihat")
    assert first == again
    assert the_task(engine).version == 2


async def test_who_saw_an_older_version_does_not_overwrite_the_newer_one(engine: Engine) -> None:
    await engine.reported(a_weakness())
    seen = the_task(engine)
    await engine.task_command("assign", owner="kasat", task=seen)
    budi = a_principal("Budi")
    answer = await engine.task_command("assign", budi, owner="padal", task=seen)
    assert answer.status == 409
    assert problem(answer)["extra"]["name"] == "Ipda Siti"
    assert the_task(engine).owner == "kasat"


async def test_what_is_done_is_done_whatever_else_changed_and_by_one_person(
    engine: Engine,
) -> None:
    await engine.reported(a_weakness())
    seen = the_task(engine)
    await engine.task_command("assign", owner="kasat", task=seen)
    assert shown(await engine.task_command("done", task=seen, note="diganti")).state == "done"
    assert shown(await engine.task_command("done", key="z", note="diganti")).version == 3
    lost = await engine.task_command("done", a_principal("Budi"), note="saya juga")
    assert (lost.status, problem(lost)["extra"]["name"]) == (409, "Ipda Siti")
    assert (await engine.task_command("assign", owner="padal")).status == 409


async def test_only_who_commands_the_unit_may_change_it(engine: Engine) -> None:
    await engine.reported(a_weakness())
    task = the_task(engine)
    tamu = a_principal("Tamu", role="auditor")
    assert (await engine.task_command("note", tamu, task=task, note="x")).status == 403
    far = a_principal("Jauh", unit="polda-jatim/polres-lamongan")
    assert (await engine.task_command("note", far, task=task, note="x")).status == 404
    body = TaskBody(version=1, key="k", note="x")
    for stranger in (an_id("none"), "nonsense"):
        assert (await engine.tasks.run("note", stranger, body, a_principal())).status == 404


# Time


async def test_a_task_that_nobody_did_in_time_raises_one_alert_of_rendah(engine: Engine) -> None:
    await engine.reported(a_weakness(owner="KPU"))
    await engine.after(DAY_S - 3)
    assert overdue_alerts(engine) == []
    await engine.after(3)
    task, (alert,) = the_task(engine), overdue_alerts(engine)
    assert (task.state, task.alert, task.lapses) == ("overdue", alert.id, 1)
    assert (alert.severity, alert.policy, alert.site) == ("rendah", "ringan", WAREHOUSE)
    assert alert.parts[0].text == "KPU: CCTV tembok belakang mati"
    assert engine.types()[-2:] == ["alert.raised", "vulnerability.overdue"]


async def test_the_alert_climbs_by_the_policy_of_rendah(engine: Engine) -> None:
    await overdue(engine)
    await engine.after(900)
    await engine.after(900)
    assert {page.post for page in engine.store.pages()} == {"operator", "padal"}


async def test_while_its_alert_asks_an_overdue_task_raises_no_other(engine: Engine) -> None:
    await overdue(engine)
    await engine.after(AGAIN.total_seconds())
    assert (the_task(engine).lapses, len(overdue_alerts(engine))) == (2, 1)


async def test_closing_the_alert_mends_nothing_so_the_task_asks_again(engine: Engine) -> None:
    await overdue(engine)
    (alert,) = overdue_alerts(engine)
    await engine.command("acknowledge", alert=alert)
    await engine.command("resolve", outcome="handled_on_site")
    await engine.command("close")
    await engine.after(AGAIN.total_seconds())
    assert [each.state for each in overdue_alerts(engine)] == ["closed", "raised"]
    assert the_task(engine).alert == overdue_alerts(engine)[1].id


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("done", {"note": "kamera diganti"}),
        ("extend", {"due_at": NIGHT + 100 * HOUR, "reason": "suku cadang"}),
        ("assign", {"owner": "kasat", "due_at": NIGHT + 100 * HOUR}),
    ],
)
async def test_what_is_not_overdue_any_more_closes_its_alert(
    engine: Engine, verb: Any, body: dict[str, Any]
) -> None:
    await overdue(engine)
    assert shown(await engine.task_command(verb, **body)).state != "overdue"
    (alert,) = overdue_alerts(engine)
    assert (alert.state, alert.outcome, alert.next_due_at) == ("closed", "recovered", None)


async def test_an_overdue_task_is_not_handed_on_without_a_new_time(engine: Engine) -> None:
    await overdue(engine)
    answer = await engine.task_command("assign", owner="kasat")
    assert (answer.status, problem(answer)["extra"]["code"]) == (422, "lacking_due_at")


async def test_one_that_arrives_after_its_time_is_overdue_at_once(engine: Engine) -> None:
    await engine.reported(a_weakness(due_at=NIGHT - HOUR))
    await engine.after(1)
    assert the_task(engine).state == "overdue"


async def test_two_replicas_that_tick_at_once_raise_one_alert(engine: Engine) -> None:
    await engine.reported(a_weakness())
    other = engine.another()
    engine.clock.advance(DAY_S)
    await engine.clockwork.on_tick(engine.clock.now)
    await other.clockwork.on_tick(engine.clock.now)
    assert len(overdue_alerts(engine)) == 1


async def test_the_engine_wakes_for_the_next_task(engine: Engine) -> None:
    await engine.reported(a_weakness(due_at=NIGHT + HOUR))
    assert await engine.clockwork.on_tick(engine.clock.now) == NIGHT + HOUR


# The next visit


def a_checkout(item: str, **over: Any) -> VisitCheckedOut:
    answer = ChecklistAnswer(item=item, answer="bad", remark="masih mati")
    data = CheckOut(checkin=an_id("checkin"), situation="aman", checklist=[answer])
    return an_event(VisitCheckedOut, data, **over)


async def test_what_the_next_visit_sees_is_written_down_and_decides_nothing(
    engine: Engine,
) -> None:
    await engine.reported(a_weakness())
    await engine.reported(a_checkout(f"task:{the_task(engine).id}"))
    task = the_task(engine)
    assert (task.version, task.state) == (2, "open")
    entry = task.timeline[-1]
    assert (entry.what, entry.by, entry.note) == ("seen", "Bripda Contoh", "bad: masih mati")
    assert engine.types()[-1] == "task.updated"


@pytest.mark.parametrize("item", ["task:nonsense", "gembok-1", f"task:{an_id('stranger')}"])
async def test_a_checklist_that_names_no_task_changes_none(engine: Engine, item: str) -> None:
    await engine.reported(a_weakness())
    await engine.reported(a_checkout(item))
    assert the_task(engine).version == 1


async def test_a_visit_elsewhere_says_nothing_of_it(engine: Engine) -> None:
    await engine.reported(a_weakness())
    await engine.reported(a_checkout(f"task:{the_task(engine).id}", subject=KPU))
    assert the_task(engine).version == 1


# Advices


async def test_an_advice_is_a_task_of_its_own_kind_and_the_same_one_again_is_one(
    engine: Engine,
) -> None:
    why = Reason(code="risk", id="Skor risiko naik", en="The risk score rose")
    advice = Advice("band:high", WAREHOUSE, "extra_visit", "Tambah satu kontrol", (why,))
    tally = Tally()
    for _ in range(2):
        async with engine.store.transaction() as transaction:
            task = await issue(transaction, advice, a_plan(), NIGHT, tally)
    assert engine.types() == ["advice.issued"]
    assert (task.kind, task.owner, task.reasons[0]) == ("advice", "padal", why)
    assert isinstance(engine.store.events()[0], AdviceIssued)
    await engine.after(DAY_S)
    assert engine.types()[-2:] == ["alert.raised", "advice.overdue"]
    shown(await engine.task_command("done", note="dikontrol"))
    assert engine.types()[-2:] == ["advice.done", "alert.closed"]


async def test_a_hole_in_the_chain_of_an_overdue_task_is_an_alert_too(engine: Engine) -> None:
    steps = [Step(after_s=0, posts=["gone"]), Step(after_s=60, posts=["operator"])]
    engine.plans.plan = a_plan(policies=[a_policy(severities=["rendah"], steps=steps)])
    await overdue(engine)
    assert [alert.kind for alert in engine.store.alerts()] == ["task_overdue", "roster"]


async def test_an_open_task_is_told_again_before_phones_forget_it(engine: Engine) -> None:
    due_at = NIGHT + timedelta(days=10)
    await engine.reported(a_weakness(due_at=due_at))
    for _ in range(10 * 24 + 1):
        await engine.after(3600)
    told = [event.time for event in engine.store.events() if isinstance(event.data, Task)]
    assert max(later - sooner for sooner, later in pairwise(told)) < timedelta(days=4)
    task = engine.store.tasks()[0]
    assert (task.state, task.due_at, task.lapses) == ("overdue", due_at, 1)
    assert [line.what for line in task.timeline] == ["assigned", "overdue"]
