"""What the events of a batch say together of each device, beside what was known of it."""

from collections import defaultdict
from datetime import datetime
from typing import TypeAlias

from services.alerts.domain.doubt import doubt_of, flagged
from services.alerts.domain.presence import Use, code_of, followed, scanned, sighting
from services.alerts.domain.sequence import closed, counted, opened, shown
from services.alerts.handlers.recording import SOURCE, Tally
from services.alerts.ports import DeviceTrack, PlanBook, Transaction
from shared.events.envelope import Event
from shared.events.identity import derived_id
from shared.events.patrol import VisitCheckedIn
from shared.events.presence import (
    PresenceDoubt,
    PresenceDoubted,
    SequenceGap,
    SequenceGapClosed,
    SequenceGapOpened,
)
from shared.plan.model import Plan
from shared.topics import ALERT

GapEvent: TypeAlias = type[SequenceGapOpened | SequenceGapClosed]


class Presence:
    """Sees the events of one batch, and judges them once, at its end."""

    def __init__(
        self, transaction: Transaction, plan: Plan | None, now: datetime, tally: Tally
    ) -> None:
        self._transaction = transaction
        self._plan = plan
        self._now = now
        self._tally = tally
        self._events: dict[str, list[Event]] = defaultdict(list)
        self._crews: dict[str, str | None] = {}

    def see(self, event: Event, crew: str | None = None) -> None:
        """Remembers an event of a device, and of whose member it is, until the batch is judged."""
        if event.device is not None:
            self._events[event.device].append(event)
            self._crews[event.id] = crew

    async def judge(self) -> None:
        """Keeps what became known of devices and codes, and tells what is doubtful."""
        if not self._events:
            return
        tracks = await self._transaction.tracks(sorted(self._events))
        changed = [
            await self._followed(tracks.get(device, DeviceTrack(device)), events)
            for device, events in sorted(self._events.items())
        ]
        await self._transaction.save_tracks(changed)
        await self._scanned()
        await self._flagged()

    async def _followed(self, track: DeviceTrack, events: list[Event]) -> DeviceTrack:
        points = track.points
        for event in events:
            if event.is_live:
                points, doubts = followed(points, track.device, sighting(event, self._now))
                await self._doubt(doubts)
        numbers = [event.deviceseq for event in events if event.deviceseq is not None]
        count = counted(track.count, numbers, self._now)
        newest = max(events, key=lambda event: event.time)
        track = DeviceTrack(
            track.device, points, count, newest.actor or track.actor, newest.unit or track.unit
        )
        whole = closed(count)
        if whole is None:
            return track
        track = track.counting(whole)
        await tell_gap(self._transaction, SequenceGapClosed, track, self._now, self._tally)
        return track

    async def _scanned(self) -> None:
        scans = [
            (code, Use(sighting(event, self._now), device, self._crews[event.id]))
            for device, events in sorted(self._events.items())
            for event in events
            if event.is_live and (code := code_of(event)) is not None
        ]
        if not scans:
            return
        known = dict(await self._transaction.code_uses(sorted({code for code, _ in scans})))
        for code, use in scans:
            known[code], doubts = scanned(known.get(code, ()), use)
            await self._doubt(doubts)
        await self._transaction.save_code_uses(known)

    async def _flagged(self) -> None:
        """What one check-in shows by itself is on the log with its flags already."""
        found = [
            flagged(event, self._plan, self._now)
            for _, events in sorted(self._events.items())
            for event in events
            if event.is_live and isinstance(event, VisitCheckedIn)
        ]
        await self._transaction.keep_doubts([doubt for doubt in found if doubt is not None])

    async def _doubt(self, doubts: list[PresenceDoubt]) -> None:
        for doubt in doubts:
            event = PresenceDoubted(
                specversion="1.0",
                id=derived_id(doubt.time, doubt.id, "doubted"),
                source=SOURCE,
                time=self._now,
                receivedtime=self._now,
                subject=doubt.site,
                unit=doubt.unit,
                channel="system",
                data=doubt,
            )
            await self._transaction.publish(ALERT, doubt.site or doubt.unit, event)
            self._tally.events.append(event.type)
        shown_to_people = [doubt_of(doubt, self._plan, self._now) for doubt in doubts]
        await self._transaction.keep_doubts(shown_to_people)


async def gaps_run_out(
    transaction: Transaction, plans: PlanBook, now: datetime, limit: int, tally: Tally
) -> int:
    """Tells of missing events that stood open long enough, of `limit` devices at most; returns of
    how many."""
    del plans  # how long is no matter of the plan
    due = await transaction.due_tracks(now, limit)
    for track in due:
        count = opened(track.count, now)
        if count is not None:
            gone = track.counting(count)
            await transaction.save_tracks([gone])
            await tell_gap(transaction, SequenceGapOpened, gone, now, tally)
    return len(due)


async def tell_gap(
    transaction: Transaction, event_type: GapEvent, track: DeviceTrack, now: datetime, tally: Tally
) -> None:
    """Keeps and publishes how a device's numbers stand."""
    gap: SequenceGap = shown(track.count, track.device, track.actor, track.unit, now)
    event = event_type(
        specversion="1.0",
        id=derived_id(now, gap.id, str(gap.version)),
        source=SOURCE,
        time=now,
        receivedtime=now,
        unit=gap.unit,
        channel="system",
        data=gap,
    )
    await transaction.save_gap(gap)
    await transaction.publish(ALERT, gap.unit, event)
    tally.events.append(event.type)
