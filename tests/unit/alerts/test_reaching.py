"""The next way is tried after the first failure, providers tell later what became of a page, and an
alert shows whom nobody could tell."""

from datetime import timedelta
from typing import Any

import pytest

from services.alerts.handlers.receipts import TIMED_OUT, Receipts
from services.alerts.metrics import Metrics
from services.alerts.ports import Page, Receipt
from shared.events.alert import Notification
from shared.plan.model import Channel, Contact, Plan, Way
from tests.builders import POSTS, a_plan, a_post, an_incident
from tests.unit.alerts.engine import Engine

SMS, MAIL, BELL = "sms-posko", "surat", "bel"


class Providers:
    """Channels by id; those in `down` refuse, the others take a page under its own `ref`."""

    def __init__(self, *down: str) -> None:
        self.down = set(down)
        self.tried: list[Page] = []

    @property
    def channels(self) -> list[str]:
        return [page.channel for page in self.tried]

    async def send(self, page: Page) -> Receipt:
        self.tried.append(page)
        if page.channel in self.down:
            return Receipt(error=f"{page.channel} is down")
        return Receipt(ref=page.ref)


def a_plan_with_ways(**sms: Any) -> Plan:
    """The operator is reached by SMS, otherwise by mail, otherwise by a bell."""
    ways = [Way(channel=MAIL, address="posko@contoh.example"), Way(channel=BELL, address="posko")]
    contact = Contact(channel=SMS, address="+6281200000000", otherwise=ways)
    operator = a_post("operator", "Operator Posko", contacts=[contact])
    return a_plan(
        posts=[operator, *POSTS[1:]],
        channels=[
            *a_plan().channels,
            Channel(id=SMS, kind="sms", url="http://sms.invalid/send", **sms),
            Channel(id=MAIL, kind="email"),
            Channel(id=BELL, kind="webhook", url="http://bel.invalid/"),
        ],
    )


def an_engine(providers: Providers, **sms: Any) -> Engine:
    engine = Engine(a_plan_with_ways(**sms))
    kinds = ("log", "webhook", "sms", "email")
    engine.paging._notifiers = dict.fromkeys(kinds, providers)
    return engine


def receipts_of(engine: Engine) -> Receipts:
    metrics = engine.paging._metrics
    assert isinstance(metrics, Metrics)
    return Receipts(store=engine.store, plans=engine.plans, clock=engine.clock, metrics=metrics)


def told(engine: Engine) -> list[Notification]:
    data = (event.data for event in engine.store.events())
    return [row for row in data if isinstance(row, Notification)]


async def test_only_the_first_way_is_tried_while_it_works() -> None:
    providers = Providers()
    engine = an_engine(providers)
    await engine.reported(an_incident())

    await engine.deliver()
    await engine.deliver()

    assert providers.channels == [SMS]


async def test_the_next_way_is_tried_after_the_first_failure_without_waiting() -> None:
    providers = Providers(SMS, MAIL)
    engine = an_engine(providers)
    await engine.reported(an_incident())

    while await engine.deliver():
        pass

    assert providers.channels == [SMS, MAIL, BELL]
    assert providers.tried[1].address == "posko@contoh.example"
    assert len({page.dedup for page in providers.tried}) == 3
    assert engine.store.alert().undelivered == []


async def test_the_first_way_is_tried_again_beside_the_next_one_but_starts_no_other() -> None:
    providers = Providers(SMS)
    engine = an_engine(providers)
    await engine.reported(an_incident())
    while await engine.deliver():
        pass

    engine.clock.advance(1)
    await engine.deliver()

    assert providers.channels == [SMS, MAIL, SMS]


async def test_an_alert_shows_whom_nobody_could_tell_and_then_that_somebody_did() -> None:
    providers = Providers(SMS, MAIL, BELL)
    engine = an_engine(providers)
    await engine.reported(an_incident())
    while await engine.deliver():
        pass

    shown = engine.store.alert()
    assert shown.undelivered == ["operator"]
    undelivered, skipped = shown.timeline[-2:]
    assert (undelivered.what, undelivered.note) == ("undelivered", f"{BELL} is down")
    assert skipped.what == "unreachable_step"
    assert (shown.version, shown.next_due_at) == (2, engine.clock.now), "the next one is told"

    providers.down.clear()
    engine.clock.advance(1)
    while await engine.deliver():
        pass

    healed = engine.store.alert()
    assert healed.undelivered == []
    assert [entry.what for entry in healed.timeline][-3::2] == ["undelivered", "delivered"]


async def test_a_way_that_may_still_succeed_is_waited_for_before_the_alert_says_undelivered() -> (
    None
):
    providers = Providers(SMS)
    engine = an_engine(providers)
    await engine.reported(an_incident())

    await engine.deliver()

    assert engine.store.alert().undelivered == []


async def test_nobody_is_called_again_once_somebody_has_taken_the_alert() -> None:
    providers = Providers(SMS, MAIL, BELL)
    engine = an_engine(providers)
    await engine.reported(an_incident())
    await engine.deliver()
    await engine.command("acknowledge")

    engine.clock.advance(3600)
    while await engine.deliver():
        pass

    assert providers.channels == [SMS]
    assert engine.store.alert().undelivered == []


async def test_a_new_climb_calls_again_and_leaves_the_old_one_silent() -> None:
    providers = Providers(SMS, MAIL, BELL)
    engine = an_engine(providers)
    await engine.reported(an_incident())
    await engine.deliver()
    await engine.command("acknowledge")
    await engine.after(301)
    assert engine.store.alert().cycle == 2

    providers.tried.clear()
    while await engine.deliver():
        engine.clock.advance(1)

    assert {page.cycle for page in providers.tried} == {2}


async def test_a_receipt_says_that_a_page_has_arrived_and_saying_it_again_changes_nothing() -> None:
    engine = an_engine(Providers())
    await engine.reported(an_incident())
    await engine.deliver()
    [page] = engine.store.pages()

    for _ in range(2):
        engine.clock.advance(3)
        assert await receipts_of(engine).receive(SMS, page.ref, delivered=True, why=None)

    assert [(row.attempt, row.delivered_at is not None) for row in told(engine)] == [
        (1, False),
        (1, True),
    ]
    assert not await receipts_of(engine).receive(MAIL, page.ref, delivered=True, why=None)


async def test_a_receipt_that_says_it_will_not_arrive_tries_the_next_way() -> None:
    providers = Providers()
    engine = an_engine(providers)
    await engine.reported(an_incident())
    await engine.deliver()
    [page] = engine.store.pages()

    for _ in range(2):
        assert await receipts_of(engine).receive(
            SMS, page.ref, delivered=False, why="no such number"
        )
    while await engine.deliver():
        pass

    assert providers.channels == [SMS, MAIL]
    assert [row.error for row in told(engine)] == [None, "no such number", None]
    assert told(engine)[1].final


async def test_a_receipt_that_does_not_come_in_time_is_a_failure() -> None:
    providers = Providers()
    engine = an_engine(providers, receipt_within_s=30)
    await engine.reported(an_incident())
    await engine.deliver()
    engine.clock.advance(29)
    assert await engine.deliver() == 0

    engine.clock.advance(1)
    while await engine.deliver():
        pass

    assert providers.channels == [SMS, MAIL]
    assert [row.error for row in told(engine)] == [None, TIMED_OUT, None]


async def test_a_receipt_in_time_ends_the_waiting() -> None:
    providers = Providers()
    engine = an_engine(providers, receipt_within_s=30)
    await engine.reported(an_incident())
    await engine.deliver()
    [page] = engine.store.pages()
    await receipts_of(engine).receive(SMS, page.ref, delivered=True, why=None)

    engine.clock.advance(3600)

    assert await engine.deliver() == 0
    assert providers.channels == [SMS]


async def test_a_receipt_that_comes_late_is_believed_all_the_same() -> None:
    engine = an_engine(Providers(MAIL, BELL), receipt_within_s=30)
    await engine.reported(an_incident())
    await engine.deliver()
    [page] = engine.store.pages()
    engine.clock.advance(30)
    while await engine.deliver():
        pass
    assert engine.store.alert().undelivered == ["operator"]

    await receipts_of(engine).receive(SMS, page.ref, delivered=True, why=None)

    assert engine.store.alert().undelivered == []


async def test_two_senders_of_one_page_record_one_attempt() -> None:
    providers = Providers(SMS)
    engine = an_engine(providers)
    await engine.reported(an_incident())
    now = engine.clock.now
    [page] = await engine.store.claim_pages(now, now + timedelta(seconds=5), 10)

    await engine.paging.send(page)
    await engine.paging.send(page)

    assert [(row.channel, row.attempt) for row in told(engine)] == [(SMS, 1)]
    assert engine.store.queued.most_common(1)[0][1] == 1


@pytest.mark.parametrize("seconds", [4.9, 5.1])
async def test_a_killed_senders_page_is_free_again_after_five_seconds(seconds: float) -> None:
    providers = Providers()
    engine = an_engine(providers)
    await engine.reported(an_incident())
    await engine.paging.claim(engine.clock.now, 10)

    engine.clock.advance(seconds)

    assert await engine.deliver() == (1 if seconds > 5 else 0)


async def test_who_is_still_sending_keeps_the_page() -> None:
    engine = an_engine(Providers())
    await engine.reported(an_incident())
    pages = await engine.paging.claim(engine.clock.now, 10)

    for _ in range(3):
        await engine.paging.hold(pages, engine.clock.advance(4))

    assert await engine.another().deliver() == 0
