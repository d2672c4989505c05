"""The readable page of an export: safe whatever the events say, and whole by itself."""

import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from services.archive.adapters.evidence.bundle import ZipBundle
from services.archive.adapters.evidence.page import page
from services.archive.adapters.evidence.type_words import TYPE_WORDS
from services.archive.domain.leaves import Segment
from services.archive.domain.proof import Proven, Sealed
from services.archive.domain.stored import Record
from services.archive.handlers.exporting import Story
from shared.events.samples import samples
from tests.unit.archive.builders import NIGHT, UNIT, an_event

MADE = {
    "at": "2026-11-24T02:00:00.000000Z", "actor": "auditor-1", "role": "auditor", "unit": UNIT,
    "what": "export", "reason": "permintaan <Bawaslu>",
}  # fmt: skip


def story(*values: bytes | None, **changes: Any) -> Story:
    segment = Segment("ronda.incident", 3, 0, 9, 9, bytes(32), bytes(32), NIGHT)
    shown = [
        Proven(
            Record(NIGHT, number, b"k", value, None, 3, 1, "event", None, bytes(16), None),
            number, [], Sealed(segment, 1, 9, []), None,
        )
        for number, value in enumerate(values)
    ]  # fmt: skip
    manifest: dict[str, Any] = {
        "whole": False, "selection": {"site": "gudang"}, "records": len(values), "keys": ["a+b+c"],
        "made": MADE,
    }  # fmt: skip
    return Story(manifest | changes, shown, [MADE], "ronda/test\n1\nroot=\n\n— signature\n")


def test_every_type_of_event_has_a_word_that_people_read() -> None:
    types = {name.removeprefix("ronda.").removesuffix(".v1") for name in samples()}
    assert types == TYPE_WORDS.keys()


def test_what_events_say_is_shown_and_never_becomes_markup() -> None:
    evil = an_event(
        "x", type="ronda.incident.reported.v1", subject="<script>alert(1)</script>",
        data={"text": "<img src=x onerror=alert(1)>"}, flags='late,"><b>',
    )  # fmt: skip
    made = page(story(evil))
    assert "Laporan kejadian" in made
    assert "&lt;script&gt;" in made
    assert not re.search(r"<(script|img|b)\b", made)
    assert "permintaan &lt;Bawaslu&gt;" in made


def test_it_needs_nothing_from_anywhere() -> None:
    made = page(story(an_event("x")))
    assert not re.search(r"(src|href|url)\s*[=(]|@import|https?:", made)
    assert made.startswith('<!doctype html>\n<html lang="id">')


def test_what_cannot_be_read_is_shown_as_it_is() -> None:
    made = page(story(b"\xff\xfe", None, b"[1]", b'{"time": "99999-x", "data": 7}'))
    assert "\\xff\\xfe" in made
    assert made.count("tanpa jenis") == 4
    assert "99999-x" in made


def test_half_a_character_and_what_is_deeper_than_anybody_reads_stop_no_export(
    tmp_path: Path,
) -> None:
    values = [
        b'{"text": "\\ud800"}',
        *(b'{"a":' * deep + b"1" + b"}" * deep for deep in (900, 9_000)),
    ]
    bundle = ZipBundle(tmp_path / "x.zip")
    bundle.text("index.html", page(story(*values)))
    bundle.close({"records": 3})
    with ZipFile(tmp_path / "x.zip") as archive:
        said = archive.read("index.html").decode()
    assert "\\ud800" in said
    assert said.count("&quot;a&quot;") == 9_900


def test_an_archive_that_is_not_whole_says_so_on_top() -> None:
    findings = [{"where": "ronda.patrol/0/7", "what": "is missing"}]
    made = page(story(an_event("x"), findings=findings))
    assert made.index("TIDAK UTUH") < made.index("Isi berkas")
    assert "ronda.patrol/0/7" in made
    assert "TIDAK UTUH" not in page(story(an_event("x"), findings=[]))
