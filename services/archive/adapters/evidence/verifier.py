#!/usr/bin/env python3
"""Periksa berkas bukti Ronda / check a Ronda evidence file.

    python3 verify.py BERKAS.zip [--checkpoint FILE] [--key KEY] [--json]

Needs Python 3.11 or newer and nothing else: no network, no installation, nothing of Ronda. Checks
that every record leads through its hashes (RFC 9162) to a checkpoint signed with Ed25519 (RFC
8032), and, in an export of everything, that no record and no segment is missing. With --checkpoint,
notes that were printed or kept elsewhere are compared too; with --key, signatures are checked with
a key that you had before, and not with the one in the file.

Exit code 0: whole. 1: something is not as it was sealed. 2: not a file that can be checked.
"""

import argparse
import json
import sys
import zipfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from services.archive.adapters.evidence.verifier_proofs import (
    Line,
    Unreadable,
    is_signed,
    notes_in,
    path_root,
    prefix_root,
    read_note,
    record_leaf,
    segment_leaf,
    tree_levels,
    tree_root,
)
from services.archive.adapters.evidence.verifier_words import (
    said,
    shown,
)

FORMAT = "ronda.export.v1"
NOTHING = bytes(32)
ASIDE = ("ronda.quarantine", "ronda.deadletter")
TOLD = "ronda.record.erased.v1"
TOLD_WITHIN = timedelta(hours=1)
WORDS = ("reason", "authority", "class", "erased_at")


class Check:
    """Reads an export and collects findings: where, and what is wrong there."""

    def __init__(self, archive: zipfile.ZipFile, keys: list[str]) -> None:
        self._zip = archive
        self.findings: list[tuple[str, str]] = []
        self.remarks: list[str] = []
        self.records = self.erased = self.unsealed = self.partly = 0
        self.erasures: dict[str, dict[str, Any]] = {}
        self._told: list[Any] = []
        self._gone: dict[str, str] = {}
        self.manifest: dict[str, Any] = json.loads(archive.read("manifest.json"))
        if self.manifest.get("format") != FORMAT:
            raise Unreadable("not of format " + FORMAT)
        self.keys: list[str] = keys or self.manifest["keys"]
        self.whole: bool = self.manifest["whole"]
        self._segments: dict[tuple[str, int], list[Line]] = {}
        self._log: list[bytes] = []
        self._levels: list[list[bytes]] = []
        self._sizes: set[int | None] = set()
        self._roots: dict[int, bytes | None] = {}

    def run(self, elsewhere: Iterable[str]) -> "Check":
        """Checks everything, notes that were kept elsewhere too."""
        self._members()
        for each in self.manifest.get("findings", ()):
            self._find(each["where"], each["what"])
        self._load_segments()
        self.retired: list[dict[str, Any]] = self.manifest.get("retired", [])
        self._records(self._erasures())
        if self.whole:
            self._excuses()
            self._complete()
            self._whole_log()
        for note in notes_in(self._zip.read("checkpoints.txt").decode()):
            self._sizes.add(self._note(note, "checkpoint"))
        for note in elsewhere:
            self._note(note, "checkpoint kept elsewhere")
        shown = self.manifest.get("shown_to")
        if shown and shown["filtered"]:
            self.remarks.append(
                "hanya berisi apa yang boleh diketahui / holds only what these may know: "
                f"{shown['role']}, {shown['unit']}; catatan lain dapat tidak disertakan / other "
                "records may be left out"
            )
        if set(self._roots) - self._sizes:
            self._find("checkpoint", "the one that the records lead to is not there")
        return self

    def _find(self, where: str, what: str) -> None:
        self.findings.append((where, what))

    def _members(self) -> None:
        """The files against the manifest, and the manifest against its signature."""
        listed = self.manifest["files"]
        for name in sorted(set(self._zip.namelist()) - set(listed)):
            if name not in ("manifest.json", "manifest.signed.txt"):
                self._find(name, "is not listed in the manifest")
        for name, member in listed.items():
            digest = sha256()
            try:
                with self._zip.open(name) as stream:
                    for piece in iter(lambda: stream.read(1 << 16), b""):
                        digest.update(piece)
            except KeyError:
                self._find(name, "is missing")
                continue
            if digest.hexdigest() != member["sha256"]:
                self._find(name, "is not the file that was exported")
        if self.manifest.get("signed"):
            self._signed_manifest()
        else:
            self.remarks.append(
                "daftar isi tidak ditandatangani / the list itself is not signed: each record is "
                "proved, but not that none was left out"
            )

    def _signed_manifest(self) -> None:
        digest = sha256(self._zip.read("manifest.json")).hexdigest()
        try:
            note = self._zip.read("manifest.signed.txt").decode()
        except KeyError:
            note = ""
        if note.split("\n")[:2] != [FORMAT, digest] or not is_signed(note, self.keys):
            self._find("manifest.json", "is not the list that was signed")

    def _lines(self, name: str) -> Iterator[Line]:
        if name not in self.manifest["files"]:
            return
        with self._zip.open(name) as stream:
            for line in stream:
                yield json.loads(line)

    def _load_segments(self) -> None:
        for line in self._lines("segments.ndjson"):
            self._segments.setdefault((line["topic"], line["partition"]), []).append(line)
        for lines in self._segments.values():
            lines.sort(key=lambda line: line["next_offset"])
            previous = NOTHING
            for line in lines:
                line["leaf"] = segment_leaf(line)
                line["found"] = []
                if self.whole and bytes.fromhex(line["previous"]) != previous:
                    self._find(_where(line), "does not follow the segment before it")
                previous = line["leaf"]

    def _erasures(self) -> dict[str, str]:
        """Which act erased each record; the words of an act are the same for all of them."""
        acts = {}
        for line in self._lines("erasures.ndjson"):
            acts[_where(line)] = line["act"]
            words = {name: line[name] for name in (*WORDS, "actor")}
            act = self.erasures.setdefault(line["act"], words | {"records": 0})
            act["records"] += 1
            act["first"] = min(act.get("first", _where(line)), _where(line))
            if words != {name: act[name] for name in words}:
                self._find(_where(line), "one erasure is told in two ways")
        return acts

    def _records(self, erased: dict[str, str]) -> None:
        ends = {
            place: [line["next_offset"] for line in lines]
            for place, lines in self._segments.items()
        }
        for line in self._lines("records.ndjson"):
            self.records += 1
            place = (line["topic"], line["partition"])
            number = bisect_right(ends.get(place, []), line["offset"])
            if number == len(ends.get(place, [])):
                self._find(_where(line), "was never sealed at this place")
                continue
            segment, leaf = self._segments[place][number], record_leaf(line)
            if line["status"] != "undecodable" and (
                (line["status"] == "aside") != line["topic"].endswith(ASIDE)
            ):
                self._find(_where(line), f"is kept as {line['status']}, which it is not")
            if TOLD in (line.get("value") or "") and line["topic"].endswith("ronda.audit"):
                self._told.append(json.loads(line["value"]))
            if line.get("leaf") is not None:
                self.erased += 1
                self._gone[_where(line)] = line["appended_at"]
                if _where(line) not in erased:
                    self._find(_where(line), "was erased by nobody who is named")
            if self.whole:
                segment["found"].append((line["offset"], leaf))
            else:
                self._proved(line, leaf, segment)

    def _proved(self, line: Line, leaf: bytes, segment: Line) -> None:
        path = [bytes.fromhex(node) for node in line["path"]]
        found = path_root(leaf, line["index"], segment["records"], path)
        if found != bytes.fromhex(segment["root"]):
            self._find(_where(line), "is not what was sealed")
        elif segment["path"] is None:
            self.unsealed += 1
        else:
            size = self.manifest["checkpoint_size"]
            nodes = [bytes.fromhex(node) for node in segment["path"]]
            root = path_root(segment["leaf"], segment["position"], size, nodes)
            if self._roots.setdefault(size, root) != root or root is None:
                self._find(_where(line), "its segment is not in the log as the others are")

    def _excuses(self) -> None:
        """Erasures and retired months against the sealed events that tell of them."""
        told = {each["id"]: each for each in self._told if each["type"] == TOLD}
        months = {each["data"].get("month"): each for each in told.values()}
        for act_id, act in self.erasures.items():
            event = told.get(act_id)
            self._excuse(act["first"], act, act["actor"], event)
            self._appended(event["data"]["records"] if event else ())
        for span in self.retired:
            month = span["from"][:7]
            if not _is_month(span["from"], span["to"]):
                self._find(f"month {month}", "a span that is not one month excuses nothing")
            words = {"class": "month", "erased_at": span["retired_at"]} | span
            self._excuse(f"month {month}", words, span.get("actor"), months.get(month))

    def _excuse(self, where: str, words: dict[str, Any], actor: Any, event: Any) -> None:
        if event is None:
            commits = [line["committed_at"] for each in self._segments.values() for line in each]
            due = _moment(words["erased_at"]) + TOLD_WITHIN
            if commits and _moment(max(commits)) >= due:
                self._find(where, "no event of the record tells of it")
            else:
                self.remarks.append(f"{where}: belum diberitakan / not told in the record yet")
            return
        data = event["data"] | {"erased_at": _moment(event["data"]["erased_at"])}
        said = [data[name] for name in WORDS] + [event.get("actor")]
        words = words | {"erased_at": _moment(words["erased_at"])}
        if said != [words[name] for name in WORDS] + [actor]:
            self._find(where, "the event that tells of it says otherwise")

    def _appended(self, records: Iterable[Line]) -> None:
        """No leaf that can be computed holds the moment; the event that tells of it does."""
        for each in records:
            kept, told = self._gone.get(_where(each)), each.get("appended_at")
            if kept and told and _moment(kept) != _moment(told):
                self._find(_where(each), f"was appended at {told}, as its erasure tells")

    def _complete(self) -> None:
        """Each segment against the records that came for it."""
        for lines in self._segments.values():
            for line in lines:
                line["found"].sort()
                if not line["found"] and self._is_retired(line):
                    continue
                leaves = [leaf for _, leaf in line["found"]]
                if self._is_retired(line, partly=True):
                    self.partly += 1
                elif len(leaves) != line["records"]:
                    what = f"{len(leaves)} of its {line['records']} records are there"
                    self._find(_where(line), what)
                elif tree_root(leaves) != bytes.fromhex(line["root"]):
                    self._find(_where(line), "its records are not what was sealed")

    def _is_retired(self, line: Line, *, partly: bool = False) -> bool:
        for span in self.retired:
            start, end = span["from"], span["to"]
            if start <= line["earliest"] and line["latest"] < end:
                return True
            if partly and line["earliest"] < end and start <= line["latest"]:
                return True
        return False

    def _whole_log(self) -> None:
        by_end = {
            (place, line["next_offset"]): (number, line)
            for place, lines in self._segments.items()
            for number, line in enumerate(lines)
        }
        sealed = dict.fromkeys(self._segments, 0)
        for line in self._lines("log.ndjson"):
            where, place = f"log {len(self._log)}", (line["topic"], line["partition"])
            number, segment = by_end.get((place, line["next_offset"]), (None, None))
            if line["position"] != len(self._log):
                self._find(where, "is missing")
            if segment is None:
                self._find(where, "seals a segment that is not there")
            elif number != sealed[place] or segment["leaf"].hex() != line["leaf"]:
                self._find(where, "seals another segment than the next of its partition")
            if number is not None:
                sealed[place] = number + 1
            self._log.append(bytes.fromhex(line["leaf"]))
        self.unsealed = len(by_end) - len(self._log)
        self._levels = tree_levels(self._log)

    def _note(self, note: str, name: str) -> int | None:
        """Compares a checkpoint with what is here; its size, if it can be relied on."""
        try:
            _, size, root = read_note(note)
        except Unreadable as error:
            self._find(name, str(error))
            return None
        where = f"{name} {size}"
        if self.keys and not is_signed(note, self.keys):
            self._find(where, "is not signed by a key that is known")
        elif self.whole and size > len(self._log):
            what = f"the log has only {len(self._log)} of its {size} segments: its tail was cut"
            self._find(where, what)
        elif self.whole and prefix_root(self._levels, size) != root:
            self._find(where, "the log does not begin with what it sealed")
        elif not self.whole and self._roots.get(size, root) != root:
            self._find(where, "the records do not lead to it")
        else:
            if not self.whole and size not in self._roots and size not in self._sizes:
                self.remarks.append(f"{where}: not the one of this file, and not comparable here")
            return size
        return None


def _where(line: Line) -> str:
    return "{}/{}/{}".format(
        line["topic"], line["partition"], line.get("offset", line.get("first_offset")),
    )  # fmt: skip


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _is_month(start: str, end: str) -> bool:
    first = _moment(start)
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    midnight = (first.day, first.hour, first.minute, first.second, first.microsecond)
    return midnight == (1, 0, 0, 0, 0) and _moment(end) == following


def check(file: Path, elsewhere: Iterable[str] = (), keys: Iterable[str] = ()) -> Check:
    """Checks an export; returns a `Check` with its findings. Raises Unreadable."""
    try:
        with zipfile.ZipFile(file) as archive:
            return Check(archive, list(keys)).run(list(elsewhere))
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(str(error) or repr(error)) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file")
    parser.add_argument("--checkpoint", action="append", default=[], metavar="FILE")
    parser.add_argument("--key", action="append", default=[])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    try:
        elsewhere = []
        for name in options.checkpoint:
            elsewhere += notes_in(Path(name).read_text(encoding="utf-8"))
        if options.checkpoint and not elsewhere:
            raise Unreadable("no checkpoint in " + ", ".join(options.checkpoint))
        found = check(options.file, elsewhere, options.key)
    except (Unreadable, OSError) as error:
        sys.stderr.write(f"tidak dapat diperiksa / cannot be checked: {error}\n")
        return 2
    tell(found, options)
    return 1 if found.findings else 0


def tell(found: Check, options: argparse.Namespace) -> None:
    """Writes what was found to stdout."""
    if options.json:
        sys.stdout.write(json.dumps(shown(found), ensure_ascii=False) + "\n")
        return
    for line in said(found, mine=bool(options.key)):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
