"""What is not live reaches no real contact, at the very edge: whatever page is queued, by
whomever, only the log gets it."""

import asyncio
from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import given, settings
from msgspec.structs import replace as with_fields

from services.alerts.ports import Page
from shared.plan.model import Channel, Contact, Way
from tests.builders import POSTS, a_plan, an_incident
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


def an_engine(contacts_of_all: list[Contact], refuses: bool) -> tuple[Engine, FakeNotifier]:
    posts = [with_fields(post, contacts=contacts_of_all) for post in POSTS]
    rows = [
        Channel(id=kind, kind=kind, url="http://x.invalid/", secret_name="x")  # type: ignore[arg-type]
        for kind in KINDS
    ]
    engine = Engine(a_plan(posts=posts, channels=[Channel(id="log", kind="log"), *rows]))
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
