"""What a store promises of silences, of reports that change hands, of questions to crews, and of
handovers: the fake and PostgreSQL."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from services.alerts.ports import Store
from shared.events.watch import Handover
from shared.events.watch_samples import PREPARED
from shared.events.welfare import Nudge
from shared.events.welfare_samples import NUDGE
from tests.alerts_database import alerts_database, alerts_template
from tests.contract.alert_rows import NOW, a_part, an_alert, id_of
from tests.contract.alert_stores import fake, postgres, store

__all__ = ["alerts_database", "alerts_template", "fake", "postgres", "store"]

SITE = "gudang"
MINUTE = timedelta(minutes=1)
LATER = NOW + MINUTE


async def test_a_site_has_one_silence_until_it_is_heard_of_since(store: Store) -> None:
    first, second = id_of("first"), id_of("second")
    async with store.transaction() as transaction:
        assert await transaction.begin_silence(SITE, first, NOW) is None
        assert await transaction.begin_silence(SITE, second, LATER) == first
        await transaction.renew_silence(SITE, second, LATER)
        assert await transaction.begin_silence(SITE, first, NOW) == second
    async with store.transaction() as transaction:
        assert await transaction.end_silences({SITE: NOW, "kpu": LATER}) == []
        assert list(await transaction.end_silences({SITE: LATER})) == [second]
    async with store.transaction() as transaction:
        assert await transaction.begin_silence(SITE, first, NOW) is None


async def test_a_site_that_was_never_heard_of_has_no_last_sign(store: Store) -> None:
    async with store.transaction() as transaction:
        assert await transaction.last_sign(SITE) is None
        await transaction.seen(SITE, NOW, "aman")
        assert await transaction.last_sign(SITE) == NOW
    async with store.transaction() as transaction:
        await transaction.seen(SITE, LATER, None)
    async with store.transaction() as transaction:
        assert await transaction.last_sign(SITE) == LATER


@pytest.mark.parametrize("judged_first", [True, False])
async def test_a_sign_and_a_silence_at_once_never_leave_a_silence_behind(
    store: Store, judged_first: bool
) -> None:
    """Whoever is second sees what the first has done, also for a site never heard of before."""
    ended: list[str] = []

    async def judge() -> None:
        async with store.transaction() as transaction:
            if await transaction.last_sign(SITE) is None:
                await transaction.begin_silence(SITE, id_of("silent"), NOW)
            await asyncio.sleep(0)

    async def hear() -> None:
        async with store.transaction() as transaction:
            await transaction.seen(SITE, LATER, None)
            ended.extend(await transaction.end_silences({SITE: LATER}))
            await asyncio.sleep(0)

    order = (judge(), hear()) if judged_first else (hear(), judge())
    await asyncio.gather(*order)
    async with store.transaction() as transaction:
        assert await transaction.end_silences({SITE: LATER}) == []


async def test_reports_that_change_hands_are_found_where_they_went(store: Store) -> None:
    one = an_alert("one", parts=[a_part("a"), a_part("b")])
    other = an_alert("other", parts=[a_part("c")])
    async with store.transaction() as transaction:
        await transaction.save_alert(one)
        await transaction.save_alert(other)
        await transaction.move_parts([id_of("b")], one.id, other.id)
        # Not theirs to move.
        await transaction.move_parts([id_of("a")], other.id, one.id)
    assert await homes(store, "a", "b", "c") == [one.id, other.id, other.id]

    async with store.transaction() as transaction:
        await transaction.move_parts(None, other.id, one.id)
        # What is saved again takes nothing back.
        await transaction.save_alert(other)
    assert await homes(store, "a", "b", "c") == [one.id] * 3


async def homes(store: Store, *names: str) -> list[str]:
    found = []
    async with store.transaction() as transaction:
        for name in names:
            alert = await transaction.alert_with_part(id_of(name))
            assert alert is not None
            found.append(alert.id)
    return found


def a_nudge(name: str, crew: str = "R-21", **over: Any) -> Nudge:
    return replace(NUDGE, id=id_of(name), crew=crew, asked_at=NOW, due_at=NOW + 10 * MINUTE, **over)


async def begun(store: Store, nudge: Nudge) -> Nudge | None:
    async with store.transaction() as transaction:
        return await transaction.ask(nudge)


async def test_a_crew_has_one_question_at_a_time_and_then_the_next(store: Store) -> None:
    first, second = a_nudge("first"), a_nudge("second")
    assert await begun(store, first) is None
    assert await begun(store, second) == first
    assert await begun(store, a_nudge("theirs", "R-07")) is None
    ended = replace(first, state="answered", version=2)
    async with store.transaction() as transaction:
        assert await transaction.nudge(first.id) == first
        assert await transaction.nudge(second.id) is None
        await transaction.save_nudge(ended)
    assert await begun(store, second) is None
    async with store.transaction() as transaction:
        await transaction.save_nudge(second)
        assert await transaction.nudge(first.id) is None
        assert await transaction.nudge(second.id) == second


async def test_questions_are_due_when_their_time_is_over_and_never_once_they_ended(
    store: Store,
) -> None:
    early, late = a_nudge("early", "R-01"), a_nudge("late", "R-02")
    late = replace(late, due_at=NOW + 20 * MINUTE)
    for each in (late, early, a_nudge("answered", "R-03", state="answered")):
        await begun(store, each)
    assert await store.next_due() == early.due_at
    async with store.transaction() as transaction:
        assert await transaction.due_nudges(early.due_at - MINUTE, 9) == []
        assert await transaction.due_nudges(late.due_at, 9) == [early, late]
        async with store.transaction() as other:
            assert await other.due_nudges(late.due_at, 9) == []
        await transaction.save_nudge(replace(early, state="lapsed"))
    async with store.transaction() as transaction:
        assert await transaction.due_nudges(late.due_at, 1) == [late]
    assert await store.next_due() == late.due_at


async def test_of_two_who_ask_one_crew_at_once_one_does(store: Store) -> None:
    asked = [a_nudge(f"at-once-{number}") for number in range(6)]
    standing = await asyncio.gather(*(begun(store, each) for each in asked))
    assert standing.count(None) == 1
    won = asked[standing.index(None)]
    assert {each.id for each in standing if each is not None} == {won.id}


def a_handover(name: str, minutes: int = 0, **over: Any) -> Handover:
    at = NOW + minutes * MINUTE
    by = replace(PREPARED.outgoing, at=at)
    return replace(PREPARED, id=id_of(name), outgoing=by, due_at=at + 15 * MINUTE, **over)


async def test_of_a_unit_the_newest_handover_is_found_whoever_ended_it(store: Store) -> None:
    first, second = a_handover("first"), a_handover("second", 1)
    async with store.transaction() as transaction:
        assert await transaction.newest_handover(first.unit) is None
        for each in (second, first, a_handover("theirs", 2, unit=f"{first.unit}/polsek")):
            await transaction.save_handover(each)
    ended = replace(second, withdrawn=second.outgoing)
    async with store.transaction() as transaction:
        assert await transaction.newest_handover(first.unit) == second
        await transaction.save_handover(ended)
        assert await transaction.newest_handover(first.unit) == ended


async def test_a_handover_is_due_until_it_was_accepted_withdrawn_or_told_of(store: Store) -> None:
    early, late = a_handover("early"), a_handover("late", 1)
    by = PREPARED.outgoing
    async with store.transaction() as transaction:
        await transaction.save_handover(a_handover("accepted", incoming=by))
        await transaction.save_handover(a_handover("withdrawn", withdrawn=by))
        await transaction.save_handover(a_handover("told", alert=id_of("alert")))
        await transaction.save_handover(replace(a_handover("old"), due_at=None))
        await transaction.save_handover(late)
        await transaction.save_handover(early)
    assert await store.next_due() == early.due_at
    assert early.due_at is not None
    assert late.due_at is not None
    async with store.transaction() as transaction:
        assert await transaction.due_handovers(early.due_at - MINUTE, 9) == []
        assert await transaction.due_handovers(late.due_at, 9) == [early, late]
        async with store.transaction() as other:
            assert await other.due_handovers(late.due_at, 9) == []
        await transaction.save_handover(replace(early, alert=id_of("alarm")))
    async with store.transaction() as transaction:
        assert await transaction.due_handovers(late.due_at, 9) == [late]
