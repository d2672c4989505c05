"""Erasure that keeps proofs, retention, holds and retired months, on real PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.evidence import erasing, verifier
from services.archive.adapters.evidence.erasing import Act, PostgresErasure, Quote
from services.archive.adapters.evidence.holding import (
    Held,
    NoSuchHold,
    NoSuchMonth,
    PostgresHolds,
)
from services.archive.adapters.evidence.ledger import PostgresSnapshot
from services.archive.adapters.evidence.telling import ErasureTeller
from services.archive.adapters.months import make_months
from services.archive.adapters.reading import PostgresReader
from services.archive.domain.hold import Scope
from services.archive.domain.retention import terms
from services.archive.domain.search import Search
from services.archive.handlers.exporting import Selection
from services.archive.handlers.verifying import Verdict
from services.archive.ports import Found
from shared.events.media import media_id
from shared.events.registry import encode
from tests.integration.archive.sealed import ALL, PREFIX, SealedArchive, superuser, verdict
from tests.integration.archive.witnesses import query
from tests.unit.archive.builders import NIGHT, UNIT, a_batch, an_event, an_id
from tests.unit.archive.fakes import MemoryAccessLog

LATER = NIGHT + timedelta(days=120)
ACT = Act("permintaan pemilik data", "putusan 7/2026", "request", "kabag-ops")
TERMS = terms("tracks=90d")


@pytest.fixture
async def archive(engine: AsyncEngine) -> SealedArchive:
    await make_months(engine, NIGHT)
    made = SealedArchive(engine)
    await made.fill(25)
    await made.seal()
    return made


async def checked(archive: SealedArchive, url: str) -> Verdict:
    async with superuser(url) as user:
        return await verdict(user, elsewhere=archive.notes, keys=[archive.key])


async def tracks(engine: AsyncEngine) -> list[bytes | None]:
    search = Search(type="ronda.position.", limit=1000)
    found = (await PostgresReader(engine, prefix=PREFIX).page(search, ALL)).found
    return [each.value for each in found]


async def nobody_could_read(engine: AsyncEngine, topic: str) -> list[Found]:
    """What is not erased of it."""
    search = Search(status="undecodable", limit=1000)
    found = (await PostgresReader(engine, prefix=PREFIX).page(search, ALL)).found
    return [each for each in found if each.topic == topic and each.reason != "erased"]


async def test_tracks_are_erased_at_the_end_of_their_term_and_everything_still_proves(
    archive: SealedArchive, engine: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    before, unreadable = (
        await tracks(engine),
        len(await nobody_could_read(engine, "ronda.position")),
    )
    assert before
    assert all(before)
    erasure, term = PostgresErasure(engine), TERMS[0]
    assert await erasure.due(term, NIGHT + timedelta(days=89)) == 0
    erased = await erasure.due(term, LATER)
    assert erased == len(before) + unreadable
    assert await tracks(engine) == [None] * len(before)
    assert await erasure.due(term, LATER + timedelta(days=1)) == 0
    found = await checked(archive, database_url)
    assert found.findings == []
    assert sum(group.records for group in found.erased) == erased
    assert {(group.reason, group.authority) for group in found.erased} == {
        ("retention: tracks are kept 90 days", "RONDA_ARCHIVE_RETENTION")
    }
    left = await query(
        database_url, "SELECT DISTINCT actor, device, octet_length(hash) AS hash FROM archive.event"
        " WHERE type LIKE 'ronda.position.%%'",
    )  # fmt: skip
    assert [tuple(row) for row in left] == [(None, None, 0)]
    async with superuser(database_url) as user:
        file = await archive.export_all(PostgresSnapshot(user), "whole", tmp_path / "whole.zip")
    alone = verifier.check(file, elsewhere=archive.notes, keys=[str(archive.key)])
    assert (alone.findings, alone.erased) == ([], erased)


async def test_the_term_reaches_what_nobody_can_read_among_tracks_and_what_was_archived_late(
    archive: SealedArchive, engine: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    erasure, term = PostgresErasure(engine), TERMS[0]
    unreadable = a_batch(b'{"lat":-6.9}', topic="ronda.position", partition=5)
    await archive.store.keep([unreadable, a_batch(b"?", topic="ronda.patrol", partition=5)], NIGHT)
    before, rest = len(await tracks(engine)), await nobody_could_read(engine, "ronda.patrol")
    unread = len(await nobody_could_read(engine, "ronda.position"))
    assert await erasure.due(term, LATER) == before + unread > before
    assert await nobody_could_read(engine, "ronda.position") == []
    assert await nobody_could_read(engine, "ronda.patrol") == rest != []
    kind = "ronda.position.recorded.v1"
    late = a_batch(an_event("late", type=kind), b"!", topic="ronda.position", partition=6)
    await archive.store.keep([late], LATER)
    assert await erasure.due(term, LATER + timedelta(hours=1)) == 2
    assert await erasure.due(term, LATER + timedelta(hours=2)) == 0
    await archive.seal()
    assert (await checked(archive, database_url)).findings == []
    async with superuser(database_url) as user:
        file = await archive.export_all(PostgresSnapshot(user), "whole", tmp_path / "whole.zip")
    assert verifier.check(file, elsewhere=archive.notes, keys=[str(archive.key)]).findings == []


async def test_an_erased_event_of_a_part_is_still_proved_by_its_leaf(
    archive: SealedArchive, engine: AsyncEngine, tmp_path: Path
) -> None:
    await archive.store.keep(
        [a_batch(an_event("wife", subject="home"), topic="ronda.incident", partition=5)], NIGHT
    )
    await archive.seal()
    assert await PostgresErasure(engine).event(an_id("wife"), ACT, LATER) == 1
    assert await PostgresErasure(engine).event(an_id("wife"), ACT, LATER) == 0
    file = await archive.export(Selection(site="home"), "why it is", tmp_path / "bukti.zip")
    found = verifier.check(file, keys=[str(archive.key)])
    assert (found.findings, found.records, found.erased) == ([], 1, 1)


async def test_a_person_s_events_are_erased_with_all_that_repeats_them(
    archive: SealedArchive, engine: AsyncEngine, database_url: str
) -> None:
    erased = await PostgresErasure(engine).person("p-1", LATER, ACT, LATER)
    rows = await query(database_url, "SELECT status::text FROM archive.record WHERE value IS NULL")
    assert erased == len(rows) - len([row for row in rows if row.status == "undecodable"])
    assert {row.status for row in rows} >= {"event", "duplicate", "conflict", "aside"}
    assert (await checked(archive, database_url)).findings == []
    await archive.fill(25)  # among it what was sent before
    again = await query(database_url, "SELECT FROM archive.erasure_act WHERE actor = 'archive'")
    assert again
    await archive.tell(LATER)
    assert (await checked(archive, database_url)).findings == []


async def test_what_a_superuser_blanks_without_an_act_is_damage_and_so_is_a_changed_act(
    archive: SealedArchive, engine: AsyncEngine, database_url: str
) -> None:
    await PostgresErasure(engine).due(TERMS[0], LATER)
    for statement in (
        "UPDATE archive.record SET leaf = sha256(salt), value = NULL, key = NULL, salt = NULL"
        " WHERE ctid = (SELECT min(ctid) FROM archive.record WHERE salt IS NOT NULL)",
        "DELETE FROM archive.erasure WHERE ctid = (SELECT min(ctid) FROM archive.erasure)",
        "UPDATE archive.erasure SET leaf = sha256(leaf)",
        "UPDATE archive.record SET leaf = sha256(leaf) WHERE leaf IS NOT NULL",
        "UPDATE archive.record SET value = 'made up' WHERE leaf IS NOT NULL",
        "UPDATE archive.event SET time = time + interval '1 hour' WHERE hash = ''",
        "UPDATE archive.event SET actor = 'somebody else' WHERE hash = ''",
        "DELETE FROM archive.event WHERE hash = ''",
    ):
        async with superuser(database_url) as user:
            assert (await user.execute(statement)).rowcount > 0, statement
            found = await verdict(user, elsewhere=archive.notes, keys=[archive.key])
            assert found.findings, statement


async def test_what_is_held_is_not_erased_until_the_hold_is_lifted(
    archive: SealedArchive, engine: AsyncEngine
) -> None:
    holds, erasure = PostgresHolds(engine), PostgresErasure(engine)
    kept = [value for value in await tracks(engine) if value and b'"gudang"' in value]
    assert kept
    placed = await holds.place(Scope(site="gudang"), "perkara 9", "jaksa", "kabag-ops", NIGHT)
    await erasure.due(TERMS[0], LATER)
    assert [value for value in await tracks(engine) if value] == kept
    assert await erasure.person("p-1", LATER, ACT, LATER) > 0
    assert [value for value in await tracks(engine) if value] == kept
    await holds.lift(placed, "jaksa", LATER)
    with pytest.raises(NoSuchHold):
        await holds.lift(placed, "jaksa", LATER)
    assert await erasure.due(TERMS[0], LATER + timedelta(days=1)) == len(kept)
    (hold,) = await holds.all()
    assert (hold.scope.site, hold.lifted_by) == ("gudang", "jaksa")


@pytest.mark.parametrize(
    "scope", [Scope(alert=an_id("alert")), Scope(event_id=an_id("report")), Scope(site="home")]
)
async def test_a_hold_keeps_the_reports_their_photos_and_what_follows_them(
    archive: SealedArchive, engine: AsyncEngine, scope: Scope
) -> None:
    await keep_an_incident(archive)
    holds, erasure = PostgresHolds(engine), PostgresErasure(engine)
    await holds.place(scope, "perkara 9", "jaksa", "kabag-ops", NIGHT)
    for event in (an_id("report"), an_id("backup"), media_id(HASH)):
        assert await erasure.event(event, ACT, LATER) == 0
    assert await erasure.event(an_id("other"), ACT, LATER) == 1
    assert await erasure.event(an_id("raised"), ACT, LATER) == (scope.alert is None)
    with pytest.raises(Held):
        await holds.retire(NIGHT, "masa simpan habis", "kapolres", "kabag-ops", LATER)


HASH = "ab" * 32


async def keep_an_incident(archive: SealedArchive) -> None:
    """A report with a photo, a call for backup, the alert that came of it, and another report."""
    said = {"category": "x", "text": "amplop", "media": [HASH]}
    part = {"event": an_id("report"), "text": "amplop"}
    alert = {"id": an_id("alert"), "restricted": None, "parts": [part]}
    backup = {"incident": an_id("report")}
    await archive.store.keep(
        [
            a_batch(
                an_event("report", type="ronda.incident.reported.v1", subject="home", data=said),
                an_event("backup", type="ronda.backup.requested.v1", subject=None, data=backup),
                an_event("other", type="ronda.incident.reported.v1", subject="away"),
                topic="ronda.incident",
                partition=4,
            ),
            a_batch(
                an_event("photo", id=media_id(HASH), type="ronda.media.stored.v1", subject=None),
                topic="ronda.media",
                partition=4,
            ),
            a_batch(
                an_event("raised", type="ronda.alert.raised.v1", subject=None, data=alert),
                topic="ronda.alert",
                partition=4,
            ),
        ],
        NIGHT,
    )


async def test_the_alerts_events_that_still_quote_a_report_are_named(
    archive: SealedArchive, engine: AsyncEngine, database_url: str
) -> None:
    await keep_an_incident(archive)
    before: dict[str, Any] = {"id": an_id("alert"), "restricted": None, "parts": []}
    early = an_event("before", type="ronda.alert.raised.v1", data=before)
    await archive.store.keep([a_batch(early, topic="ronda.alert", partition=5)], NIGHT)
    erasure, quote = (
        PostgresErasure(engine),
        Quote(an_id("raised"), "ronda.alert.raised.v1", an_id("alert")),
    )
    assert await erasure.quoting_person("p-1", LATER) == [quote]
    await erasure.event(an_id("report"), ACT, LATER)
    assert await erasure.quoting_event(an_id("report")) == [quote]
    assert await erasure.quoting_event(an_id("other")) == []
    await erasure.event(quote.event, ACT, LATER)
    assert await erasure.quoting_event(an_id("report")) == []
    assert b"amplop" not in b"".join(await every_value(database_url))


async def test_an_erasure_that_nobody_was_told_of_is_told_until_it_comes_back_as_a_record(
    archive: SealedArchive,
    engine: AsyncEngine,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(erasing, "RECORDS_AT_ONCE", 4)
    erased = await PostgresErasure(engine).due(TERMS[0], LATER)
    log = MemoryAccessLog()
    teller = ErasureTeller(engine, log, unit=UNIT)
    log.away = True
    with pytest.raises(Exception, match="away"):
        await teller.tell()
    log.away = False
    told = await teller.tell()
    assert told >= erased / 4
    assert await teller.tell() == told
    first, again = log.recorded[:told], log.recorded[told:]
    assert [each.id for each in again] == [each.id for each in first]
    assert sum(len(each.data.records) for each in first) == erased
    values = [encode(each) for each in first]
    await archive.store.keep([a_batch(*values, topic="ronda.audit")], LATER)
    assert await teller.tell() == 0
    assert (await checked(archive, database_url)).findings == []


async def test_what_comes_again_after_it_was_erased_keeps_its_place_and_none_of_its_bytes(
    archive: SealedArchive, engine: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    secret, other = an_event("wife", data={"n": "at home"}), an_event("wife", data={"n": "away"})
    await archive.store.keep([a_batch(secret, topic="ronda.incident", partition=5)], NIGHT)
    assert await PostgresErasure(engine).event(an_id("wife"), ACT, LATER) == 1
    again = a_batch(
        secret, an_event("new"), other, secret, first=1, topic="ronda.incident", partition=5
    )
    refused = a_batch(secret, topic="ronda.quarantine", partition=5, aside=True)
    incident, quarantine = await archive.store.keep([again, refused], LATER)
    assert (incident.events, incident.duplicates, incident.conflicts) == (1, 3, 0)
    assert quarantine.aside == 1
    found = await PostgresReader(engine, prefix=PREFIX).page(Search(id=an_id("wife")), ALL)
    kept = sorted((each.status, each.value) for each in found.found)
    assert kept == [("aside", None), *[("duplicate", None)] * 3, ("event", None)]
    rows = await query(
        database_url,
        "SELECT key, headers, salt, actor, device, hash FROM archive.record AS kept JOIN"
        " (SELECT * FROM archive.duplicate UNION ALL SELECT * FROM archive.aside) AS row"
        ' USING (topic, partition, "offset") WHERE kept.leaf IS NOT NULL',
    )
    assert [tuple(map(bool, row)) for row in rows] == [(False,) * 6] * 4
    told = await told_of(archive, engine, database_url)
    assert told == [("permintaan pemilik data", 1), ("it came again after it was erased", 4)]
    await archive.seal()
    verdict = await checked(archive, database_url)
    assert verdict.findings == []
    assert [(group.records, group.authority) for group in verdict.erased] == [
        (1, "putusan 7/2026"), (4, "putusan 7/2026"),
    ]  # fmt: skip
    async with superuser(database_url) as user:
        file = await archive.export_all(PostgresSnapshot(user), "whole", tmp_path / "whole.zip")
    alone = verifier.check(file, elsewhere=archive.notes, keys=[str(archive.key)])
    assert (alone.findings, alone.erased) == ([], 5)
    assert b"at home" not in b"".join(await every_value(database_url))


async def test_nothing_slips_past_an_erasure_that_runs_at_the_same_time(
    archive: SealedArchive, engine: AsyncEngine, database_url: str
) -> None:
    for number in range(12):
        said = an_event(f"twice{number}", data={"n": "secret"})
        first = a_batch(said, first=2 * number, topic="ronda.incident", partition=5)
        again = a_batch(said, first=2 * number + 1, topic="ronda.incident", partition=5)
        await archive.store.keep([first], NIGHT)
        erase = PostgresErasure(engine).event(an_id(f"twice{number}"), ACT, LATER)
        await asyncio.gather(erase, archive.store.keep([again], LATER))
    assert b"secret" not in b"".join(await every_value(database_url))
    assert (await checked(archive, database_url)).findings == []


async def told_of(archive: SealedArchive, engine: AsyncEngine, url: str) -> list[tuple[str, int]]:
    log = MemoryAccessLog()
    await ErasureTeller(engine, log, unit=UNIT).tell()
    said = sorted(log.recorded, key=lambda each: len(each.data.records))
    return [(each.data.reason, len(each.data.records)) for each in said]


async def every_value(url: str) -> list[bytes]:
    rows = await query(url, "SELECT value FROM archive.record WHERE value IS NOT NULL")
    return [row.value for row in rows]


async def test_a_month_is_retired_as_a_whole_unless_something_of_it_is_held(
    archive: SealedArchive, engine: AsyncEngine, database_url: str
) -> None:
    await archive.store.keep(
        [a_batch(an_event("next month"), first=0, topic="ronda.incident", partition=3)], NIGHT
    )
    await archive.seal()
    holds = PostgresHolds(engine)
    why = ("masa simpan habis", "kapolres", "kabag-ops")
    for month, now in ((NIGHT, NIGHT), (datetime(2020, 1, 5, tzinfo=UTC), LATER)):
        with pytest.raises(NoSuchMonth):
            await holds.retire(month, *why, now)
    placed = await holds.place(Scope(event_id=an_id("e1")), *why, NIGHT)
    with pytest.raises(Held):
        await holds.retire(NIGHT, *why, LATER)
    await holds.lift(placed, "kapolres", LATER)
    await holds.retire(NIGHT, *why, LATER)
    found = await checked(archive, database_url)
    assert found.findings == []
    assert [(each.start.month, each.authority) for each in found.retired] == [(11, "kapolres")]
    async with superuser(database_url) as user:
        await user.execute("DELETE FROM archive.retired")
        assert (await verdict(user)).findings
