"""What a store of alerts promises of pages, asked of the fake and of PostgreSQL."""

from datetime import timedelta

from services.alerts.ports import (
    Progress,
    Store,
)
from shared.events.identity import derived_id
from tests.alerts_database import alerts_database, alerts_template
from tests.contract.alert_rows import NOW, a_part, an_alert
from tests.contract.alert_stores import a_page, fake, keep, postgres, queue, store

__all__ = ["alerts_database", "alerts_template", "fake", "postgres", "store"]

MINUTE = timedelta(minutes=1)


async def test_a_page_is_queued_once_and_leased_to_one(store: Store) -> None:
    await queue(store, a_page("one"), a_page("one"), a_page("two", due_at=NOW + 2 * MINUTE))
    assert [page.dedup for page in await store.claim_pages(NOW, NOW + MINUTE, 10)] == ["one"]
    assert await store.claim_pages(NOW, NOW + MINUTE, 10) == []
    # Whoever had it has died: it comes again, before the one that is due later.
    again = await store.claim_pages(NOW + 2 * MINUTE, NOW + 3 * MINUTE, 10)
    assert sorted(page.dedup for page in again) == ["one", "two"]


async def test_a_claimed_page_is_the_snapshot_that_was_queued(store: Store) -> None:
    await queue(store, a_page())
    later = derived_id(NOW, "another event")
    await keep(store, an_alert(version=9, parts=[a_part("report"), a_part(later)]))
    assert list(await store.claim_pages(NOW, NOW + MINUTE, 10)) == [a_page()]


async def test_the_longest_due_pages_are_claimed_first(store: Store) -> None:
    pages = [a_page(str(number), due_at=NOW - number * MINUTE) for number in range(5)]
    await queue(store, *pages)
    claimed = await store.claim_pages(NOW, NOW + MINUTE, 2)
    assert [page.dedup for page in claimed] == ["4", "3"]


async def settle(store: Store, dedup: str, before: int, progress: Progress) -> bool:
    async with store.transaction() as transaction:
        return await transaction.settle_page(dedup, before, progress)


DAY = timedelta(days=1)
TAKEN = Progress(1, accepted_at=NOW, ref="m-1")


async def test_a_finished_page_never_comes_again(store: Store) -> None:
    await queue(store, a_page())
    assert await settle(store, "page", 0, TAKEN)
    await queue(store, a_page())
    assert await store.claim_pages(NOW + DAY, NOW + 2 * DAY, 10) == []


async def test_a_failed_page_comes_again_when_it_is_due(store: Store) -> None:
    await queue(store, a_page())
    await store.claim_pages(NOW, NOW + MINUTE, 10)
    assert await settle(store, "page", 0, Progress(1, NOW + 2 * MINUTE, error="503\x00"))
    assert await store.claim_pages(NOW + MINUTE, NOW + 5 * MINUTE, 10) == []
    [page] = await store.claim_pages(NOW + 2 * MINUTE, NOW + 5 * MINUTE, 10)
    assert (page.attempt, page.accepted_at) == (1, None)


async def test_an_attempt_is_settled_once(store: Store) -> None:
    await queue(store, a_page())
    assert await settle(store, "page", 0, Progress(1, NOW + MINUTE, error="503"))
    assert not await settle(store, "page", 0, TAKEN)
    assert not await settle(store, "nothing", 0, TAKEN)


async def test_what_was_taken_may_bounce_once_or_arrive_once(store: Store) -> None:
    await queue(store, a_page("bounces"), a_page("arrives"))
    for dedup in ("bounces", "arrives"):
        assert await settle(store, dedup, 0, TAKEN)
    bounce = Progress(1, error="no such number")
    assert [await settle(store, "bounces", 1, bounce) for _ in range(2)] == [True, False]
    arrival = Progress(1, accepted_at=NOW, delivered_at=NOW)
    # The word that it has arrived is believed even after the word that it has not.
    for dedup in ("bounces", "arrives"):
        assert [await settle(store, dedup, 1, arrival) for _ in range(2)] == [True, False]
    assert not await settle(store, "arrives", 1, bounce)


async def test_a_page_whose_receipt_is_waited_for_comes_again(store: Store) -> None:
    await queue(store, a_page())
    waiting = Progress(1, NOW + MINUTE, accepted_at=NOW, ref="m-1")
    assert await settle(store, "page", 0, waiting)
    [page] = await store.claim_pages(NOW + MINUTE, NOW + 2 * MINUTE, 10)
    assert (page.attempt, page.accepted_at) == (1, NOW)


async def test_a_page_is_found_by_the_name_that_its_provider_gave(store: Store) -> None:
    await queue(store, a_page())
    await settle(store, "page", 0, TAKEN)
    # A later word without a name does not take it away.
    await settle(store, "page", 1, Progress(1, error="no such number"))
    named = await store.page_named("log", "m-1")
    assert named is not None
    assert (named.dedup, named.attempt) == ("page", 1)
    assert await store.page_named("log", "m-2") is None
    assert await store.page_named("sms", "m-1") is None


async def test_pages_of_busy_channels_are_left(store: Store) -> None:
    await queue(store, a_page("one"), a_page("two", channel="sms"))
    claimed = await store.claim_pages(NOW, NOW + MINUTE, 10, ["sms", "mail"])
    assert [page.dedup for page in claimed] == ["one"]


async def test_a_lease_is_renewed_for_what_is_still_being_sent(store: Store) -> None:
    await queue(store, a_page("sent"), a_page("waits"))
    await store.claim_pages(NOW, NOW + MINUTE, 10)
    await settle(store, "sent", 0, TAKEN)
    await store.hold_pages(["sent", "waits"], NOW + 3 * MINUTE)
    assert await store.claim_pages(NOW + 2 * MINUTE, NOW + DAY, 10) == []
    held = await store.claim_pages(NOW + 3 * MINUTE, NOW + DAY, 10)
    assert [page.dedup for page in held] == ["waits"]


async def test_the_pages_of_a_call_tell_how_they_stand(store: Store) -> None:
    pages = (a_page("b", call="c"), a_page("a", call="c"), a_page("d", call="another"))
    await queue(store, *pages)
    await settle(store, "a", 0, Progress(1, NOW + MINUTE, error="503"))
    async with store.transaction() as transaction:
        seen = [each.failed for each in await transaction.call("c")]
        await transaction.settle_page("b", 0, TAKEN)
        own = [each.attempt for each in await transaction.call("c")]
    assert (seen, own) == ([True, False], [1, 1])
