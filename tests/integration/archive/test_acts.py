"""What excuses a loss is believed only as the sealed record itself tells of it."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.evidence import verifier
from services.archive.adapters.evidence.erasing import Act, PostgresErasure
from services.archive.adapters.evidence.holding import Held, PostgresHolds
from services.archive.adapters.evidence.ledger import PostgresSnapshot
from services.archive.adapters.evidence.verifier_words import said, shown
from services.archive.adapters.months import make_months
from services.archive.handlers.verifying import Verdict
from tests.integration.archive.sealed import SealedArchive, superuser, verdict
from tests.unit.archive.builders import NIGHT, an_event, an_id

ACT = Act("permintaan pemilik data", "putusan 7/2026", "request", "kabag-ops")
WHY = ("masa simpan habis", "kapolres", "kabag-ops")
JANUARY = NIGHT + timedelta(days=60)
MARCH = NIGHT + timedelta(days=120)
APRIL = NIGHT + timedelta(days=150)


@pytest.fixture
async def archive(engine: AsyncEngine) -> SealedArchive:
    for moment in (NIGHT, JANUARY, MARCH):
        await make_months(engine, moment)
    made = SealedArchive(engine)
    await made.fill(25)
    await made.seal()
    return made


async def checked(archive: SealedArchive, url: str, *statements: str) -> Verdict:
    async with superuser(url) as user:
        for statement in statements:
            assert (await user.execute(statement.encode())).rowcount > 0, statement
        return await verdict(user, elsewhere=archive.notes, keys=[archive.key])


async def test_nobody_rewords_an_erasure_after_it_was_told(
    archive: SealedArchive, engine: AsyncEngine, database_url: str
) -> None:
    await PostgresErasure(engine).person("p-1", JANUARY, ACT, JANUARY)
    assert (await checked(archive, database_url)).untold > 0
    await archive.tell(JANUARY)
    await archive.seal()
    whole = await checked(archive, database_url)
    assert (whole.findings, whole.untold) == ([], 0)
    for column in ("reason", "authority", "class", "actor"):
        reworded = f"UPDATE archive.erasure_act SET {column} = 'something else'"  # noqa: S608
        found = (await checked(archive, database_url, reworded)).findings
        assert {each.what for each in found} == {
            f"the event that tells of it says otherwise: {column}"
        }
    for statement in (
        "UPDATE archive.erasure_act SET erased_at = erased_at - interval '1 day'",
        "UPDATE archive.erasure_act SET erased_at = erased_at + interval '9 years'",
    ):
        assert (await checked(archive, database_url, statement)).findings, statement


async def test_what_is_left_of_an_erased_event_is_sealed_too(
    archive: SealedArchive, engine: AsyncEngine, database_url: str
) -> None:
    await PostgresErasure(engine).person("p-1", JANUARY, ACT, JANUARY)
    await archive.tell(JANUARY)
    changed = "UPDATE archive.erasure SET kept = sha256(kept)"
    found = await checked(archive, database_url, changed)
    assert any("says otherwise: kept" in each.what for each in found.findings)


async def test_when_an_erased_record_was_appended_is_sealed_too(
    archive: SealedArchive, engine: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    await PostgresErasure(engine).event(an_id("e1"), ACT, JANUARY)
    await archive.tell(JANUARY)
    await archive.seal()
    # No leaf can be computed any more that holds the moment, and every row is made to agree.
    async with superuser(database_url) as user:
        for table in ("record", "erasure"):
            moved = await user.execute(
                f"UPDATE archive.{table} SET appended_at = appended_at - interval '1 hour'"  # noqa: S608
                ' WHERE (topic, partition, "offset") IN'
                ' (SELECT topic, partition, "offset" FROM archive.erasure)'.encode()
            )
            assert moved.rowcount > 0, table
        found = await verdict(user, elsewhere=archive.notes, keys=[archive.key])
        file = await archive.export_all(PostgresSnapshot(user), "moved", tmp_path / "moved.zip")
    assert any("says otherwise: appended_at" in each.what for each in found.findings)
    seen = verifier.check(file, elsewhere=archive.notes, keys=[str(archive.key)])
    assert any("was appended" in what for _, what in seen.findings)


async def test_an_erasure_that_nobody_was_told_of_excuses_nothing_once_the_archive_has_gone_on(
    archive: SealedArchive, engine: AsyncEngine, database_url: str
) -> None:
    await PostgresErasure(engine).event(an_id("e1"), ACT, JANUARY)
    await archive.archive_audit([b"{}"], JANUARY + timedelta(minutes=30))
    found = await checked(archive, database_url)
    assert found.findings == []
    assert found.untold
    await archive.archive_audit([b"{}"], JANUARY + timedelta(minutes=61))
    found = await checked(archive, database_url)
    assert {each.what for each in found.findings} == {"no event of the record tells of it"}


INVENTED = (
    "INSERT INTO archive.retired (month, until, records, reason, authority, actor, retired_at)"
    " VALUES ('2026-11-01', '{}', 0, 'masa simpan habis', 'kapolres', 'kabag-ops', '2026-12-05')"
)


async def test_a_retirement_that_nobody_was_told_of_excuses_nothing(
    archive: SealedArchive, database_url: str
) -> None:
    await archive.archive_audit([b"{}"], JANUARY)
    found = await checked(
        archive, database_url, INVENTED.format("2026-12-01"),
        "DELETE FROM archive.record WHERE appended_at < '2026-12-01'",
    )  # fmt: skip
    assert [(each.where, each.what) for each in found.findings] == [
        ("month 2026-11", "no event of the record tells of it")
    ]


async def test_no_retirement_but_of_one_month_excuses_anything(
    archive: SealedArchive, database_url: str
) -> None:
    found = await checked(
        archive, database_url, INVENTED.format("2100-01-01"), "DELETE FROM archive.record"
    )
    assert any("is not one month" in each.what for each in found.findings)
    assert any("is missing" in each.what for each in found.findings)
    assert found.retired == []


async def test_a_retired_month_is_told_and_told_again_when_its_event_was_dropped_itself(
    archive: SealedArchive, engine: AsyncEngine, database_url: str
) -> None:
    holds = PostgresHolds(engine)
    await holds.retire(NIGHT, *WHY, JANUARY)
    assert await archive.tell(JANUARY) == 1
    assert await archive.tell(JANUARY) == 0
    whole = await checked(archive, database_url)
    assert (whole.findings, whole.untold) == ([], 0)
    reworded = "UPDATE archive.retired SET authority = 'nobody'"
    assert (await checked(archive, database_url, reworded)).findings
    counted = "UPDATE archive.segment SET events = events + 1 WHERE latest >= '2026-12-01'"
    assert (await checked(archive, database_url, counted)).findings
    await holds.retire(JANUARY, *WHY, MARCH)
    assert (await checked(archive, database_url)).untold == 2
    assert await archive.tell(MARCH) == 2
    whole = await checked(archive, database_url)
    assert (whole.findings, whole.untold) == ([], 0)
    assert len(whole.retired) == 2


async def test_the_file_alone_shows_what_was_erased_and_retired_and_by_whose_authority(
    archive: SealedArchive, engine: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    await archive.archive_audit([an_event("old")], JANUARY)
    await archive.tell(JANUARY)
    await PostgresHolds(engine).retire(NIGHT, *WHY, JANUARY)
    await PostgresErasure(engine).event(an_id("old"), ACT, JANUARY)
    await archive.tell(JANUARY)
    await archive.archive_audit([b"{}"], MARCH)
    await archive.seal()
    async with superuser(database_url) as user:
        file = await archive.export_all(PostgresSnapshot(user), "whole", tmp_path / "whole.zip")
    found = verifier.check(file)
    assert found.findings == []
    told = "\n".join(said(found, mine=False))
    assert "putusan 7/2026: permintaan pemilik data" in told
    assert "2026-11-01T00:00:00.000000Z - 2026-12-01T00:00:00.000000Z, kapolres" in told
    assert told.endswith("\nUTUH / WHOLE")
    (erasure,), (month,) = shown(found)["erasures"], shown(found)["retired"]
    assert (erasure["authority"], erasure["records"]) == ("putusan 7/2026", 1)
    assert month["reason"] == "masa simpan habis"


async def test_the_file_alone_believes_no_excuse_that_its_records_do_not_tell_of(
    archive: SealedArchive, engine: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    await PostgresErasure(engine).event(an_id("e1"), ACT, JANUARY)
    await archive.tell(JANUARY)
    await archive.archive_audit([b"{}"], MARCH)
    for statement, what in (
        (INVENTED.format("2026-12-01"), "no event of the record tells of it"),
        (INVENTED.format("2100-01-01"), ""),
        ("UPDATE archive.erasure_act SET reason = 'reworded'", "says otherwise"),
    ):
        async with superuser(database_url) as user:
            await user.execute(statement.encode())
            file = await archive.export_all(PostgresSnapshot(user), "whole", tmp_path / "w.zip")
        found = verifier.check(file)
        own = found.findings[len(found.manifest["findings"]) :]
        assert any(what in each for _, each in own) or not what


async def test_without_a_key_the_file_alone_says_that_signatures_were_not_checked(
    archive: SealedArchive, database_url: str, tmp_path: Path
) -> None:
    async with superuser(database_url) as user:
        file = await archive.export_all(PostgresSnapshot(user), "whole", tmp_path / "whole.zip")
    found = verifier.check(file)
    found.keys = []
    assert list(said(found, mine=False))[-1].startswith("UTUH, tanda tangan TIDAK diperiksa")
    assert shown(found)["signatures_checked"] is False


async def test_a_month_that_tells_of_erasures_from_others_is_retired_after_those(
    archive: SealedArchive, engine: AsyncEngine, database_url: str
) -> None:
    await PostgresErasure(engine).event(an_id("e1"), ACT, JANUARY)
    await archive.tell(JANUARY)
    holds = PostgresHolds(engine)
    with pytest.raises(Held, match="retire those first"):
        await holds.retire(JANUARY, *WHY, MARCH)
    for month in (NIGHT, JANUARY):
        await holds.retire(month, *WHY, MARCH)
    await archive.tell(MARCH)
    await archive.archive_audit([b"{}"], APRIL)
    assert (await checked(archive, database_url)).findings == []
