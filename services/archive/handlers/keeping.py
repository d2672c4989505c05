"""Keeping records: nothing between two batches is missed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from services.archive.domain.index import REFUSED
from services.archive.domain.kept import Batch
from services.archive.metrics import Metrics
from services.archive.ports import Log, Outcome, Store, Unstorable
from shared.clock import Clock
from shared.health import Check
from shared.logging import logger

PATIENCE = timedelta(seconds=30)
"""So long a broker may look as if its log were another one, as it does when it has just started."""
AGAIN_SOON = timedelta(seconds=5)
AGAIN_LATER = timedelta(seconds=60)

_log = logger(__name__)


class Hold(NamedTuple):
    """A partition whose log contradicts its archive: since when, why, when to look again."""

    since: datetime
    why: str
    again_at: datetime


class Keeping:
    """Stores batches as they come, and sees to it that nothing between them is missed.

    A partition whose log contradicts its archive is not read while the others go on; `look_again`
    lets it be read once more, and the batch that comes then decides.
    """

    def __init__(self, *, store: Store, log: Log, clock: Clock, metrics: Metrics) -> None:
        self._store = store
        self._log = log
        self._clock = clock
        self._metrics = metrics
        self._holds: dict[tuple[str, int], Hold] = {}

    async def on_batches(self, batches: Sequence[Batch]) -> None:
        """Everything in the batches is archived afterwards, or will be read again.

        May be called again with the same batches after any failure. Raises `Unavailable` only.
        """
        for batch, outcome in await self._kept(batches):
            await self._settle(batch, outcome)

    def logs(self) -> Check:
        """Whether every partition's log is the one that was archived, for readiness."""
        details = [
            f"{topic}/{partition} is another log than the archived one: {hold.why}. "
            "Another RONDA_TOPIC_PREFIX, or a database of its own, lets it be archived"
            for (topic, partition), hold in self._foreign()
        ]
        return Check(ok=not details, detail="; ".join(details) or "as archived")

    def look_again(self) -> None:
        """Lets held partitions be read once more whose time has come."""
        now = self._clock()
        for place, hold in list(self._holds.items()):
            # A time that is farther off was set by a clock that has been put back since.
            if timedelta(0) < hold.again_at - now <= AGAIN_LATER:
                continue
            self._holds[place] = hold._replace(again_at=now + AGAIN_LATER)
            if not self._log.let_go_of(*place):
                del self._holds[place]
        self._metrics.foreign.set(len(self._foreign()))

    async def _kept(self, batches: Sequence[Batch]) -> list[tuple[Batch, Outcome]]:
        try:
            with self._metrics.commit.time():
                outcomes = await self._store.keep(batches, self._clock())
        except Unstorable as error:
            _log.error("records are stored apart", error=str(error))
            return await self._kept_apart(batches)
        kept = list(zip(batches, outcomes, strict=True))
        for batch, outcome in kept:
            self._count(batch, outcome)
        return kept

    async def _kept_apart(self, batches: Sequence[Batch]) -> list[tuple[Batch, Outcome]]:
        """Parts, until only the record that the database refuses goes without its event."""
        if len(batches) > 1:
            parts = batches
        elif len(batches[0].records) > 1:
            parts = _halves(batches[0])
        else:
            parts = [self._without_event(batches[0])]
        return [kept for part in parts for kept in await self._kept([part])]

    def _without_event(self, batch: Batch) -> Batch:
        (record,) = batch.records
        if record.event is None:
            raise Unstorable(f"{batch.topic}/{batch.partition}/{record.offset}")
        self._metrics.unstorable.inc()
        bare = record._replace(event=None, reason=REFUSED, told=None)
        return batch._replace(records=[bare])

    async def _settle(self, batch: Batch, outcome: Outcome) -> None:
        if outcome.verdict == "gap":
            await self._close_gap(batch, outcome.head)
        elif outcome.verdict == "foreign":
            self._hold(batch, "its records are not those that were archived at the same offsets")
        elif outcome.repeated and not outcome.records:
            await self._check_end(batch, outcome.head)
        else:
            self._release(batch)

    async def _close_gap(self, batch: Batch, head: int) -> None:
        """Reads from the head on, unless the log has nothing there any more."""
        first = batch.records[0].offset
        found = await self._log.first_from(batch.topic, batch.partition, head)
        where = {"topic": batch.topic, "partition": batch.partition, "head": head}
        if found != first:
            _log.warning("going back to the head", **where, read=first)
            self._log.go_to(batch.topic, batch.partition, head)
            return
        _log.warning("the log holds nothing between the head and the next record", **where)
        await self.on_batches([batch._replace(joins_at=head)])
        self._metrics.missing.labels(batch.topic).inc(first - head)

    async def _check_end(self, batch: Batch, head: int) -> None:
        """Records below the head are repeats, unless the log is too short to have had the head."""
        end = await self._log.end(batch.topic, batch.partition)
        if end < head:
            self._hold(batch, f"it ends at {end}, and is archived up to {head}")
        else:
            self._release(batch)

    def _hold(self, batch: Batch, why: str) -> None:
        place, now = (batch.topic, batch.partition), self._clock()
        since = self._holds[place].since if place in self._holds else now
        pause = AGAIN_SOON if now - since < PATIENCE else AGAIN_LATER
        self._holds[place] = Hold(since, why, now + pause)
        self._metrics.foreign.set(len(self._foreign()))
        _log.error("a partition is not read", topic=place[0], partition=place[1], why=why)
        self._log.hold(*place, batch.records[0].offset)

    def _release(self, batch: Batch) -> None:
        if self._holds.pop((batch.topic, batch.partition), None) is not None:
            self._metrics.foreign.set(len(self._foreign()))
            _log.info("a partition is read again", topic=batch.topic, partition=batch.partition)

    def _foreign(self) -> list[tuple[tuple[str, int], Hold]]:
        """The holds that no broker's start explains any more."""
        oldest = self._clock() - PATIENCE
        return [(place, hold) for place, hold in self._holds.items() if hold.since <= oldest]

    def _count(self, batch: Batch, outcome: Outcome) -> None:
        counts = {
            "event": outcome.events,
            "duplicate": outcome.duplicates,
            "conflict": outcome.conflicts,
            "aside": outcome.aside,
            "undecodable": outcome.undecodable,
        }
        for status, count in counts.items():
            if count:
                self._metrics.records.labels(batch.topic, status).inc(count)
        self._metrics.repeated.inc(outcome.repeated)
        if outcome.records:
            self._time(batch, outcome, self._clock())

    def _time(self, batch: Batch, outcome: Outcome, now: datetime) -> None:
        """One observation per batch, of its oldest record: none of the others was worse."""
        fresh = batch.records[-outcome.records :]
        self._metrics.freshness.observe(_seconds(now, fresh[0].appended_at))
        received = (record.event.received_at for record in fresh if record.event is not None)
        oldest = next((moment for moment in received if moment is not None), None)
        if oldest is not None:
            self._metrics.end_to_end.observe(_seconds(now, oldest))


def _halves(batch: Batch) -> list[Batch]:
    middle = len(batch.records) // 2
    first, rest = batch.records[:middle], batch.records[middle:]
    return [
        batch._replace(records=first),
        batch._replace(records=rest, joins_at=first[-1].offset + 1),
    ]


def _seconds(now: datetime, then: datetime) -> float:
    # Two machines' clocks: the broker's may be ahead.
    return max(0.0, (now - then).total_seconds())
