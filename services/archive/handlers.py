"""The archive's two use cases: keeping records, and answering for them."""

from collections.abc import Sequence
from datetime import datetime

from services.archive.domain.kept import Batch
from services.archive.domain.search import Rights, Search, needs_reason, shows_tracks
from services.archive.metrics import Metrics
from services.archive.ports import AccessLog, Log, Outcome, Page, Reader, Store, Totals, Unstorable
from shared.auth import Principal
from shared.clock import Clock
from shared.events.audit import Access, AccessRecorded
from shared.events.identity import new_id
from shared.health import Check
from shared.logging import logger

_log = logger(__name__)


class ReasonNeeded(ValueError):
    """A search looks at a person's past and does not say why."""


class Keeping:
    """Stores batches as they come, and sees to it that nothing between them is missed."""

    def __init__(self, *, store: Store, log: Log, clock: Clock, metrics: Metrics) -> None:
        self._store = store
        self._log = log
        self._clock = clock
        self._metrics = metrics
        self._foreign: dict[tuple[str, int], str] = {}

    async def on_batches(self, batches: Sequence[Batch]) -> None:
        """Everything in the batches is archived afterwards, or will be read again.

        May be called again with the same batches after any failure. Raises `Unavailable` only.
        """
        for batch, outcome in await self._kept(batches):
            await self._settle(batch, outcome)

    def logs(self) -> Check:
        """Whether every partition's log is the one that was archived, for readiness."""
        details = "; ".join(self._foreign.values())
        return Check(ok=not details, detail=details or "as archived")

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
        bare = record._replace(event=None, reason="the database refused the event's row")
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
        self._metrics.missing.labels(batch.topic).inc(first - head)
        await self.on_batches([batch._replace(joins_at=head)])

    async def _check_end(self, batch: Batch, head: int) -> None:
        """Records below the head are repeats, unless the log is too short to have had the head."""
        end = await self._log.end(batch.topic, batch.partition)
        if end < head:
            self._hold(batch, f"it ends at {end}, and is archived up to {head}")
        else:
            self._release(batch)

    def _hold(self, batch: Batch, why: str) -> None:
        place = (batch.topic, batch.partition)
        self._foreign[place] = (
            f"{batch.topic}/{batch.partition} is another log than the archived one: {why}. "
            "Another RONDA_TOPIC_PREFIX, or a database of its own, lets it be archived"
        )
        self._metrics.foreign.set(len(self._foreign))
        _log.error("a partition is not read", topic=place[0], partition=place[1], why=why)
        self._log.hold(*place, batch.records[0].offset)

    def _release(self, batch: Batch) -> None:
        self._foreign.pop((batch.topic, batch.partition), None)
        self._metrics.foreign.set(len(self._foreign))

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


class Looking:
    """Answers searches within the asker's rights; a look at a person's past is recorded first."""

    def __init__(
        self,
        *,
        reader: Reader,
        access: AccessLog,
        clock: Clock,
        metrics: Metrics,
        root: str | None,
    ) -> None:
        self._reader = reader
        self._access = access
        self._clock = clock
        self._metrics = metrics
        self._root = root

    async def page(
        self, principal: Principal, search: Search, *, reason: str | None, asked: dict[str, str]
    ) -> Page:
        """A page of what the principal may see; `asked` is the search as the record shows it.

        Raises `ReasonNeeded`, and `Unavailable` too when the look cannot be recorded.
        """
        if reason is None and needs_reason(
            event_type=search.type, actor=search.actor, device=search.device
        ):
            raise ReasonNeeded(
                "a search by actor, by device or for positions looks at a person's past: "
                "say why with reason=, in 10 to 500 characters; it is recorded"
            )
        if reason is not None:
            await self._access.record(self._look(principal, reason, asked))
            self._metrics.looks.inc()
        rights = Rights(
            within=principal.unit,
            sees_unitless=self._sees_unitless(principal),
            tracks=shows_tracks(event_id=search.id, reason=reason),
        )
        return await self._reader.page(search, rights)

    async def totals(self) -> dict[str, Totals]:
        """Counts by topic. Raises `Unavailable`."""
        return await self._reader.totals()

    def _sees_unitless(self, principal: Principal) -> bool:
        """What has no unit (the plan, devices, what nobody could read) is the deployment's."""
        return principal.role == "admin" or (
            self._root is not None and principal.covers(self._root)
        )

    def _look(self, principal: Principal, reason: str, asked: dict[str, str]) -> AccessRecorded:
        now = self._clock()
        return AccessRecorded(
            specversion="1.0",
            id=new_id(now),
            source="ronda/archive",
            time=now,
            receivedtime=now,
            unit=principal.unit,
            actor=principal.actor,
            channel="system",
            data=Access(role=principal.role, what="events", filters=asked, reason=reason),
        )
