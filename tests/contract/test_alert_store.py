"""What a store of alerts promises, asked of the fake that unit tests use and of PostgreSQL."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from services.alerts.ports import (
    Answer,
    Duty,
    PendingVisit,
    Store,
    TopicPartition,
)
from shared.events.alert import Part
from shared.events.patrol import Fix
from tests.alerts_database import alerts_database, alerts_template
from tests.contract.alert_rows import NOW, UNIT, a_part, a_visit, an_alert, id_of
from tests.contract.alert_stores import a_page, fake, keep, postgres, store

__all__ = ["alerts_database", "alerts_template", "fake", "postgres", "store"]

MINUTE = timedelta(minutes=1)


# Transactions


async def test_what_a_failed_transaction_did_is_as_if_it_never_was(store: Store) -> None:
    async def fail() -> None:
        async with store.transaction() as transaction:
            await transaction.admit([id_of("report")])
            await transaction.advance({("ronda.incident", 0): 7})
            await transaction.save_alert(an_alert())
            await transaction.page(a_page())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.transaction() as transaction:
        assert await transaction.positions() == {}
        assert await transaction.alert(an_alert().id) is None
        assert await transaction.admit([id_of("report")]) == {id_of("report")}
    assert await store.claim_pages(NOW, NOW + MINUTE, 10) == []


async def test_an_event_is_admitted_once(store: Store) -> None:
    first, second, third = (id_of(str(number)) for number in range(3))
    async with store.transaction() as transaction:
        assert await transaction.admit([first, second, first]) == {first, second}
        assert await transaction.admit([]) == set()
    async with store.transaction() as transaction:
        assert await transaction.admit([second, third]) == {third}


async def test_positions_never_go_back(store: Store) -> None:
    incident: TopicPartition = ("ronda.incident", 0)
    patrol: TopicPartition = ("ronda.patrol", 5)
    async with store.transaction() as transaction:
        await transaction.lock_operation()
        await transaction.advance({incident: 10, patrol: 3})
    async with store.transaction() as transaction:
        await transaction.advance({incident: 4, patrol: 8})
        assert await transaction.positions() == {incident: 10, patrol: 8}


# Alerts


async def test_an_alert_comes_back_as_it_was_saved(store: Store) -> None:
    alert = replace(an_alert(), parts=[replace(a_part("report"), text="gelap \x00 sepi \u2028")])
    await keep(store, alert)
    async with store.transaction() as transaction:
        assert await transaction.alert(alert.id) == alert
        assert await transaction.alert(id_of("another")) is None


async def test_a_later_version_replaces_an_alert(store: Store) -> None:
    alert = an_alert()
    later = replace(alert, version=alert.version + 1, state="acknowledged", next_due_at=None)
    await keep(store, alert, later)
    async with store.transaction() as transaction:
        assert await transaction.alert(alert.id) == later
        assert await transaction.due_alerts(NOW + timedelta(days=1), 10) == []


async def test_only_alerts_that_are_not_closed_are_open(store: Store) -> None:
    resolved = an_alert("resolved", state="resolved", resolved_at=NOW)
    closed = an_alert("closed", state="closed", closed_at=NOW)
    await keep(store, an_alert("raised"), resolved, closed)
    async with store.transaction() as transaction:
        found = {alert.id for alert in await transaction.open_alerts()}
    assert found == {id_of("raised"), id_of("resolved")}


async def test_a_reopened_alert_is_open_again(store: Store) -> None:
    closed = an_alert(state="closed", closed_at=NOW)
    await keep(store, closed, replace(closed, state="raised", closed_at=None))
    async with store.transaction() as transaction:
        assert [alert.id for alert in await transaction.open_alerts()] == [closed.id]


async def test_an_alert_is_found_by_any_report_that_ever_belonged_to_it(store: Store) -> None:
    copied: Part = replace(a_part("sms"), copyof=id_of("app"))
    alert = an_alert(parts=[a_part("report"), copied])
    # An alert shows a bounded number of its parts; the index forgets none.
    await keep(store, alert, replace(alert, parts=[a_part("newest")]))
    async with store.transaction() as transaction:
        for event in ("report", "sms", "app", "newest"):
            found = await transaction.alert_with_part(id_of(event))
            assert found is not None
            assert found.id == alert.id
        assert await transaction.alert_with_part(id_of("stranger")) is None


async def test_due_alerts_come_oldest_first_and_no_more_than_asked_for(store: Store) -> None:
    await keep(
        store,
        an_alert("second", next_due_at=NOW - MINUTE),
        an_alert("first", next_due_at=NOW - 2 * MINUTE),
        an_alert("third", next_due_at=NOW),
        an_alert("future", next_due_at=NOW + MINUTE),
        an_alert("idle", next_due_at=None, next_due_kind=None),
    )
    async with store.transaction() as transaction:
        due = await transaction.due_alerts(NOW, 10)
        assert [alert.id for alert in due] == [id_of("first"), id_of("second"), id_of("third")]
        assert [alert.id for alert in await transaction.due_alerts(NOW, 1)] == [id_of("first")]


async def test_numbers_of_alerts_are_never_given_twice(store: Store) -> None:
    async with store.transaction() as transaction:
        first = await transaction.next_number()
        second = await transaction.next_number()
    async with store.transaction() as transaction:
        assert first < second < await transaction.next_number()


async def test_the_first_answer_to_a_key_stays(store: Store) -> None:
    async with store.transaction() as transaction:
        assert await transaction.answer("key") is None
        await transaction.keep_answer("key", "p-1", Answer(status=200, body=b"\x00{}"))
    async with store.transaction() as transaction:
        assert await transaction.answer("key") == Answer(status=200, body=b"\x00{}")


# Visits


async def test_adding_a_visit_again_leaves_what_became_of_it(store: Store) -> None:
    visit = a_visit("morning")
    done = PendingVisit(visit=replace(visit.visit, state="done", version=2), next_check_at=None)
    async with store.transaction() as transaction:
        await transaction.add_visits([visit, a_visit("evening")])
        await transaction.save_visit(done)
        await transaction.add_visits([visit])
        found = await transaction.visits_of(visit.visit.site, NOW - MINUTE, NOW + MINUTE)
    assert [each.visit.state for each in found if each.visit.id == visit.visit.id] == ["done"]


async def test_a_visit_keeps_its_barrier(store: Store) -> None:
    at_risk = a_visit("morning", barrier={0: 12, 5: 7}, barrier_at=NOW)
    async with store.transaction() as transaction:
        await transaction.add_visits([a_visit("morning")])
        await transaction.save_visit(at_risk)
    async with store.transaction() as transaction:
        assert await transaction.due_visits(NOW + timedelta(days=1), 10) == [at_risk]


async def test_visits_of_a_site_are_those_whose_window_overlaps(store: Store) -> None:
    morning = a_visit("morning", due_at=NOW)
    evening = a_visit("evening", due_at=NOW + timedelta(hours=8))
    elsewhere = a_visit("elsewhere", site="kpu", due_at=NOW)
    site = morning.visit.site
    async with store.transaction() as transaction:
        await transaction.add_visits([evening, morning, elsewhere])
    async with store.transaction() as transaction:
        whole_day = await transaction.visits_of(site, NOW, NOW + timedelta(hours=24))
        assert whole_day == [morning, evening]
        grace = morning.visit.grace_until
        assert await transaction.visits_of(site, grace, grace) == [morning]
        assert await transaction.visits_of(site, grace + MINUTE, grace + MINUTE) == []


async def test_only_future_visits_that_are_still_due_are_withdrawn(store: Store) -> None:
    begun = a_visit("begun", due_at=NOW)
    kept = a_visit("kept", due_at=NOW + timedelta(hours=3))
    dropped = a_visit("dropped", due_at=NOW + timedelta(hours=4))
    early = a_visit("early", due_at=NOW + timedelta(hours=5))
    done = PendingVisit(visit=replace(early.visit, state="done"), next_check_at=None)
    async with store.transaction() as transaction:
        await transaction.add_visits([begun, kept, dropped, early])
        await transaction.save_visit(done)
        await transaction.withdraw_visits([kept.visit.id], NOW)
    async with store.transaction() as transaction:
        left = await transaction.visits_of(begun.visit.site, NOW, NOW + timedelta(days=1))
    assert left == [begun, kept, done]


async def test_due_visits_are_those_whose_check_has_come(store: Store) -> None:
    soon = a_visit("soon", due_at=NOW)
    later = a_visit("later", due_at=NOW + timedelta(hours=1))
    assert soon.next_check_at is not None
    async with store.transaction() as transaction:
        await transaction.add_visits([later, soon])
    async with store.transaction() as transaction:
        assert await transaction.due_visits(soon.next_check_at - MINUTE, 10) == []
        assert await transaction.due_visits(soon.next_check_at, 10) == [soon]
        assert await transaction.due_visits(NOW + timedelta(days=1), 1) == [soon]


async def test_visits_are_due_apart_from_alerts(store: Store) -> None:
    assert (await store.next_due(), await store.next_visit_due()) == (None, None)
    visit = a_visit("morning", due_at=NOW)
    async with store.transaction() as transaction:
        await transaction.add_visits([visit])
    assert await store.next_due() is None
    assert await store.next_visit_due() == visit.next_check_at
    await keep(store, an_alert(next_due_at=NOW - MINUTE))
    assert await store.next_due() == NOW - MINUTE


async def test_the_ends_are_awaited_by_a_visit_past_its_grace_without_a_barrier(
    store: Store,
) -> None:
    pending = a_visit("morning", due_at=NOW)
    visit, grace = pending.visit, pending.visit.grace_until
    async with store.transaction() as transaction:
        await transaction.add_visits([pending])
    assert not await store.awaits_ends(grace - timedelta(seconds=1))
    assert await store.awaits_ends(grace)

    for done in (PendingVisit(visit, grace, barrier={}), PendingVisit(visit, None)):
        async with store.transaction() as transaction:
            await transaction.save_visit(done)
        assert not await store.awaits_ends(grace)


# Patrols


async def test_a_crew_is_on_duty_until_it_ends(store: Store) -> None:
    crew = Duty(crew="R-21", unit=UNIT, since=NOW, members=("p-1", "p-2"))
    async with store.transaction() as transaction:
        await transaction.save_duty(crew)
        assert await transaction.duties() == [crew]
        await transaction.end_duty("R-21", NOW + MINUTE)
        assert await transaction.duties() == []


async def test_an_end_that_arrives_late_does_not_end_the_next_duty(store: Store) -> None:
    again = Duty(crew="R-21", unit=UNIT, since=NOW + 2 * MINUTE, members=("p-1",))
    async with store.transaction() as transaction:
        await transaction.save_duty(again)
        await transaction.end_duty("R-21", NOW)
        assert await transaction.duties() == [again]


async def test_a_start_that_arrives_late_does_not_replace_a_newer_one(store: Store) -> None:
    newer = Duty(crew="R-21", unit=UNIT, since=NOW, members=("p-1", "p-2"))
    async with store.transaction() as transaction:
        await transaction.save_duty(newer)
        await transaction.save_duty(Duty("R-21", UNIT, NOW - MINUTE, ("p-3",)))
        assert await transaction.duties() == [newer]


async def test_only_a_newer_position_moves_a_crew(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.save_duty(Duty(crew="R-21", unit=UNIT, since=NOW, members=("p-1",)))
        await transaction.move("R-21", Fix(lat=-6.9, lon=112.1), NOW + 2 * MINUTE)
        await transaction.move("R-21", Fix(lat=-6.5, lon=112.5), NOW + MINUTE)
        await transaction.move("stranger", Fix(lat=-6.5, lon=112.5), NOW)
    async with store.transaction() as transaction:
        [crew] = await transaction.duties()
    assert (crew.lat, crew.lon, crew.position_at) == (-6.9, 112.1, NOW + 2 * MINUTE)
