"""Evidence in one file: a part of the archive with proofs, or all of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from services.archive.domain import lines
from services.archive.domain.hold import Hold
from services.archive.domain.index import NARROW_TABLES
from services.archive.domain.knowing import Told, is_wary, told_by
from services.archive.domain.proof import Proven, Sealed
from services.archive.domain.search import Place, Rights, Search
from services.archive.domain.stored import Erased, Narrow, Retired, Seal, Undecoded
from services.archive.handlers.custody import Looks, earlier_looks, of_holds
from services.archive.handlers.verifying import Verdict, verify
from services.archive.ports import (
    AccessLog,
    Bundle,
    Found,
    Holds,
    Member,
    Proofs,
    Reader,
    Snapshot,
)
from shared.auth import Principal
from shared.clock import Clock
from shared.events.audit import Access, AccessRecorded
from shared.events.identity import new_id
from shared.events.registry import decode_envelope

AT_ONCE = 500
SHOWN = 2_000
"""How many events the readable page shows."""


class TooMuch(Exception):
    """More records than may be exported at once."""


class Nothing(Exception):
    """No record that the asker may see is asked for."""


class Selection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is asked for; without anything, the whole archive. `until` is exclusive."""

    incident: str | None = None
    site: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_whole(self) -> bool:
        """Whether everything is asked for."""
        return self == Selection()

    def words(self) -> dict[str, str]:
        """As the record of the look shows it."""
        return {name: str(value) for name, value in msgspec.to_builtins(self).items()}


class Story(NamedTuple):
    """What the readable page tells."""

    manifest: dict[str, Any]
    shown: Sequence[Proven]
    custody: Sequence[dict[str, Any]]
    checkpoint: str


@dataclass
class _Gathered:
    """What a selection comes to, up to a limit: places and ids of records, and what they name."""

    limit: int
    places: set[Place] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)

    def add(self, found: Found) -> None:
        """Raises `TooMuch`."""
        self.places.add(found.place)
        self.ids |= {found.id} if found.id else set()
        self.named |= _named(found)
        if len(self.places) > self.limit:
            raise TooMuch(
                f"more than {self.limit} records are asked for: name a shorter time, or use "
                "`ronda archive export`"
            )


Page = Callable[[Story], str]


class Exporting:
    """Writes exports. A look is recorded before anything is read."""

    def __init__(
        self,
        *,
        reader: Reader,
        proofs: Proofs,
        holds: Holds,
        access: AccessLog,
        clock: Clock,
        keys: Sequence[str],
        sign: Callable[[str], str] | None,
        page: Page,
        verifier: str,
    ) -> None:
        self._reader = reader
        self._proofs = proofs
        self._holds = holds
        self._access = access
        self._clock = clock
        self._keys = keys
        self._sign = sign
        self._page = page
        self._verifier = verifier

    async def part(
        self,
        who: Principal,
        selection: Selection,
        reason: str,
        bundle: Bundle,
        *,
        rights: Rights,
        limit: int,
    ) -> dict[str, Any]:
        """Exports what is selected; returns the manifest.

        Raises `Nothing`, `TooMuch`, and `Unavailable`, also when the look cannot be recorded.
        """
        await self._access.record(self._look(who, selection, reason))
        found = await self._selected(selection, rights, limit)
        if not found:
            raise Nothing("no record that you may see is asked for")
        seal = await self._proofs.checkpoint()
        size = seal.size if seal else 0
        sealed: dict[tuple[int, int, int], Sealed] = {}
        erased: list[tuple[Erased, str]] = []
        shown: list[Proven] = []
        holds: dict[str, Hold] = {}
        with bundle.member("records.ndjson") as member:
            for start in range(0, len(found), AT_ONCE):
                places = found[start : start + AT_ONCE]
                holds |= {hold.id: hold for hold in await self._holds.standing(places)}
                proven = await self._proofs.proven(places, size)
                await asyncio.to_thread(member.add, list(map(lines.proven_line, proven)))
                for each in proven:
                    place = (each.record.topic, each.record.partition)
                    sealed[*place, each.sealed.segment.next_offset] = each.sealed
                    if each.erased is not None:
                        erased.append((each.erased, each.sealed.segment.topic))
                shown += proven[: SHOWN - len(shown)]
        with bundle.member("segments.ndjson") as member:
            member.add(lines.sealed_line(sealed[where]) for where in sorted(sealed))
        with bundle.member("erasures.ndjson") as member:
            member.add(lines.erased_line(each, topic, None) for each, topic in erased)
        manifest = self._manifest(who, selection, reason, seal) | {"records": len(found)}
        manifest["shown_to"] = _shown_to(rights)
        looks = await self._looks(selection, found[0].appended_at, rights)
        manifest["looks_complete"] = looks.complete
        custody = [*looks.entries, *of_holds(holds.values())]
        return self._end(bundle, manifest, shown, custody, [seal.note] if seal else [])

    async def whole(
        self, who: Principal, reason: str, bundle: Bundle, snapshot: Snapshot
    ) -> dict[str, Any]:
        """Exports everything, checked first; an archive that is not as it was sealed says so in its
        manifest. Raises what the snapshot raises, and `Unavailable`."""
        await self._access.record(self._look(who, Selection(), reason))
        verdict = await verify(snapshot)
        names = await snapshot.names()
        with bundle.member("rows.ndjson") as member:
            left = await _left(snapshot, names, verdict.retired, member)
        with bundle.member("holds.ndjson") as member:
            member.add(map(lines.hold_line, await self._holds.all()))
        with bundle.member("records.ndjson") as member:
            async for records in snapshot.records():
                made = [lines.record_line(each, _name(names, each.topic)) for each in records]
                await asyncio.to_thread(member.add, made)
        with bundle.member("segments.ndjson") as member:
            async for links in snapshot.links():
                await asyncio.to_thread(member.add, list(map(lines.link_line, links)))
        with bundle.member("log.ndjson") as member:
            async for entries in snapshot.log():
                member.add(lines.entry_line(each, _name(names, each.topic)) for each in entries)
        with bundle.member("erasures.ndjson") as member:
            async for erased in snapshot.erased():
                member.add(
                    lines.erased_line(each, _name(names, each.topic), left.get(_place(each)))
                    for each in erased
                )
        seals = [each async for chunk in snapshot.seals() for each in chunk]
        with bundle.member("checkpoints.ndjson") as member:
            member.add(map(_said, seals))
        newest = max(seals, default=None)
        manifest = self._manifest(who, Selection(), reason, newest)
        manifest |= {"records": verdict.records, "topics": lines.topics_of(names)}
        manifest |= _judged(verdict)
        custody = of_holds(await self._holds.standing())
        return self._end(bundle, manifest, [], custody, [each.note for each in seals])

    def _end(
        self,
        bundle: Bundle,
        manifest: dict[str, Any],
        shown: Sequence[Proven],
        before: Sequence[dict[str, Any]],
        notes: Sequence[str],
    ) -> dict[str, Any]:
        custody = [*before, manifest["made"]]
        bundle.text("checkpoints.txt", "\n".join(notes))
        bundle.text("custody.json", json.dumps(custody, ensure_ascii=False, indent=1))
        story = Story(manifest, shown, custody, notes[-1] if notes else "")
        bundle.text("index.html", self._page(story))
        bundle.text("verify.py", self._verifier)
        manifest["signed"] = self._sign is not None
        return bundle.close(manifest, self._sign)

    async def _selected(self, selection: Selection, rights: Rights, limit: int) -> list[Place]:
        """Places in the archive's order, each once: of what is asked for, and of what goes with it
        whenever and wherever it came, as photos and calls for backup do."""
        about = Search(
            alert=selection.incident,
            site=selection.site,
            since=selection.since,
            until=selection.until,
            limit=1000,
        )
        gathered = _Gathered(limit)
        async for found in self._found(about, rights):
            gathered.add(found)
        ids = gathered.ids | ({selection.incident} if selection.incident else set())
        together = await self._reader.together(sorted(ids), alert=selection.incident)
        for each in sorted({*together, *gathered.named} - gathered.ids):
            async for found in self._found(Search(id=each, limit=1000), rights):
                gathered.add(found)
        return sorted(gathered.places)

    async def _found(self, search: Search, rights: Rights) -> AsyncIterator[Found]:
        while True:
            page = await self._reader.page(search, rights)
            for found in page.found:
                yield found
            if not page.more:
                return
            search = msgspec.structs.replace(search, after=page.found[-1].place)

    async def _looks(self, selection: Selection, since: datetime, rights: Rights) -> Looks:
        """Earlier looks at the same incident or site."""
        named = {each for each in (selection.incident, selection.site) if each}
        if not named:
            return Looks([], complete=True)
        search = Search(type="ronda.access.recorded.v1", since=since, newest_first=True, limit=1000)
        return await earlier_looks(self._found(search, rights), named)

    def _manifest(
        self, who: Principal, selection: Selection, reason: str, seal: Seal | None
    ) -> dict[str, Any]:
        return {
            "whole": selection.is_whole,
            "selection": selection.words(),
            "made": {
                "at": lines.moment(self._clock()),
                "actor": who.actor,
                "role": who.role,
                "unit": who.unit,
                "what": "export",
                "reason": reason,
            },
            "checkpoint_size": seal.size if seal else 0,
            "keys": list(self._keys),
        }

    def _look(self, who: Principal, selection: Selection, reason: str) -> AccessRecorded:
        now = self._clock()
        filters = selection.words() or {"everything": "yes"}
        return AccessRecorded(
            specversion="1.0",
            id=new_id(now),
            source="ronda/archive",
            time=now,
            receivedtime=now,
            unit=who.unit,
            actor=who.actor,
            channel="system",
            data=Access(role=who.role, what="export", filters=filters, reason=reason),
        )


def _shown_to(rights: Rights) -> dict[str, Any]:
    """For whom it was made; what is `filtered` leaves out what they may not know."""
    return {"role": rights.role, "unit": rights.within, "filtered": is_wary(rights)}


async def _left(
    snapshot: Snapshot, names: dict[int, str], retired: Sequence[Retired], member: Member
) -> dict[tuple[int, int, int], Narrow]:
    """What is left of erased events' rows, by place. Rows whose months were dropped become lines,
    because no record says any more what they say."""

    def is_alone(row: Narrow | Undecoded) -> bool:
        return any(span.covers(row.appended_at) for span in retired)

    left: dict[tuple[int, int, int], Narrow] = {}
    for table in NARROW_TABLES:
        async for rows in snapshot.narrow(table):
            left |= {_place(row): row for row in rows if not row.hash}
            alone = filter(is_alone, rows)
            member.add(lines.row_line(table, row, _name(names, row.topic)) for row in alone)
    async for undecoded in snapshot.undecodable():
        some = filter(is_alone, undecoded)
        member.add(lines.undecoded_line(row, _name(names, row.topic)) for row in some)
    return left


def _place(row: Narrow | Erased) -> tuple[int, int, int]:
    return row.topic, row.partition, row.offset


def _name(names: dict[int, str], topic: int) -> str:
    return names.get(topic, f"topic {topic}")


def _said(seal: Seal) -> dict[str, Any]:
    return {
        "size": seal.size,
        "root": seal.root.hex(),
        "note": seal.note,
        "sealed_at": lines.moment(seal.sealed_at),
        "reason": seal.reason,
    }


def _judged(verdict: Verdict) -> dict[str, Any]:
    return {
        "findings": [{"where": each.where, "what": each.what} for each in verdict.findings],
        "retired": [
            {
                "from": lines.moment(each.start),
                "to": lines.moment(each.end),
                "reason": each.reason,
                "authority": each.authority,
                "retired_at": lines.moment(each.retired_at),
                "actor": each.actor,
            }
            for each in verdict.retired
        ],
    }


def _named(found: Found) -> set[str]:
    """The photos that refused evidence names: they do not belong to it, but they go with it."""
    if found.status != "aside" or found.value is None:
        return set()
    told = told_by(decode_envelope(found.value)) or Told()
    return {str(UUID(bytes=each.event)) for each in told.belongings}
