"""`ronda archive verify|export|restore|erase|hold|retire` as somebody types them."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from ronda.cli import application
from services.archive.adapters.months import make_months
from services.archive.adapters.seal_keys import make_key
from services.archive.handlers.exporting import Selection
from shared.settings import KafkaSettings
from tests.integration.archive.sealed import SealedArchive
from tests.integration.archive.witnesses import in_topics, query
from tests.unit.archive.builders import NIGHT, a_batch, an_event, an_id

WHY = ("--reason", "permintaan Bawaslu 12", "--authority", "putusan 7/2026")


@pytest.fixture
async def archive(engine: AsyncEngine) -> SealedArchive:
    await make_months(engine, NIGHT)
    made = SealedArchive(engine)
    await made.fill(12)
    await made.seal()
    return made


@pytest.fixture(autouse=True)
def environment(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RONDA_DATABASE_URL", database_url)


async def ronda(*arguments: str) -> Result:
    return await asyncio.to_thread(
        lambda: CliRunner().invoke(application(), ["archive", *arguments])
    )


async def verified(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = await ronda("verify", "--json", *arguments)
    return done.exit_code, json.loads(done.stdout)


async def test_verify_says_that_all_is_whole_or_names_the_first_bad_row(
    archive: SealedArchive, database_url: str, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text(archive.notes[-1], encoding="utf-8")
    known = ("--checkpoint", str(kept), "--key", str(archive.key))
    code, said = await verified(*known)
    assert (code, said["ok"], said["checkpoints_kept_elsewhere"]) == (0, True, 1)
    assert said["signatures_checked"]
    (row,) = await query(
        database_url, 'SELECT topic, partition, "offset" FROM archive.event LIMIT 1'
    )
    async with await psycopg.AsyncConnection.connect(database_url) as user:
        await user.execute(
            "UPDATE archive.record SET value = value || ' '"
            ' WHERE (topic, partition, "offset") = (%s, %s, %s)', tuple(row),
        )  # fmt: skip
        await user.execute("UPDATE archive.event SET actor = 'x' WHERE id = %s", (an_id("e5"),))
    code, said = await verified(*known)
    assert code == 1
    told = await ronda("verify")
    assert told.exit_code == 1
    assert f"the first bad row: {said['findings'][0]['where']}" in told.stdout
    assert "signatures were not checked" in told.stdout


async def test_wrong_use_is_told_before_anything_is_read(tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("nothing", encoding="utf-8")
    for arguments in (
        ("verify", "--checkpoint", str(empty)),
        ("verify", "--key", "x"),
        ("export", "--reason", "short", "--output", str(tmp_path / "x.zip")),
        ("erase", "--reason", "long enough a reason", "--authority", "law"),
        ("erase", *WHY, "--event", "12"),
        ("erase", *WHY, "--person", "p-1"),
        ("hold", "place", *WHY),
        ("hold", "lift", "x"),
        ("retire", "2026-13", *WHY),
    ):
        assert (await ronda(*arguments)).exit_code == 2, arguments
    not_one = tmp_path / "not.zip"
    not_one.write_text("x", encoding="utf-8")
    assert (await ronda("verify", "--export", str(not_one))).exit_code == 2
    assert (await ronda("restore", str(not_one))).exit_code == 1


async def test_a_database_that_does_not_answer_is_no_damage(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RONDA_DATABASE_URL", f"{database_url}-gone")
    code, said = await verified()
    assert (code, said["ok"]) == (2, None)
    assert "nothing was checked" in said["error"]


async def test_an_export_is_checked_with_the_key_of_the_settings(
    archive: SealedArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await archive.export(Selection(site="kpu"), WHY[1], tmp_path / "part.zip")
    code, said = await verified("--export", str(file))
    assert (code, said["keys"]) == (0, [str(archive.key)])
    make_key(tmp_path / "another.pem")
    monkeypatch.setenv("RONDA_ARCHIVE_SEAL_KEY_FILE", str(tmp_path / "another.pem"))
    code, said = await verified("--export", str(file))
    assert code == 1
    assert str(archive.key) not in said["keys"]


async def test_an_export_is_written_recorded_checked_and_restored_from(
    archive: SealedArchive,
    database_url: str,
    topics: KafkaSettings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("RONDA_KAFKA_BOOTSTRAP_SERVERS", topics.bootstrap_servers)
    monkeypatch.setenv("RONDA_TOPIC_PREFIX", topics.topic_prefix)
    whole, part = tmp_path / "whole.zip", tmp_path / "part.zip"
    why = ("--reason", "permintaan Bawaslu 12", "--actor", "kabag-ops")
    done = await ronda("export", *why, "--output", str(whole))
    assert done.exit_code == 0, done.output
    done = await ronda("export", *why, "--site", "gudang", "--output", str(part), "--json")
    assert json.loads(done.stdout)["records"] > 3
    looks = [json.loads(row.value or b"") for row in await in_topics(topics)]
    looks.sort(key=lambda look: look["time"])  # they lie on several partitions
    assert [look["data"]["filters"] for look in looks] == [
        {"everything": "yes"},
        {"site": "gudang"},
    ]
    assert {look["actor"] for look in looks} == {"kabag-ops"}
    for file in (whole, part):
        assert (await ronda("verify", "--export", str(file))).exit_code == 0
    again = await ronda("restore", str(whole))
    assert again.exit_code == 1
    assert "holds records already" in again.output
    none = await ronda("export", *why, "--site", "nowhere", "--output", str(tmp_path / "n.zip"))
    assert none.exit_code == 1


async def test_who_erases_a_report_is_told_which_events_still_quote_it_and_may_erase_them_too(
    archive: SealedArchive, database_url: str
) -> None:
    alert = {"id": an_id("alert"), "restricted": None, "parts": [{"event": an_id("report")}]}
    report = an_event("report", type="ronda.incident.reported.v1")
    raised = an_event("raised", type="ronda.alert.raised.v1", data=alert)
    await archive.store.keep(
        [
            a_batch(report, topic="ronda.incident", partition=5),
            a_batch(raised, topic="ronda.alert", partition=5),
        ],
        NIGHT,
    )
    this = ("erase", *WHY, "--event", an_id("report"))
    assert an_id("raised") in (await ronda(*this)).stdout
    done = json.loads((await ronda(*this, "--with-alerts", "--json")).stdout)
    assert done == {"erased": 1, "quoted_by": []}
    assert (await ronda(*this, "--with-alerts")).exit_code == 1


async def test_erasing_holding_and_retiring_by_hand(
    archive: SealedArchive, database_url: str
) -> None:
    (row,) = await query(database_url, "SELECT id::text FROM archive.event LIMIT 1")
    held = await ronda("hold", "place", *WHY, "--event", row.id)
    assert (await ronda("erase", *WHY, "--event", row.id)).exit_code == 1
    assert row.id in (await ronda("hold", "list")).stdout
    assert (await ronda("hold", "lift", held.stdout.strip())).exit_code == 0
    assert (await ronda("erase", *WHY, "--event", row.id)).exit_code == 0
    later = (NIGHT + timedelta(days=400)).isoformat()
    done = await ronda("erase", *WHY, "--person", "p-1", "--before", later, "--json")
    assert json.loads(done.stdout)["erased"] > 10
    code, said = await verified()
    assert (code, said["ok"]) == (0, True)
    assert {each["authority"] for each in said["erased"]} == {"putusan 7/2026"}
    assert (await ronda("retire", "2020-01", *WHY)).exit_code == 1
