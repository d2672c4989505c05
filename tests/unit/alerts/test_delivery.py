"""Pages leave once, are tried again while a provider refuses, and are told in events."""

import asyncio
from datetime import timedelta

import pytest

from services.alerts.domain.delivery import MAX_ATTEMPTS
from services.alerts.ports import Page, Receipt
from shared.events.alert import Notification
from tests.builders import TELEGRAM, an_incident
from tests.unit.alerts.engine import Engine


def notifications(engine: Engine) -> list[Notification]:
    data = (event.data for event in engine.store.events())
    return [told for told in data if isinstance(told, Notification)]


async def test_a_page_is_sent_once_and_told(engine: Engine) -> None:
    await engine.reported(an_incident())
    engine.clock.advance(0.5)

    assert await engine.deliver() == 2
    assert await engine.deliver() == 0

    assert [page.channel for page in engine.notifier.sent] == [TELEGRAM, "log"]
    told = notifications(engine)
    assert [(row.channel, row.attempt, row.error) for row in told] == [
        (TELEGRAM, 1, None),
        ("log", 1, None),
    ]
    assert engine.types()[1:] == ["notification.sent", "notification.sent"]
    assert engine.metric("ronda_pages_total", channel="log", result="sent") == 1
    assert engine.metric("ronda_report_to_page_seconds_sum") == 2 * 0.5


@pytest.mark.parametrize(("waited", "sent"), [(0.5, 2), (1.5, 0)])
async def test_the_first_page_of_what_was_taken_while_it_waited_is_not_sent(
    engine: Engine, waited: float, sent: int
) -> None:
    await engine.reported(an_incident())
    await engine.command("acknowledge")
    engine.clock.advance(waited)

    assert await engine.deliver() == 2
    engine.clock.advance(60)
    assert await engine.deliver() == 0

    assert len(engine.notifier.sent) == sent, "one that leaves at once asks nobody"


async def test_a_refused_page_is_tried_again_with_a_growing_pause_and_the_same_dedup(
    engine: Engine,
) -> None:
    await engine.reported(an_incident())
    engine.notifier.error = "503"
    await engine.deliver()
    failures = ["notification.failed", "notification.failed", "alert.updated"]
    assert engine.types()[1:] == [*failures, "alert.raised"], "that nobody was told is an alert"
    await engine.deliver()

    pauses = []
    for _ in range(MAX_ATTEMPTS - 1):
        waited = 0.0
        while not await engine.deliver():
            engine.clock.advance(0.5)
            waited += 0.5
        pauses.append(waited)

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    refused = [page for page in engine.notifier.refused if page.alert.kind == "incident"]
    assert len({page.dedup for page in refused}) == 2
    engine.clock.advance(3600)
    assert await engine.deliver() == 0


async def test_a_provider_that_heals_gets_the_page(engine: Engine) -> None:
    await engine.reported(an_incident())
    engine.notifier.error = "503"
    await engine.deliver()
    engine.notifier.error = None
    engine.clock.advance(1)

    assert await engine.deliver() == 4, "its own two, and those of the hole in the chain"

    own = engine.store.alert().id
    rows = [row for row in notifications(engine) if row.alert == own]
    assert [(row.attempt, row.error) for row in rows] == [
        (1, "503"),
        (1, "503"),
        (2, None),
        (2, None),
    ]


async def test_a_provider_that_fails_holds_up_no_climb(engine: Engine) -> None:
    await engine.reported(an_incident())
    engine.notifier.error = "503"
    await engine.deliver()

    await engine.after(10)

    assert engine.store.alert().level == 2


async def test_a_notifier_that_raises_is_a_failure_like_any_other(engine: Engine) -> None:
    class Broken:
        async def send(self, page: Page) -> Receipt:
            raise RuntimeError("a bug")

    engine.paging._notifiers = {"webhook": Broken(), "log": engine.notifier}
    await engine.reported(an_incident())

    await engine.deliver()

    assert [page.channel for page in engine.notifier.sent] == ["log"]
    assert {row.error for row in notifications(engine)} == {None, "RuntimeError('a bug')"}


async def test_a_page_for_a_channel_that_is_gone_fails_and_says_so(engine: Engine) -> None:
    engine.paging._notifiers = {"log": engine.notifier}
    await engine.reported(an_incident())

    await engine.deliver()

    assert f"there is no channel {TELEGRAM}" in {row.error for row in notifications(engine)}


async def test_a_crash_after_sending_sends_again_under_the_same_names(engine: Engine) -> None:
    await engine.reported(an_incident())
    engine.store.crash_before_commit = 2
    assert await engine.deliver() == 2
    assert await engine.deliver() == 0
    assert notifications(engine) == []

    engine.clock.advance(30)
    await engine.deliver()

    assert len(engine.notifier.sent) == 4
    assert len({page.dedup for page in engine.notifier.sent}) == 2
    assert [row.attempt for row in notifications(engine)] == [1, 1]


async def test_two_couriers_send_a_page_once(engine: Engine) -> None:
    await engine.reported(an_incident())
    other = engine.another()

    assert sorted(await asyncio.gather(engine.deliver(), other.deliver())) == [0, 2]

    assert len({page.dedup for page in engine.notifier.sent}) == len(engine.notifier.sent) == 2


async def test_a_page_shows_the_alert_as_it_was_when_it_was_decided(engine: Engine) -> None:
    await engine.reported(an_incident())
    await engine.command("acknowledge")

    await engine.deliver()

    assert {page.alert.version for page in engine.notifier.sent} == {1}
    assert engine.notifier.sent[0].due_at == engine.clock.now


async def test_no_more_are_claimed_than_can_be_sent_within_the_lease(engine: Engine) -> None:
    engine.paging._parallel = 1
    await engine.reported(an_incident())

    assert [await engine.deliver() for _ in range(3)] == [1, 1, 0]


@pytest.mark.parametrize("seconds", [29.9, 30.1])
async def test_a_lease_ends_when_it_was_said_to_end(engine: Engine, seconds: float) -> None:
    await engine.reported(an_incident())
    now = engine.clock.now
    await engine.store.claim_pages(now, now + timedelta(seconds=30), 10)

    engine.clock.advance(seconds)

    assert await engine.deliver() == (2 if seconds > 30 else 0)
