"""The readable page of an export: one HTML file that needs nothing but itself."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from html import escape
from typing import Any

from services.archive.adapters.evidence.type_words import TYPE_WORDS
from services.archive.domain.proof import Proven
from services.archive.handlers.exporting import SHOWN, Story

WIB = timezone(timedelta(hours=7), "WIB")
_STATUSES = {
    "event": "",
    "duplicate": "kiriman ulang",
    "conflict": "isi berbeda untuk nomor yang sama",
    "aside": "disisihkan",
    "undecodable": "tidak terbaca",
}
_HEADS = ("Waktu kejadian", "Diterima", "Peristiwa", "Lokasi", "Oleh", "Tempat dalam catatan")
_CUSTODY = ("Waktu", "Siapa", "Apa", "Alasan")
_SELECTED = {"incident": "Kejadian", "site": "Lokasi", "since": "Sejak", "until": "Sampai"}
_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8882; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1.5rem; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
.en { opacity: .7; font-size: .85em; font-weight: normal; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; }
th, td { border-bottom: 1px solid var(--line); }
th { font-size: .85rem; } td { overflow-wrap: break-word; } td code { overflow-wrap: anywhere; }
.said { margin: .25rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem; margin: 0; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
pre { background: var(--soft); padding: .75rem; overflow-x: auto; white-space: pre-wrap; }
pre { font-size: .85rem; overflow-wrap: anywhere; margin: .25rem 0; }
code { background: var(--soft); padding: 0 .25rem; }
.mark { border: 1px solid var(--line); border-radius: .25rem; padding: 0 .35rem; }
.mark { font-size: .8rem; white-space: nowrap; }
.warn { border: 2px solid #b3261e; padding: .75rem; margin-top: 1rem; }
summary { cursor: pointer; } time { white-space: nowrap; }
@media (max-width: 40rem) {
  body { padding: 1rem; } dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; }
  thead { display: none; } tr { display: block; border-bottom: 1px solid var(--line); }
  td { display: block; border: 0; padding: .1rem 0; } td:empty { display: none; }
  td::before { content: attr(data-name) ": "; opacity: .7; font-size: .85em; }
}
@media print { body { max-width: none; font-size: 11pt; } tr { break-inside: avoid; } }
"""


def page(story: Story) -> str:
    """The whole page."""
    manifest = story.manifest
    return (
        '<!doctype html>\n<html lang="id"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Berkas bukti Ronda</title><style>{_STYLE}</style></head><body>"
        f"<header><h1>Berkas bukti Ronda</h1>{_en('Ronda evidence file')}</header>"
        f"{_damage(manifest)}<main>{_summary(manifest)}{_how(story)}{_events(story)}"
        f"{_custody(story)}</main></body></html>\n"
    )


def _summary(manifest: Mapping[str, Any]) -> str:
    made = manifest["made"]
    asked = [
        (_SELECTED[name], _when(value) if name in {"since", "until"} else escape(value))
        for name, value in manifest["selection"].items()
    ] or [("Isi", "seluruh arsip")]
    rows = [
        *asked,
        ("Jumlah catatan", str(manifest["records"])),
        ("Dibuat", _when(made["at"])),
        ("Oleh", f"{escape(made['actor'])} ({escape(made['role'])}, {escape(made['unit'])})"),
        ("Alasan", escape(made["reason"])),
    ]
    cells = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)
    return f"<h2>Isi berkas {_en('What this is')}</h2><dl>{cells}</dl>{_left_out(manifest)}"


def _left_out(manifest: Mapping[str, Any]) -> str:
    shown = manifest.get("shown_to")
    if not shown or not shown["filtered"]:
        return ""
    who = f"{escape(str(shown['role']))}, {escape(shown['unit'])}"
    return (
        f"<p><strong>Hanya berisi apa yang boleh diketahui ({who}); catatan lain dapat tidak "
        f"disertakan.</strong> {_en('Holds what these may know; other records may be left out.')}"
        "</p>"
    )


def _damage(manifest: Mapping[str, Any]) -> str:
    findings = manifest.get("findings")
    if not findings:
        return ""
    items = "".join(
        f"<li><code>{escape(each['where'])}</code> {escape(each['what'])}</li>"
        for each in findings[:50]
    )
    return (
        '<div class="warn" role="alert"><strong>Arsip asal berkas ini TIDAK UTUH.</strong> '
        f"{_en('The archive that this came from is not as it was sealed.')}<ul>{items}</ul></div>"
    )


def _how(story: Story) -> str:
    keys = "".join(f"<pre>{escape(key)}</pre>" for key in story.manifest["keys"])
    note = escape(story.checkpoint) or "belum ada segel"
    return (
        f"<h2>Cara memeriksa {_en('How to check')}</h2><ol>"
        "<li>Halaman ini hanya untuk dibaca. Buktinya ada pada berkas lain di dalam ZIP ini. "
        f"{_en('This page is for reading; the proof is in the other files of this ZIP.')}</li>"
        "<li>Ambil <code>verify.py</code> dari ZIP, lalu jalankan <code>python3 verify.py "
        "BERKAS.zip</code>. Tidak perlu jaringan atau pemasangan apa pun. "
        f"{_en('Needs Python 3.11 and nothing else.')}</li>"
        "<li>Cocokkan kunci dan segel di bawah dengan yang Anda terima dari sumber lain, misalnya "
        "yang tercetak: <code>--key</code> dan <code>--checkpoint</code>. "
        f"{_en('Compare key and checkpoint with those that you got elsewhere.')}</li></ol>"
        f"<h3>Segel {_en('Checkpoint')}</h3><pre>{note}</pre>"
        f"<h3>Kunci {_en('Keys')}</h3>{keys or '<p>tidak ada</p>'}"
    )


def _events(story: Story) -> str:
    if story.manifest["whole"]:
        return ""
    rows = "".join(map(_event, story.shown))
    more = story.manifest["records"] - len(story.shown)
    rest = (
        f"<p>{more} catatan lagi ada di <code>records.ndjson</code>; halaman ini menampilkan "
        f"{SHOWN} yang pertama.</p>"
        if more
        else ""
    )
    head = "".join(f"<th>{name}</th>" for name in _HEADS)
    return (
        f"<h2>Peristiwa {_en('Events')}</h2><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>{rest}"
    )


def _event(proven: Proven) -> str:
    record, segment = proven.record, proven.sealed.segment
    said = _said(record.value)
    place = f"{segment.topic}/{record.partition}/{record.offset}"
    kind = str(said.get("type", ""))
    short = kind.removeprefix("ronda.").rpartition(".v")[0]
    marks = [_STATUSES.get(record.status, record.status), *str(said.get("flags") or "").split(",")]
    if proven.sealed.path is None:
        marks.append("belum disegel")
    if said.get("purpose"):
        marks.append(f"bukan kejadian nyata: {said['purpose']}")
    if proven.erased is not None:
        marks.append(f"dihapus: {proven.erased.reason} ({proven.erased.authority})")
    shown = " ".join(f'<span class="mark">{escape(mark)}</span>' for mark in marks if mark)
    detail = ""
    if record.value is not None:
        raw = escape(_pretty(record.value, said))
        detail = f"<details><summary>isi lengkap</summary><pre>{raw}</pre></details>"
    cells = (
        _when(said.get("time")),
        _when(said.get("receivedtime") or record.appended_at),
        f"<strong>{escape(TYPE_WORDS.get(short, kind or 'tanpa jenis'))}</strong>"
        f" {shown}{_words(said)}{detail}",
        escape(str(said.get("subject") or "")),
        escape(str(said.get("actor") or "")),
        f"<code>{escape(place)}</code>",
    )
    return _row(_HEADS, cells)


def _custody(story: Story) -> str:
    verbs = {
        "export": "Mengambil berkas ini",
        "events": "Melihat catatan",
        "hold": "Menahan dari penghapusan",
    }
    rows = "".join(_entry(each, verbs) for each in story.custody)
    head = "".join(f"<th>{name}</th>" for name in _CUSTODY)
    cut = f"<p>Hanya yang terbaru yang dicari. {_en('Only the newest looks were searched.')}</p>"
    return (
        f"<h2>Riwayat penguasaan {_en('Custody log')}</h2>"
        f"{'' if story.manifest.get('looks_complete', True) else cut}"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _entry(entry: Mapping[str, Any], verbs: Mapping[str, str]) -> str:
    what = str(entry.get("what", ""))
    cells = (
        _when(entry.get("at")),
        _with(entry.get("actor"), entry.get("role")),
        escape(verbs.get(what, what)),
        _with(entry.get("reason"), entry.get("authority")),
    )
    return _row(_CUSTODY, cells)


def _with(said: object, more: object) -> str:
    return escape(str(said or "")) + (f" ({escape(str(more))})" if more else "")


def _row(heads: Iterable[str], cells: Iterable[str]) -> str:
    """A table's row; on a narrow screen each cell is told by its name."""
    pairs = zip(heads, cells, strict=True)
    return "<tr>" + "".join(f'<td data-name="{name}">{cell}</td>' for name, cell in pairs) + "</tr>"


def _words(said: Mapping[str, Any]) -> str:
    """What somebody wrote, which is what a reader looks for first."""
    data = said.get("data")
    if not isinstance(data, dict):
        return ""
    found = [data.get(name) for name in ("category", "text", "note", "reason")]
    text = " · ".join(str(each) for each in found if isinstance(each, str) and each)
    return f'<p class="said">{escape(text)}</p>' if text else ""


def _said(value: bytes | None) -> dict[str, Any]:
    try:
        said = json.loads(value or b"{}")
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _pretty(value: bytes, said: Mapping[str, Any]) -> str:
    # Indenting goes less deep than reading does.
    with suppress(RecursionError):
        if said:
            return json.dumps(said, ensure_ascii=False, indent=1)
    return value.decode(errors="backslashreplace")


def _when(moment: object) -> str:
    try:
        found = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
        local = found.astimezone(WIB)
    except (ValueError, OverflowError):
        return escape(str(moment or ""))
    return f'<time datetime="{local.isoformat()}">{local:%d-%m-%Y %H.%M.%S} WIB</time>'


def _en(text: str) -> str:
    return f'<span class="en" lang="en">{text}</span>'
