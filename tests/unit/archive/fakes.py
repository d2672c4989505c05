"""The archive's ports in memory, with the behaviour that `tests/contract/archive` holds them to."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.archive.domain.join import START, Head, Join, join
from services.archive.domain.kept import Batch, EventRow, Kept
from services.archive.domain.knowing import (
    ANSWERS,
    FOLLOWING,
    PHOTO,
    Belonging,
    PartOf,
    Rule,
    is_unjudged,
    is_wary,
    may_know,
    of_itself,
)
from services.archive.domain.search import TRACKS, Place, Rights, Search, Status
from services.archive.ports import Found, Outcome, Page, Totals, Unavailable, Unstorable
from shared.events.envelope import Event


class MemoryArchive:
    """`Store` and `Reader`. Refuses whole batches while they hold an event of type `refuses`."""

    def __init__(self, *, refuses: str | None = None) -> None:
        self.found: list[Found] = []
        self.actors: dict[Place, EventRow | None] = {}
        self._heads: dict[tuple[str, int], Head] = {}
        self._hashes: dict[bytes, bytes] = {}
        self._topics: list[str] = []
        self._refuses = refuses
        self._rules: set[Rule] = set()
        self._belongings: set[Belonging] = set()
        self._parts: set[PartOf] = set()

    async def keep(self, batches: Sequence[Batch], now: datetime) -> Sequence[Outcome]:
        """See `Store`."""
        events = (record.event for batch in batches for record in batch.records)
        if any(event and event.type == self._refuses for event in events):
            raise Unstorable("refused")
        heads = [self._heads.get((batch.topic, batch.partition), START) for batch in batches]
        joins = [join(head, batch) for head, batch in zip(heads, batches, strict=True)]
        fresh = [
            (batch, record)
            for batch, joined in zip(batches, joins, strict=True)
            for record in joined.fresh
        ]
        # Whichever was appended first is the event, in whatever order the batches came.
        counts: dict[tuple[str, int], Counter[Status]] = defaultdict(Counter)
        for batch, record in sorted(fresh, key=lambda each: (each[1].appended_at, each[1].offset)):
            counts[batch.topic, batch.partition][self._store(batch, record)] += 1
            self._heads[batch.topic, batch.partition] = Head(record.offset + 1, record.appended_at)
        return [
            _outcome(batch, head, joined, counts[batch.topic, batch.partition])
            for batch, head, joined in zip(batches, heads, joins, strict=True)
        ]

    def forget(self, topic: str, partition: int, offset: int) -> None:
        """The database as it was restored: nothing of the partition from `offset` on."""
        gone = {
            found.place
            for found in self.found
            if (found.topic, found.place.partition) == (topic, partition)
            and found.place.offset >= offset
        }
        for place in gone:
            event = self.actors.pop(place)
            if event is not None:
                self._hashes.pop(event.id, None)
        self.found = [found for found in self.found if found.place not in gone]
        last = [
            found.place
            for found in self.found
            if (found.topic, found.place.partition) == (topic, partition)
        ]
        self._heads[topic, partition] = Head(offset, last[-1].appended_at if last else None)

    def _store(self, batch: Batch, record: Kept) -> Status:
        if batch.topic not in self._topics:
            self._topics.append(batch.topic)
        place = Place(
            record.appended_at, self._topics.index(batch.topic), batch.partition, record.offset
        )
        status = self._status(batch, record)
        event = record.event
        if record.told is not None and event is not None:
            told = of_itself(record.told, event.id) if batch.aside else record.told
            self._rules |= {*told.rules}
            self._belongings |= {*told.belongings}
            self._parts |= {*told.parts}
        self.actors[place] = event
        self.found.append(
            Found(
                status=status,
                place=place,
                topic=batch.topic,
                id=str(UUID(bytes=event.id)) if event else None,
                type=event.type if event else None,
                site=event.site if event else None,
                unit=event.unit if event else None,
                time=event.time if event else None,
                received_at=event.received_at if event else None,
                reason=record.reason,
                value=record.value,
            )
        )
        return status

    def _status(self, batch: Batch, record: Kept) -> Status:
        if record.event is None:
            return "undecodable"
        if batch.aside:
            return "aside"
        known = self._hashes.setdefault(record.event.id, record.event.hash)
        already = any(
            found.id == str(UUID(bytes=record.event.id)) and found.status == "event"
            for found in self.found
        )
        if not already:
            return "event"
        return "duplicate" if known == record.event.hash else "conflict"

    async def page(self, search: Search, rights: Rights) -> Page:
        """See `Reader`."""
        hits = sorted(
            (found for found in self.found if self._matches(found, search, rights)),
            key=lambda found: found.place,
            reverse=search.newest_first,
        )
        return Page(hits[: search.limit], len(hits) > search.limit)

    def _matches(self, found: Found, search: Search, rights: Rights) -> bool:
        event = self.actors[found.place]
        return (
            _covers(rights.within, found.unit, unitless=rights.sees_unitless)
            and (rights.tracks or not _is_track(found))
            and (event is None or self._knows(event, rights))
            and (search.status in {None, found.status})
            and _type_fits(search.type, found.type)
            and (search.unit is None or _covers(search.unit, found.unit, unitless=False))
            and search.site in {None, found.site}
            and search.id in {None, found.id}
            and search.device in {None, event and event.device}
            and search.actor in {None, event and event.actor}
            and search.alert in {None, event and event.alert and str(UUID(bytes=event.alert))}
            and (search.since is None or found.place.appended_at >= search.since)
            and (search.until is None or found.place.appended_at < search.until)
            and (search.after is None or (found.place > search.after) != search.newest_first)
            and found.place != search.after
        )

    def _knows(self, event: EventRow, rights: Rights) -> bool:
        """Whether the asker may know of an event, by what others have said until now."""
        to = {each.to for each in self._belongings if each.event == event.id}
        about = {event.id, event.alert, *to}
        judged = {part.event for part in self._parts}
        rules = [rule for rule in self._rules if rule.about in about]
        if not all(
            may_know(rule, rights) or (is_unjudged(rule) and rule.about in judged) for rule in rules
        ):
            return False
        if not is_wary(rights):
            return True
        kept = [each for each in self.found if each.status == "event"]
        if event.type in FOLLOWING:
            return {str(UUID(bytes=each)) for each in to} <= {each.id for each in kept}
        if event.type.startswith(ANSWERS):
            rows = [row for row in map(self.actors.get, (each.place for each in kept)) if row]
            return event.alert is None or any(
                row.alert == event.alert and row.type.startswith("ronda.alert.") for row in rows
            )
        return bool(to) or event.type != PHOTO

    async def together(self, ids: Sequence[str], *, alert: str | None) -> Sequence[str]:
        """See `Reader`."""
        wanted = {UUID(each).bytes for each in ids}
        if alert is not None:
            wanted |= {each.event for each in self._parts if each.alert == UUID(alert).bytes}
        while more := {each.event for each in self._belongings if each.to in wanted} - wanted:
            wanted |= more
        return [str(UUID(bytes=each)) for each in wanted]

    async def totals(self) -> dict[str, Totals]:
        """See `Reader`."""
        counts = {topic: Counter[str]() for topic in self._topics}
        for found in self.found:
            counts[found.topic][found.status] += 1
        return {
            topic: Totals(
                records=count.total(),
                events=count["event"],
                duplicates=count["duplicate"],
                conflicts=count["conflict"],
                aside=count["aside"],
                undecodable=count["undecodable"],
            )
            for topic, count in counts.items()
        }


def _outcome(batch: Batch, head: Head, joined: Join, counts: Counter[Status]) -> Outcome:
    return Outcome(
        verdict=joined.verdict,
        head=head.next_offset,
        records=len(joined.fresh),
        events=counts["event"],
        duplicates=counts["duplicate"],
        conflicts=counts["conflict"],
        aside=counts["aside"],
        undecodable=counts["undecodable"],
        repeated=len(batch.records) - len(joined.fresh) if joined.verdict == "kept" else 0,
    )


def _covers(root: str, unit: str | None, *, unitless: bool) -> bool:
    if unit is None:
        return unitless
    return unit == root or unit.startswith(f"{root}/")


def _is_track(found: Found) -> bool:
    return (found.type or "").startswith(TRACKS) or (
        found.id is None and found.topic == "ronda.position"
    )


def _type_fits(wanted: str | None, found: str | None) -> bool:
    if wanted is None:
        return True
    return found is not None and (
        found.startswith(wanted) if wanted.endswith(".") else found == wanted
    )


class MemoryLog:
    """`Log`: what the partition still holds, and where the reader was told to go."""

    def __init__(self, *offsets: int) -> None:
        self.offsets = list(offsets)
        self.went_to: list[int] = []
        self.held_at: list[int] = []
        self.let_go: list[int] = []
        self.is_ours = True

    async def first_from(self, topic: str, partition: int, offset: int) -> int | None:
        """See `Log`."""
        return next((held for held in self.offsets if held >= offset), None)

    async def end(self, topic: str, partition: int) -> int:
        """See `Log`."""
        return self.offsets[-1] + 1 if self.offsets else 0

    def go_to(self, topic: str, partition: int, offset: int) -> None:
        """See `Log`."""
        self.went_to.append(offset)

    def hold(self, topic: str, partition: int, offset: int) -> None:
        """See `Log`."""
        self.held_at.append(offset)

    def let_go_of(self, topic: str, partition: int) -> bool:
        """See `Log`."""
        self.let_go.append(partition)
        return self.is_ours


class MemoryAccessLog:
    """`AccessLog`; `away` while nothing can be recorded."""

    def __init__(self) -> None:
        self.recorded: list[Any] = []
        self.away = False

    async def record(self, event: Event) -> None:
        """See `AccessLog`."""
        if self.away:
            raise Unavailable("away")
        self.recorded.append(event)
