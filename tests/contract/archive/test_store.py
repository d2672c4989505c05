"""One suite for the archive's store, held against the fake and against real PostgreSQL."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from services.archive.adapters.reading import PostgresReader
from services.archive.adapters.store import PostgresStore
from services.archive.domain.kept import Batch
from services.archive.domain.search import Place, Rights, Search
from services.archive.ports import Found, Outcome, Page, Reader, Store, Totals
from shared import database
from tests.unit.archive.builders import NIGHT, UNIT, a_batch, an_event, an_id
from tests.unit.archive.fakes import MemoryArchive

ALL = Rights(within=UNIT, sees_unitless=True, tracks=True)


@dataclass
class Archive:
    """Both halves of the port under test."""

    store: Store
    reader: Reader

    async def keep(self, *batches: Batch) -> list[Outcome]:
        return list(await self.store.keep(batches, NIGHT))

    async def page(self, rights: Rights = ALL, **filters: object) -> Page:
        search = Search(**{"limit": 1000} | filters)  # type: ignore[arg-type]
        return await self.reader.page(search, rights)

    async def found(self, rights: Rights = ALL, **filters: object) -> list[Found]:
        return list((await self.page(rights, **filters)).found)

    async def statuses(self, name: str) -> list[str]:
        return [found.status for found in await self.found(id=an_id(name))]


@pytest.fixture
async def postgres(database_url: str) -> AsyncIterator[Archive]:
    engine = database.engine(database_url, application="test")
    yield Archive(PostgresStore(engine, prefix="t."), PostgresReader(engine, prefix="t."))
    await engine.dispose()


@pytest.fixture
async def memory() -> Archive:
    both = MemoryArchive()
    return Archive(both, both)


@pytest.fixture(params=["memory", "postgres"])
def archive(request: pytest.FixtureRequest) -> Archive:
    chosen: Archive = request.getfixturevalue(request.param)
    return chosen


def values(found: list[Found]) -> list[bytes | None]:
    return [each.value for each in found]


def outcome(verdict: Any = "kept", head: int = 0, **counts: int) -> Outcome:
    return Outcome(verdict, head, **counts)


async def test_records_are_kept_as_they_were_read_and_come_back_in_the_order_of_appending(
    archive: Archive,
) -> None:
    first, second, third = an_event("a"), an_event("b"), an_event("c", type="ronda.future.came.v9")
    outcomes = await archive.keep(
        a_batch(first, third, partition=1), a_batch(second, partition=2, topic="ronda.incident")
    )
    assert outcomes == [outcome(records=2, events=2), outcome(records=1, events=1)]
    found = await archive.found()
    assert values(found) == [first, second, third]
    assert [(each.topic, each.place.partition, each.place.offset) for each in found] == [
        ("ronda.patrol", 1, 0),
        ("ronda.incident", 2, 0),
        ("ronda.patrol", 1, 1),
    ]
    assert [each.status for each in found] == ["event"] * 3
    assert found[0].received_at == NIGHT + timedelta(seconds=2)
    assert found[2].place.appended_at == NIGHT + timedelta(seconds=1)


async def test_what_comes_again_below_the_head_changes_nothing(archive: Archive) -> None:
    batch = a_batch(an_event("a"), an_event("b"))
    await archive.keep(batch)
    assert await archive.keep(batch) == [outcome(head=2, repeated=2)]
    longer = a_batch(an_event("b"), an_event("c"), first=1)
    assert await archive.keep(longer) == [outcome(head=2, records=1, events=1, repeated=1)]
    assert [each.place.offset for each in await archive.found()] == [0, 1, 2]


async def test_a_batch_behind_a_gap_is_not_kept_until_the_log_was_asked(archive: Archive) -> None:
    await archive.keep(a_batch(an_event("a")))
    late, known = a_batch(an_event("d"), first=3), a_batch(an_event("d"), first=3, joins_at=1)
    other = a_batch(an_event("x"), partition=5)
    assert await archive.keep(late, other) == [
        outcome("gap", head=1),
        outcome(records=1, events=1),
    ]
    assert await archive.statuses("d") == []
    assert await archive.keep(known) == [outcome(head=1, records=1, events=1)]
    assert await archive.keep(a_batch(an_event("e"), first=4)) == [
        outcome(head=4, records=1, events=1)
    ]


async def test_another_log_under_the_same_name_is_told_by_its_last_record(archive: Archive) -> None:
    await archive.keep(a_batch(an_event("a"), an_event("b")))
    (record,) = a_batch(an_event("z"), first=1).records
    later = record._replace(appended_at=NIGHT + timedelta(hours=1))
    foreign = Batch("ronda.patrol", 0, 1, [later])
    assert await archive.keep(foreign) == [outcome("foreign", head=2)]
    assert await archive.statuses("z") == []


async def test_a_resend_is_a_duplicate_though_the_server_stamped_it_anew(archive: Archive) -> None:
    again = an_event("a", receivedtime=NIGHT + timedelta(hours=3), skew=7, flags="late")
    outcomes = await archive.keep(a_batch(an_event("a")), a_batch(again, partition=1))
    assert [each.duplicates for each in outcomes] == [0, 1]
    assert await archive.statuses("a") == ["event", "duplicate"]
    await archive.keep(a_batch(again, first=1))
    assert await archive.statuses("a") == ["event", "duplicate", "duplicate"]


async def test_the_same_id_with_other_content_is_a_conflict(archive: Archive) -> None:
    other = an_event("a", data={"method": "nfc"})
    assert await archive.keep(a_batch(an_event("a"), other, an_event("a"))) == [
        outcome(records=3, events=1, duplicates=1, conflicts=1)
    ]
    found = await archive.found(id=an_id("a"))
    assert [each.status for each in found] == ["event", "conflict", "duplicate"]
    assert values(found) == [an_event("a"), other, an_event("a")]


async def test_of_repeats_in_one_batch_the_first_one_appended_is_the_event(
    archive: Archive,
) -> None:
    await archive.keep(
        a_batch(an_event("b"), an_event("a", skew=1)), a_batch(an_event("a"), partition=1)
    )
    found = await archive.found(id=an_id("a"))
    assert [(each.status, each.place.partition) for each in found] == [
        ("event", 1),
        ("duplicate", 0),
    ]


async def test_refused_evidence_never_takes_an_id_from_the_event_that_was_acted_upon(
    archive: Archive,
) -> None:
    refused = a_batch(an_event("a", data={"forged": True}), topic="ronda.quarantine", aside=True)
    assert await archive.keep(refused) == [outcome(records=1, aside=1)]
    assert await archive.keep(a_batch(an_event("a"))) == [outcome(records=1, events=1)]
    assert sorted(await archive.statuses("a")) == ["aside", "event"]


async def test_what_is_no_event_is_kept_with_its_reason_and_stops_nothing(
    archive: Archive,
) -> None:
    batch = a_batch(None, b"\xff\x00", an_event("a"), b"[1]", an_event("b", id="no-uuid"))
    assert await archive.keep(batch) == [outcome(records=5, events=1, undecodable=4)]
    found = await archive.found(status="undecodable")
    assert values(found) == [None, b"\xff\x00", b"[1]", an_event("b", id="no-uuid")]
    assert all(each.reason and each.id is None for each in found)


@pytest.mark.parametrize(
    "odd",
    [
        {"unit": f"{UNIT}/\x00", "subject": "\x00", "actor": "a\x00b", "type": "\x00"},
        {"time": "0001-01-01T00:00:00+14:00", "receivedtime": "9999-12-31T23:59:59-12:00"},
        {"type": "z" * 256, "subject": "🛵" * 64, "data": "a text"},
    ],
    ids=["a NUL", "the ends of time", "long and wide"],
)
async def test_an_event_with_values_that_a_database_dislikes_is_an_event(
    archive: Archive, odd: dict[str, Any]
) -> None:
    value = an_event("odd", **odd)
    assert await archive.keep(a_batch(value)) == [outcome(records=1, events=1)]
    assert values(await archive.found(id=an_id("odd"))) == [value]


FILTERS: list[tuple[dict[str, Any], str]] = [
    ({}, "abcdef"),
    ({"type": "ronda.alert.raised.v1"}, "d"),
    ({"type": "ronda.alert."}, "de"),
    ({"type": "ronda.alert"}, ""),
    ({"type": "ronda_alert."}, ""),
    ({"site": "kpu"}, "acde"),
    ({"unit": f"{UNIT}/polsek-soko"}, "c"),
    ({"unit": UNIT}, "abcde"),
    ({"unit": "polda-jatim/polres"}, ""),
    ({"device": "d-1"}, "acde"),
    ({"device": "d-2"}, "b"),
    ({"actor": "p-1"}, "abcde"),
    ({"alert": an_id("alert")}, "df"),
    ({"since": NIGHT + timedelta(seconds=2), "until": NIGHT + timedelta(seconds=4)}, "cd"),
    ({"id": an_id("b")}, "b"),
    ({"status": "duplicate"}, ""),
    ({"site": "kpu", "type": "ronda.visit."}, "ac"),
]


async def test_a_filter_finds_what_fits_and_nothing_else(archive: Archive) -> None:
    await archive.keep(
        a_batch(
            an_event("a"),
            an_event("b", subject=None, device="d-2", type="ronda.shift.started.v1"),
            an_event("c", unit=f"{UNIT}/polsek-soko"),
            an_event("d", type="ronda.alert.raised.v1", data={"id": an_id("alert")}),
            an_event("e", type="ronda.alert.raised.v2", data={"id": "no id"}),
            an_event(
                "f",
                type="ronda.notification.sent.v1",
                data={"alert": an_id("alert")},
                subject=None,
                unit=None,
                actor=None,
                device=None,
            ),
        )
    )
    names = {an_id(name): name for name in "abcdef"}
    for filters, expected in FILTERS:
        found = await archive.found(**filters)
        assert "".join(names[each.id or ""] for each in found) == expected, filters


async def test_nobody_sees_beyond_their_rights(archive: Archive) -> None:
    await archive.keep(
        a_batch(
            an_event("mine", unit=f"{UNIT}/polsek-soko"),
            an_event("above", unit=UNIT),
            an_event("neighbour", unit=f"{UNIT}/polsek-soko-2"),
            an_event("nobody's", unit=None),
            an_event("track", unit=f"{UNIT}/polsek-soko", type="ronda.position.recorded.v1"),
            b"unreadable",
        ),
        a_batch(b"an unreadable track", topic="ronda.position"),
    )
    narrow = Rights(within=f"{UNIT}/polsek-soko", sees_unitless=False, tracks=False)
    assert [each.id for each in await archive.found(narrow)] == [an_id("mine")]
    assert await archive.found(narrow, status="undecodable") == []
    with_tracks = await archive.found(narrow._replace(tracks=True))
    assert [each.id for each in with_tracks] == [an_id("mine"), an_id("track")]
    whole = await archive.found(ALL._replace(tracks=False))
    assert len(whole) == 5
    assert b"an unreadable track" not in values(whole)
    assert len(await archive.found(ALL)) == 7


async def test_pages_join_up_while_records_come_in_and_while_moments_are_equal(
    archive: Archive,
) -> None:
    same_moment = [
        Batch("ronda.patrol", partition, 0, [
            record._replace(appended_at=NIGHT) for record in a_batch(
                *(an_event(f"{partition}-{number}") for number in range(4))
            ).records
        ])
        for partition in range(3)
    ]  # fmt: skip
    await archive.keep(*same_moment)
    seen: list[str | None] = []
    after, more = None, True
    while more:
        page = await archive.reader.page(Search(limit=5, after=after), ALL)
        seen += [found.id for found in page.found]
        after, more = page.found[-1].place, page.more
        if len(seen) == 5:
            await archive.keep(a_batch(an_event("news"), first=4))
    assert len(seen) == len(set(seen)) == 13
    assert seen[-1] == an_id("news")


async def test_totals_count_each_record_of_each_topic_once(archive: Archive) -> None:
    await archive.keep(
        a_batch(an_event("a"), an_event("a"), an_event("a", subject="pasar")),
        a_batch(b"?", an_event("b"), topic="ronda.incident"),
        a_batch(an_event("c"), topic="ronda.deadletter", aside=True),
    )
    await archive.keep(a_batch(an_event("d"), first=3))
    totals = await archive.reader.totals()
    assert totals["ronda.patrol"] == Totals(4, 2, 1, 1, 0, 0)
    assert totals["ronda.incident"] == Totals(2, 1, 0, 0, 0, 1)
    assert totals["ronda.deadletter"] == Totals(1, 0, 0, 0, 1, 0)


async def test_pages_may_begin_with_the_newest(archive: Archive) -> None:
    await archive.keep(
        a_batch(*(an_event(f"a{number}") for number in range(6))),
        a_batch(b"?", an_event("b"), topic="ronda.incident", partition=1),
    )
    oldest_first = [each.place for each in await archive.found()]
    seen: list[Place] = []
    after, more = None, True
    while more:
        page = await archive.page(newest_first=True, after=after, limit=3)
        seen += [each.place for each in page.found]
        after, more = seen[-1], page.more
    assert seen == oldest_first[::-1]
