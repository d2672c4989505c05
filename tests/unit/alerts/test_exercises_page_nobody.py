"""What is not live reaches no real contact, at the very edge: whatever page is queued, by
whomever, only the log gets it."""

import asyncio
from dataclasses import replace
from datetime import time, timedelta
from typing import Literal

import hypothesis.strategies as st
from hypothesis import given, settings
from msgspec.structs import replace as with_fields
from prometheus_client import CollectorRegistry

from services.alerts.handlers import Watch
from services.alerts.handlers.watch import HandoverBody, NudgeBody
from services.alerts.metrics import Metrics
from services.alerts.ports import Page
from shared.plan.model import Channel, Contact, Person, Shift, Step, Way
from tests.builders import (
    GUARD,
    POLRES,
    POSTS,
    a_due_visit,
    a_plan,
    a_policy,
    a_principal,
    a_shift_start,
    a_vulnerability,
    an_incident,
)
from tests.fakes import FakeNotifier
from tests.unit.alerts.engine import Engine

KINDS = ("webhook", "sms", "email", "apprise")
channels = st.sampled_from([*KINDS, "log", "gone"])
purposes = st.sampled_from([None, "exercise", "synthetic"])
addresses = st.text(min_size=1, max_size=20)
ways = st.builds(Way, channel=channels, address=addresses)
contacts = st.builds(
    Contact, channel=channels, address=addresses, otherwise=st.lists(ways, max_size=3)
)


Purpose = Literal["exercise", "synthetic"] | None
ALL = ["rendah", "sedang", "tinggi", "kritis"]


def an_engine(
    contacts_of_all: list[Contact], refuses: bool, purpose: Purpose = None
) -> tuple[Engine, FakeNotifier]:
    posts = [with_fields(post, contacts=contacts_of_all) for post in POSTS]
    guard = Person(
        id=GUARD,
        name="Bripda Contoh",
        rank="Bripda",
        unit=POLRES,
        role="officer",
        contacts=contacts_of_all,
    )
    # A hole, then persons, posts and whoever is on shift.
    steps = [
        Step(after_s=0, posts=["gone"]),
        Step(after_s=10, posts=["operator"], people=[GUARD]),
        Step(after_s=10, crews=["R-21"]),
    ]
    shift = Shift(
        id="malam", crew="R-21", unit=POLRES, starts=time(0), ends=time(0), members=[GUARD]
    )
    rows = [
        Channel(id=kind, kind=kind, url="http://x.invalid/", secret_name="x")  # type: ignore[arg-type]
        for kind in KINDS
    ]
    plan = a_plan(
        operation=with_fields(a_plan().operation, purpose=purpose),
        posts=posts,
        people=[guard],
        shifts=[shift],
        policies=[a_policy(severities=ALL, steps=steps)],
        channels=[Channel(id="log", kind="log"), *rows],
    )
    engine = Engine(plan)
    real = FakeNotifier()
    real.error = "503" if refuses else None
    engine.paging._notifiers = {"log": engine.notifier, **dict.fromkeys(KINDS, real)}
    return engine, real


@settings(max_examples=60)
@given(
    reach=st.lists(contacts, max_size=4),
    purpose=purposes,
    refuses=st.booleans(),
    climbs=st.integers(0, 4),
)
def test_an_exercise_reaches_no_real_contact_through_the_whole_engine(
    reach: list[Contact], purpose: str | None, refuses: bool, climbs: int
) -> None:
    async def night() -> FakeNotifier:
        engine, real = an_engine(reach, refuses)
        await engine.reported(an_incident(purpose=purpose))
        for _ in range(climbs):
            await engine.after(61)
            await engine.deliver()
        await engine.deliver()
        return real

    real = asyncio.run(night())
    reached = [*real.sent, *real.refused]
    assert all(page.alert.purpose is None for page in reached)
    if purpose is None and any(contact.channel in KINDS for contact in reach):
        assert reached, "the live one must reach them, or this test sees nothing"


@settings(max_examples=100)
@given(
    channel=channels, way=ways, purpose=st.one_of(purposes, st.text()), attempt=st.integers(0, 3)
)
def test_the_sender_itself_refuses_a_page_that_names_a_real_channel_for_an_exercise(
    channel: str, way: Way, purpose: str | None, attempt: int
) -> None:
    """Even a page that a mistake elsewhere queued for a real channel, at any attempt."""

    async def sent() -> FakeNotifier:
        engine, real = an_engine([Contact(channel="log", address="x")], refuses=False)
        await engine.reported(an_incident())
        queued = engine.store.pages()[0]
        page: Page = replace(
            queued,
            alert=with_fields(queued.alert, purpose=purpose),
            channel=channel,
            address="+62",
            otherwise=(way,),
            attempt=attempt,
        )
        await engine.paging.send(page)
        return real

    real = asyncio.run(sent())
    assert all(page.alert.purpose is None for page in real.sent)
    if purpose is None and channel in KINDS:
        assert real.sent


async def a_night(engine: Engine) -> None:
    """Everything that pages somebody by itself: a report, a task, a visit, a silence, a crew that
    is asked and says nothing, a watch that nobody accepts, and the hole in the chain of each."""
    metrics = Metrics(CollectorRegistry())
    watch = Watch(store=engine.store, plans=engine.plans, clock=engine.clock, metrics=metrics)
    engine.world.demands = [a_due_visit()]
    await engine.reported(a_shift_start(), a_vulnerability(), an_incident())
    asked = await watch.nudge("R-21", NudgeBody(key="n"), a_principal())
    assert asked.status == 201
    await watch.prepare(HandoverBody(key="h"), a_principal())
    for hours in (0, 1, 1, 1, 24, 1):
        await engine.after(timedelta(hours=hours, minutes=1).total_seconds())
        await engine.command("acknowledge", key=f"{hours}", alert=engine.store.alerts()[0])
        for _ in range(3):
            await engine.deliver()
    assert {alert.kind for alert in engine.store.alerts()} == {
        "incident",
        "task_overdue",
        "visit_missed",
        "silent",
        "roster",
        "handover",
    }


@settings(max_examples=30)
@given(
    reach=st.lists(contacts, max_size=4),
    purpose=st.sampled_from([None, "exercise", "synthetic"]),
    refuses=st.booleans(),
)
def test_an_operation_that_is_an_exercise_reaches_no_real_contact_whatever_happens_in_it(
    reach: list[Contact], purpose: Purpose, refuses: bool
) -> None:
    async def night() -> tuple[Engine, FakeNotifier]:
        engine, real = an_engine(reach, refuses, purpose)
        await a_night(engine)
        return engine, real

    engine, real = asyncio.run(night())
    assert {alert.purpose for alert in engine.store.alerts()} == {purpose}
    assert {task.purpose for task in engine.store.tasks()} == {purpose}
    reached = {page.alert.kind for page in [*real.sent, *real.refused]}
    if purpose is not None:
        assert {page.channel for page in engine.store.pages()} <= {"log"}
        assert not reached
    elif any(contact.channel in KINDS for contact in reach):
        assert len(reached) > 3, "the live one must reach them, or this test sees nothing"


async def test_the_sender_refuses_all_that_is_left_of_the_real_thing_while_an_exercise_runs() -> (
    None
):
    engine, real = an_engine([Contact(channel="sms", address="+62")], refuses=False)
    await engine.reported(an_incident())
    exercise = with_fields(a_plan().operation, purpose="exercise")
    assert engine.plans.plan is not None
    engine.plans.plan = with_fields(engine.plans.plan, operation=exercise)
    await engine.after(11)
    await engine.deliver()
    assert not real.sent
    assert engine.notifier.sent
