"""Keeping batches: nothing between them is missed, whatever the consumer is handed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from services.archive.domain.kept import Batch
from services.archive.handlers import Keeping
from services.archive.handlers.keeping import AGAIN_LATER, AGAIN_SOON, PATIENCE
from services.archive.metrics import Metrics
from services.archive.ports import Outcome, Unavailable, Unstorable
from tests.unit.archive.builders import NIGHT, a_batch, an_event, an_id
from tests.unit.archive.fakes import MemoryArchive, MemoryLog


class Desk:
    """A handler with everything around it."""

    def __init__(self, archive: MemoryArchive | None = None, log: MemoryLog | None = None) -> None:
        self.archive = archive or MemoryArchive()
        self.log = log or MemoryLog()
        self.registry = CollectorRegistry()
        self.now = NIGHT
        self.keeping = Keeping(
            store=self.archive, log=self.log, clock=self._clock, metrics=Metrics(self.registry)
        )
        self.on = self.keeping.on_batches

    def _clock(self) -> datetime:
        return self.now

    def measured(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)

    @property
    def offsets(self) -> list[int]:
        return [found.place.offset for found in self.archive.found]


async def test_a_restored_database_sends_the_reader_back_to_its_head() -> None:
    desk = Desk(log=MemoryLog(*range(6)))
    await desk.on([a_batch(*[an_event(str(n)) for n in range(4)])])
    desk.archive.forget("ronda.patrol", 0, 2)
    ahead = a_batch(an_event("4"), an_event("5"), first=4)
    await desk.on([ahead])
    assert (desk.log.went_to, desk.offsets) == ([2], [0, 1])
    await desk.on([a_batch(*[an_event(str(n)) for n in range(2, 6)], first=2)])
    assert desk.offsets == [0, 1, 2, 3, 4, 5]


async def test_a_group_that_begins_late_on_an_empty_database_is_sent_to_the_beginning() -> None:
    desk = Desk(log=MemoryLog(0, 1, 2))
    await desk.on([a_batch(an_event("c"), first=2)])
    assert (desk.log.went_to, desk.offsets) == ([0], [])


async def test_what_retention_has_removed_is_counted_and_not_waited_for() -> None:
    desk = Desk(log=MemoryLog(5, 6))
    await desk.on([a_batch(an_event("f"), first=5)])
    assert (desk.log.went_to, desk.offsets) == ([], [5])
    assert desk.measured("ronda_archive_missing_total", topic="ronda.patrol") == 5


class BusyWhenAGapIsClosed(MemoryArchive):
    """A database that is away the first time that a batch is to be stored behind a gap."""

    busy = True

    async def keep(self, batches: Sequence[Batch], now: datetime) -> Sequence[Outcome]:
        if self.busy and any(batch.joins_at < batch.records[0].offset for batch in batches):
            self.busy = False
            raise Unavailable("busy")
        return await super().keep(batches, now)


async def test_what_is_missing_is_counted_once_however_often_it_is_tried() -> None:
    desk = Desk(BusyWhenAGapIsClosed(), MemoryLog(5, 6))
    batch = a_batch(an_event("f"), first=5)
    with pytest.raises(Unavailable):
        await desk.on([batch])
    await desk.on([batch])
    assert desk.offsets == [5]
    assert desk.measured("ronda_archive_missing_total", topic="ronda.patrol") == 5


async def test_a_gap_in_one_partition_does_not_keep_another_from_being_stored() -> None:
    desk = Desk(log=MemoryLog(*range(4)))
    await desk.on([a_batch(an_event("d"), first=3), a_batch(an_event("x"), partition=1)])
    assert [found.id for found in desk.archive.found] == [an_id("x")]


async def test_repeats_are_skipped_and_counted() -> None:
    desk = Desk(log=MemoryLog(0, 1))
    batch = a_batch(an_event("a"), an_event("b"))
    await desk.on([batch])
    await desk.on([batch])
    assert desk.offsets == [0, 1]
    assert desk.measured("ronda_archive_repeated_total") == 2
    assert desk.keeping.logs().ok


async def shortened() -> Desk:
    """Five records are archived of a log that now seems to hold two, and the first comes again."""
    desk = Desk(log=MemoryLog(0, 1))
    await desk.on([a_batch(*[an_event(str(n)) for n in range(5)])])
    await desk.on([a_batch(an_event("0"))])
    assert desk.log.held_at == [0]
    return desk


async def test_a_log_that_seems_short_for_a_moment_is_asked_again_and_nobody_is_alarmed() -> None:
    desk = await shortened()
    assert desk.keeping.logs().ok
    desk.keeping.look_again()
    assert desk.log.let_go == []
    desk.now += AGAIN_SOON
    desk.keeping.look_again()
    assert desk.log.let_go == [0]
    desk.log.offsets += [2, 3, 4]
    await desk.on([a_batch(an_event("0"))])
    desk.now += PATIENCE
    assert desk.keeping.logs().ok
    assert desk.measured("ronda_archive_foreign_partitions") == 0
    desk.keeping.look_again()
    assert desk.log.let_go == [0], "what was released is not let go again"


async def test_a_log_that_stays_shorter_than_its_archive_is_not_read_and_says_so() -> None:
    desk = await shortened()
    desk.now += PATIENCE
    desk.keeping.look_again()
    await desk.on([a_batch(an_event("new"))])
    assert (desk.log.held_at, desk.offsets) == ([0, 0], [0, 1, 2, 3, 4])
    verdict = desk.keeping.logs()
    assert not verdict.ok
    assert "ronda.patrol/0 is another log" in verdict.detail
    assert desk.measured("ronda_archive_foreign_partitions") == 1


async def test_a_held_partition_is_looked_at_again_later_and_heals_by_itself() -> None:
    desk = await shortened()
    desk.now += PATIENCE
    desk.keeping.look_again()
    await desk.on([a_batch(an_event("0"))])
    desk.keeping.look_again()
    assert desk.log.let_go == [0], "not at once"
    desk.now += AGAIN_LATER
    desk.keeping.look_again()
    desk.log.offsets += [2, 3, 4, 5]
    await desk.on([a_batch(an_event("5"), first=5)])
    assert desk.offsets == [0, 1, 2, 3, 4, 5]
    assert desk.keeping.logs().ok
    assert desk.measured("ronda_archive_foreign_partitions") == 0


async def test_a_clock_that_is_put_back_keeps_no_partition_held() -> None:
    desk = await shortened()
    desk.now -= timedelta(days=1)
    desk.keeping.look_again()
    assert desk.log.let_go == [0]


async def test_a_held_partition_that_is_another_replica_s_now_is_its_matter() -> None:
    desk = await shortened()
    desk.now += PATIENCE
    assert not desk.keeping.logs().ok
    desk.log.is_ours = False
    desk.keeping.look_again()
    assert desk.keeping.logs().ok
    assert desk.measured("ronda_archive_foreign_partitions") == 0


async def test_a_log_with_another_record_in_the_head_s_place_is_not_read() -> None:
    desk = Desk(log=MemoryLog(*range(9)))
    await desk.on([a_batch(an_event("a"), an_event("b"))])
    batch = a_batch(an_event("c"), an_event("d"))
    moved = [
        record._replace(appended_at=record.appended_at + timedelta(days=1))
        for record in batch.records
    ]
    await desk.on([batch._replace(records=moved)])
    assert (desk.log.held_at, desk.offsets) == ([0], [0, 1])
    await desk.on([a_batch(an_event("c"), first=2)])
    assert desk.keeping.logs().ok


@pytest.mark.parametrize("where", [0, 1, 6])
async def test_the_one_event_that_the_database_refuses_is_kept_as_bytes_alone(where: int) -> None:
    values = [an_event(str(number)) for number in range(7)]
    values[where] = an_event("bad", type="ronda.cursed.v1")
    desk = Desk(MemoryArchive(refuses="ronda.cursed.v1"))
    await desk.on([a_batch(an_event("x"), partition=3), a_batch(*values)])
    by_place = {(found.place.partition, found.place.offset): found for found in desk.archive.found}
    assert len(by_place) == 8
    assert {place for place, found in by_place.items() if found.status != "event"} == {(0, where)}
    assert by_place[0, where].value == values[where]
    assert desk.measured("ronda_archive_unstorable_total") == 1


async def test_a_database_that_refuses_everything_is_tried_again_instead_of_skipped() -> None:
    class Full(MemoryArchive):
        async def keep(self, batches: object, now: datetime) -> list[object]:  # type: ignore[override]
            raise Unstorable("no")

    with pytest.raises(Unstorable):
        await Desk(Full()).on([a_batch(an_event("a"), an_event("b"))])


async def test_records_are_counted_by_what_they_are_and_timed_from_their_oldest() -> None:
    desk = Desk()
    desk.now = NIGHT + timedelta(seconds=9)
    await desk.on([a_batch(an_event("a"), an_event("a"), b"?")])
    for status, count in (("event", 1), ("duplicate", 1), ("undecodable", 1), ("conflict", None)):
        assert count == desk.measured(
            "ronda_archive_records_total", topic="ronda.patrol", status=status
        )
    assert desk.measured("ronda_archive_freshness_seconds_sum") == 9
    assert desk.measured("ronda_archive_end_to_end_seconds_sum") == 7
    assert desk.measured("ronda_archive_commit_seconds_count") == 1
