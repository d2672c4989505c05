"""Exports out of real PostgreSQL, checked by the program that travels inside them, on its own."""

import json
import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.evidence.holding import PostgresHolds
from services.archive.adapters.evidence.ledger import PostgresSnapshot
from services.archive.adapters.evidence.verifier import check, main
from services.archive.domain.hold import Scope
from services.archive.domain.search import Rights
from services.archive.handlers import custody
from services.archive.handlers.exporting import Nothing, Selection, TooMuch
from services.archive.ports import Unavailable
from shared.events.media import media_id
from tests.integration.archive.sealed import PREFIX, SealedArchive, superuser
from tests.unit.archive.builders import NIGHT, UNIT, a_batch, an_event, an_id

WHY = "permintaan Bawaslu 12/XI/2026"


def run_alone(file: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Takes the verifier out of the file and runs it with nothing else of ours in reach."""
    alone = file.parent / "alone"
    alone.mkdir(exist_ok=True)
    with zipfile.ZipFile(file) as bundle:
        (alone / "verify.py").write_bytes(bundle.read("verify.py"))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", str(file), "--json", *arguments],
        cwd=alone,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr.decode()
    return done.returncode, json.loads(done.stdout)


def lines(file: Path, name: str) -> list[dict[str, Any]]:
    with zipfile.ZipFile(file) as bundle:
        return [json.loads(line) for line in bundle.read(name).splitlines()]


def rewritten(file: Path, name: str, content: bytes) -> Path:
    """The same file with one member changed."""
    changed = file.with_name("changed.zip")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(changed, "w") as new:
        for each in old.namelist():
            new.writestr(each, content if each == name else old.read(each))
    return changed


async def test_a_site_s_events_are_proved_by_the_file_alone(
    archive: SealedArchive, tmp_path: Path
) -> None:
    file = await archive.export(Selection(site="gudang"), WHY, tmp_path / "bukti.zip")
    code, found = run_alone(file, "--key", str(archive.key))
    assert (code, found["ok"], found["findings"]) == (0, True, [])
    exported = lines(file, "records.ndjson")
    assert found["records"] == len(exported) > 5
    assert {json.loads(line["value"])["subject"] for line in exported} == {"gudang"}
    (look,) = archive.access.recorded
    assert (look.data.what, look.data.filters, look.data.reason) == (
        "export", {"site": "gudang"}, WHY,
    )  # fmt: skip


async def test_the_custody_log_names_the_holds_that_stand_over_what_is_exported(
    archive: SealedArchive, engine: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    holds, why = PostgresHolds(engine), ("perkara 9", "jaksa", "kabag-ops", NIGHT)
    await holds.place(Scope(site="gudang"), *why)
    await holds.place(Scope(site="gudang", since=NIGHT + timedelta(days=9)), *why)
    await holds.place(Scope(site="bawaslu"), *why)
    lifted = await holds.place(Scope(site="gudang", until=NIGHT + timedelta(days=9)), *why)
    await holds.lift(lifted, "jaksa", NIGHT)
    file = await archive.export(Selection(site="gudang"), WHY, tmp_path / "bukti.zip")
    with zipfile.ZipFile(file) as bundle:
        hold, made = json.loads(bundle.read("custody.json"))
        assert "Menahan dari penghapusan" in bundle.read("index.html").decode()
    assert made["what"] == "export"
    assert (hold["what"], hold["filters"], hold["authority"]) == (
        "hold", {"site": "gudang"}, "jaksa",
    )  # fmt: skip
    async with superuser(database_url) as user:
        whole = await archive.export_all(PostgresSnapshot(user), WHY, tmp_path / "whole.zip")
    with zipfile.ZipFile(whole) as bundle:
        entries = json.loads(bundle.read("custody.json"))
    assert [entry["what"] for entry in entries] == ["hold", "hold", "hold", "export"]


async def test_an_incident_comes_with_the_reports_that_its_alert_names(
    archive: SealedArchive, tmp_path: Path
) -> None:
    alert, report = an_id("the alert"), an_event("the report", subject="kpu")
    raised = an_event(
        "raised",
        type="ronda.alert.raised.v1",
        data={"id": alert, "parts": [{"event": an_id("the report")}]},
    )
    await archive.store.keep(
        [
            a_batch(report, topic="ronda.incident", partition=4),
            a_batch(raised, topic="ronda.alert", partition=4),
        ],
        NIGHT,
    )
    await archive.seal()
    file = await archive.export(Selection(incident=alert), WHY, tmp_path / "bukti.zip")
    assert {line["value"] for line in lines(file, "records.ndjson")} == {
        report.decode(), raised.decode(),
    }  # fmt: skip
    assert run_alone(file)[0] == 0


def a_look(name: str, filters: dict[str, str]) -> bytes:
    data = {"role": "auditor", "what": "events", "filters": filters, "reason": WHY}
    return an_event(name, type="ronda.access.recorded.v1", subject=None, actor=name, data=data)


async def test_the_custody_log_names_the_newest_looks_at_the_same_site_and_says_where_it_ends(
    archive: SealedArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = [
        a_look("oldest", {"site": "gudang"}),
        a_look("other", {"site": "gudang-logistik"}),
        an_event("no look", type="ronda.access.recorded.v1", data={"filters": "gudang"}),
        a_look("newest", {"site": "gudang", "limit": "5"}),
    ]
    await archive.store.keep([a_batch(*looks, topic="ronda.audit", first=60, joins_at=0)], NIGHT)
    for read, complete, expected in (
        (custody.LOOKS_READ, True, ["oldest", "newest"]),
        (3, False, ["newest"]),
    ):
        monkeypatch.setattr(custody, "LOOKS_READ", read)
        file = await archive.export(Selection(site="gudang"), WHY, tmp_path / "bukti.zip")
        with zipfile.ZipFile(file) as bundle:
            *before, _ = json.loads(bundle.read("custody.json"))
            assert json.loads(bundle.read("manifest.json"))["looks_complete"] is complete
            assert ("Hanya yang terbaru" in bundle.read("index.html").decode()) is not complete
        assert [each["actor"] for each in before] == expected


HASHES = [f"{number:064x}" for number in range(3)]


async def an_incident(archive: SealedArchive) -> str:
    """A report with a photo, its alert, a call for backup and a refused report with a photo."""
    data = {"category": "x", "media": HASHES[:1]}
    report = an_event("report", type="ronda.incident.reported.v1", subject="home", data=data)
    alert = {"id": an_id("alert"), "restricted": None, "parts": [{"event": an_id("report")}]}
    forged = {"category": "x", "media": HASHES[1:2]}
    other = {"category": "x", "media": HASHES[2:]}
    photos = [
        an_event(f"photo{number}", id=media_id(each), type="ronda.media.stored.v1", subject=None)
        for number, each in enumerate(HASHES)
    ]
    backup = {"incident": an_id("report")}
    await archive.store.keep(
        [
            a_batch(
                report,
                an_event("backup", type="ronda.backup.requested.v1", subject=None, data=backup),
                an_event("other", type="ronda.incident.reported.v1", subject="away", data=other),
                topic="ronda.incident",
                partition=4,
            ),
            a_batch(
                an_event("raised", type="ronda.alert.raised.v1", subject=None, data=alert),
                topic="ronda.alert",
                partition=4,
            ),
            a_batch(*photos, topic="ronda.media", partition=4),
            a_batch(
                an_event("forged", type="ronda.incident.reported.v1", subject="home", data=forged),
                topic="ronda.quarantine",
                partition=4,
                aside=True,
            ),
        ],
        NIGHT,
    )
    await archive.seal()
    return an_id("alert")


def ids(file: Path) -> set[str]:
    return {json.loads(line["value"])["id"] for line in lines(file, "records.ndjson")}


async def test_evidence_comes_with_its_photos_and_calls_for_backup(
    archive: SealedArchive, tmp_path: Path
) -> None:
    alert = await an_incident(archive)
    incident = await archive.export(Selection(incident=alert), WHY, tmp_path / "incident.zip")
    photos = [media_id(each) for each in HASHES]
    of_the_report = {an_id("report"), an_id("backup"), photos[0]}
    assert ids(incident) == {*of_the_report, an_id("raised")}
    site = await archive.export(Selection(site="home"), WHY, tmp_path / "site.zip")
    assert ids(site) == {*of_the_report, an_id("forged"), photos[1]}
    assert run_alone(incident)[0] == run_alone(site)[0] == 0


async def test_what_leaves_out_what_somebody_may_not_know_says_so_everywhere(
    archive: SealedArchive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {}
    for role in (None, "auditor", "commander"):
        rights = Rights(UNIT, sees_unitless=True, tracks=True, role=role, is_top=True)
        file = tmp_path / f"{role}.zip"
        await archive.export(Selection(site="kpu"), WHY, file, rights=rights)
        with zipfile.ZipFile(file) as bundle:
            shown = json.loads(bundle.read("manifest.json"))["shown_to"]
            text = bundle.read("index.html").decode()
        assert main([str(file)]) == 0
        assert shown == {"role": role, "unit": UNIT, "filtered": role == "commander"}
        said = "dapat tidak disertakan"
        told[role] = (said in text, said in capsys.readouterr().out)
    assert told == {None: (False,) * 2, "auditor": (False,) * 2, "commander": (True,) * 2}


async def test_what_is_not_sealed_yet_is_said_to_be_so(
    archive: SealedArchive, tmp_path: Path
) -> None:
    late = an_event("late", subject="late")
    await archive.store.keep([a_batch(late, topic="ronda.incident", partition=5)], NIGHT)
    file = await archive.export(Selection(site="late"), WHY, tmp_path / "bukti.zip")
    code, found = run_alone(file)
    assert "not comparable here" in found.pop("remarks")[0]
    assert (code, found) == (
        0,
        {"ok": True, "records": 1, "erased": 0, "unsealed": 1, "findings": [],
         "erasures": [], "retired": [], "segments_partly_retired": 0, "signatures_checked": True,
         "keys": [str(archive.key)]},
    )  # fmt: skip


async def test_everything_is_complete_and_a_cut_tail_shows_by_a_checkpoint_kept_elsewhere(
    archive: SealedArchive, database_url: str, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.txt"
    await archive.fill(2)
    kept.write_text("\n".join([*archive.notes, await archive.seal()]), encoding="utf-8")
    async with superuser(database_url) as user:
        whole = await archive.export_all(PostgresSnapshot(user), WHY, tmp_path / "whole.zip")
    assert run_alone(whole, "--checkpoint", str(kept))[0] == 0
    note = await archive.checkpoint_of_another_history()
    kept.write_text(note, encoding="utf-8")
    code, found = run_alone(whole, "--checkpoint", str(kept))
    assert code == 1
    assert "its tail was cut" in found["findings"][0]["what"]


@pytest.mark.parametrize("name", ["records.ndjson", "segments.ndjson", "index.html", "verify.py"])
async def test_a_file_that_was_changed_inside_is_not_whole(
    archive: SealedArchive, tmp_path: Path, name: str
) -> None:
    file = await archive.export(Selection(site="kpu"), WHY, tmp_path / "bukti.zip")
    with zipfile.ZipFile(file) as bundle:
        content = bundle.read(name)
    changed = rewritten(file, name, content.replace(b"kpu", b"kpx").replace(b"0", b"1"))
    found = check(changed)
    assert name in [where for where, _ in found.findings]
    assert check(file).findings == []


async def test_a_record_left_out_is_noticed_by_the_signed_list(
    archive: SealedArchive, tmp_path: Path
) -> None:
    file = await archive.export(Selection(site="kpu"), WHY, tmp_path / "bukti.zip")
    with zipfile.ZipFile(file) as bundle:
        manifest = json.loads(bundle.read("manifest.json"))
    manifest["records"] -= 1
    changed = rewritten(file, "manifest.json", json.dumps(manifest).encode())
    code, found = run_alone(changed)
    assert code == 1
    assert found["findings"][0]["where"] == "manifest.json"


async def test_nothing_is_written_when_there_is_nothing_too_much_or_no_record_of_the_look(
    archive: SealedArchive, tmp_path: Path
) -> None:
    file = tmp_path / "bukti.zip"
    with pytest.raises(Nothing):
        await archive.export(Selection(site="nowhere"), WHY, file)
    with pytest.raises(TooMuch, match="ronda archive export"):
        await archive.export(Selection(site="kpu"), WHY, file, limit=2)
    archive.access.away = True
    with pytest.raises(Unavailable):
        await archive.export(Selection(site="kpu"), WHY, file)
    assert os.listdir(tmp_path) == []  # noqa: PTH208


async def test_an_export_shows_nothing_of_other_units_and_only_its_time(
    archive: SealedArchive, tmp_path: Path
) -> None:
    rights = Rights(within=f"{UNIT}/polsek-1", sees_unitless=False, tracks=True)
    since = NIGHT + timedelta(seconds=4)
    file = await archive.export(
        Selection(since=since, until=datetime(2027, 1, 1, tzinfo=UTC)), WHY,
        tmp_path / "bukti.zip", rights=rights,
    )  # fmt: skip
    exported = lines(file, "records.ndjson")
    assert {json.loads(line["value"])["unit"] for line in exported} == {f"{UNIT}/polsek-1"}
    assert min(line["appended_at"] for line in exported) >= since.isoformat()
    assert {line["topic"] for line in exported} >= {f"{PREFIX}ronda.patrol"}
    assert run_alone(file)[0] == 0
