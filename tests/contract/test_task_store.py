"""What a store promises of tasks, devices and codes, asked of the fake and of PostgreSQL."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from services.alerts.domain.doubt import doubt_of
from services.alerts.domain.presence import DeviceTrack, Sighting, Use
from services.alerts.domain.sequence import Count, counted, opened
from services.alerts.ports import Store
from shared.events.task import Task
from shared.events.task_samples import DOUBT, GAP, VULNERABILITY
from tests.alerts_database import alerts_database, alerts_template
from tests.contract.alert_rows import NOW, UNIT, id_of
from tests.contract.alert_stores import fake, postgres, store

__all__ = ["alerts_database", "alerts_template", "fake", "postgres", "store"]

MINUTE = timedelta(minutes=1)


def a_task(name: str = "task", **over: Any) -> Task:
    return replace(VULNERABILITY, id=id_of(name), **over)


def a_sighting(name: str) -> Sighting:
    return Sighting(
        event=id_of(name),
        at=NOW,
        lat=-6.9,
        lon=112.1,
        accuracy_m=None,
        is_evidence=True,
        actor="p-1",
        site="gudang",
        unit=UNIT,
    )


async def keep(store: Store, *tasks: Task) -> None:
    async with store.transaction() as transaction:
        for task in tasks:
            await transaction.save_task(task)


async def kept_tracks(store: Store, *devices: str) -> dict[str, DeviceTrack]:
    async with store.transaction() as transaction:
        return dict(await transaction.tracks(devices))


async def test_a_task_comes_back_as_it_was_saved_last(store: Store) -> None:
    task = a_task(text="gelap \x00 sepi")
    await keep(store, task, replace(task, version=2, state="done", next_due_at=None))
    async with store.transaction() as transaction:
        assert await transaction.task(task.id) == replace(
            task, version=2, state="done", next_due_at=None
        )
        assert await transaction.task(id_of("stranger")) is None


async def test_due_tasks_come_oldest_first_and_no_more_than_asked_for(store: Store) -> None:
    await keep(
        store,
        a_task("second", next_due_at=NOW - MINUTE),
        a_task("first", next_due_at=NOW - 2 * MINUTE),
        a_task("future", next_due_at=NOW + MINUTE),
        a_task("done", next_due_at=None),
    )
    async with store.transaction() as transaction:
        due = [task.id for task in await transaction.due_tasks(NOW, 10)]
        assert due == [id_of("first"), id_of("second")]
        assert len(await transaction.due_tasks(NOW, 1)) == 1


async def test_a_task_that_one_has_another_skips(store: Store) -> None:
    await keep(store, a_task("one", next_due_at=NOW), a_task("two", next_due_at=NOW))
    async with store.transaction() as first, store.transaction() as second:
        mine = await first.due_tasks(NOW, 1)
        others = await second.due_tasks(NOW, 10)
    assert len(mine) == len(others) == 1
    assert mine != others


async def test_vulnerabilities_of_a_site_are_the_open_ones_oldest_first(store: Store) -> None:
    site = VULNERABILITY.site or ""
    await keep(
        store,
        a_task("newer", reported_at=NOW, text="baru"),
        a_task("older", reported_at=NOW - MINUTE, text="lama"),
        a_task("overdue", reported_at=NOW + MINUTE, state="overdue", text="lewat"),
        a_task("done", state="done", next_due_at=None),
        a_task("elsewhere", site="kpu"),
        a_task("advice", kind="advice"),
    )
    async with store.transaction() as transaction:
        found = await transaction.vulnerabilities_of(site)
    assert [each.data.text for each in found] == ["lama", "baru", "lewat"]
    assert found[0].event == id_of("older")


async def test_the_next_due_time_is_also_that_of_tasks_and_devices(store: Store) -> None:
    await keep(store, a_task(next_due_at=NOW + MINUTE))
    assert await store.next_due() == NOW + MINUTE
    async with store.transaction() as transaction:
        await transaction.save_tracks([DeviceTrack("d", count=counted(Count(), [1, 3], NOW))])
    assert await store.next_due() == NOW + MINUTE
    await keep(store, a_task(next_due_at=None))
    assert await store.next_due() == NOW + MINUTE


async def test_what_is_known_of_a_device_comes_back(store: Store) -> None:
    count = opened(counted(Count(), [1, 3], NOW), NOW + MINUTE)
    assert count is not None
    track = DeviceTrack("d-1", (a_sighting("one"), a_sighting("two")), count, "p-1", UNIT)
    async with store.transaction() as transaction:
        await transaction.save_tracks([track, DeviceTrack("d-2")])
    assert await kept_tracks(store, "d-1", "d-3") == {"d-1": track}


async def test_due_devices_are_those_that_have_something_to_tell(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.save_tracks(
            [
                DeviceTrack("d-1", count=counted(Count(), [1, 3], NOW)),
                DeviceTrack("d-2", count=counted(Count(), [1, 2], NOW)),
            ]
        )
    async with store.transaction() as transaction:
        assert await transaction.due_tracks(NOW, 10) == []
        due = await transaction.due_tracks(NOW + MINUTE, 10)
    assert [track.device for track in due] == ["d-1"]


async def test_doubts_and_gaps_are_kept_whatever_is_kept_again(store: Store) -> None:
    doubt, closed = doubt_of(DOUBT, None, NOW), replace(GAP, state="closed")
    for gap in (replace(GAP, state="open"), closed, closed):
        async with store.transaction() as transaction:
            await transaction.keep_doubts([doubt, doubt])
            await transaction.save_gap(gap)
            await transaction.keep_doubts([])


async def test_two_who_see_a_new_device_at_once_see_it_one_after_the_other(store: Store) -> None:
    async def count(number: int) -> None:
        async with store.transaction() as transaction:
            known = (await transaction.tracks(["d-1"])).get("d-1", DeviceTrack("d-1"))
            await transaction.save_tracks([known.counting(counted(known.count, [number], NOW))])

    await asyncio.gather(*map(count, range(8)))
    track = (await kept_tracks(store, "d-1"))["d-1"]
    assert (track.count.first, track.count.last, track.count.holes) == (0, 7, ())


async def test_two_who_use_a_new_code_at_once_see_each_other(store: Store) -> None:
    async def use(name: str) -> Sequence[Use]:
        async with store.transaction() as transaction:
            known = (await transaction.code_uses(["K1"])).get("K1", ())
            new = Use(a_sighting(name), name)
            await transaction.save_code_uses({"K1": (*known, new)})
            return known

    seen = await asyncio.gather(*(use(f"d-{number}") for number in range(5)))
    assert sorted(map(len, seen)) == [0, 1, 2, 3, 4]
