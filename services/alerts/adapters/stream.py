"""The live stream's heart: each record of `ronda.alert` is framed once and given to every viewer
whose unit covers it and who may know of it.

A message id is the vector of next offsets by partition, so a viewer may come back to any replica.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from services.alerts.domain.restriction import may_know
from services.alerts.handlers.commands import ROLES
from shared.auth import Principal
from shared.bus import Record
from shared.clock import Clock
from shared.events.alert import Restriction
from shared.events.registry import Undecodable, decode_envelope
from shared.freshness import Lag
from shared.logging import logger

QUEUE = 2_048
"""Frames, all of them shared, that may wait for one viewer; a slower one is disconnected, and comes
back by its id."""
RING_BYTES = 32 * 1024 * 1024
CLOCK_S = 5.0

_log = logger(__name__)
_encode = msgspec.json.Encoder().encode


class _Data(Struct):
    """What of an event's data says who may know of it."""

    restricted: Restriction | None = None


_decode = msgspec.json.Decoder(_Data).decode


@dataclass(frozen=True, slots=True)
class Frame:
    """A record as every viewer gets it, and what is needed to decide who does."""

    partition: int
    offset: int
    unit: str | None
    body: bytes
    restricted: Restriction | None = None

    def is_for(self, viewer: Principal) -> bool:
        """Whether a viewer gets it."""
        return viewer.covers(self.unit) and may_know(self.restricted, viewer)


@dataclass(slots=True, eq=False)
class Viewer:
    """One open connection and what waits for it."""

    principal: Principal
    waiting: deque[bytes] = field(default_factory=deque)
    over: bool = False
    """Whether it is to be disconnected, because it is too slow or we stop."""
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, body: bytes) -> None:
        """Puts a frame into its queue, or gives it up when the queue is full."""
        if len(self.waiting) >= QUEUE:
            self.leave()
            return
        self.waiting.append(body)
        self._wake.set()

    def leave(self) -> None:
        """Ends its stream."""
        self.over = True
        self.waiting.clear()
        self._wake.set()

    async def take(self) -> bytes:
        """Waits for frames; all that wait, as one piece. Empty when the stream is over."""
        await self._wake.wait()
        self._wake.clear()
        body = b"".join(self.waiting)
        self.waiting.clear()
        return b"" if self.over else body


class Stream:
    """Viewers, and the newest frames for those who come back.

    `lag_s` says how many seconds what is shown may be behind, None while that is not known;
    `revoked` whose session has ended. A `Follower` calls `feed`; `opened` is called once with its
    offsets, when it has reached the end.
    """

    def __init__(
        self,
        clock: Clock,
        lag_s: Lag,
        *,
        ring_bytes: int = RING_BYTES,
        revoked: Callable[[Principal], bool] = lambda _: False,
    ) -> None:
        self._revoked = revoked
        self._clock = clock
        self._lag_s = lag_s
        self._viewers: set[Viewer] = set()
        self._ring: deque[Frame] = deque()
        self._ring_bytes = ring_bytes
        self._ring_size = 0
        self._floor: dict[int, int] = {}
        self._next: dict[int, int] = {}

    @property
    def last_id(self) -> str:
        """The vector up to which everything was given out."""
        return ",".join(f"{number}:{offset}" for number, offset in sorted(self._next.items()))

    @property
    def viewers(self) -> int:
        """How many are connected."""
        return len(self._viewers)

    def opened(self, offsets: Mapping[int, int]) -> None:
        """Names the partitions that brought no record yet."""
        for number, offset in offsets.items():
            self._floor.setdefault(number, offset)
            self._next.setdefault(number, offset)

    def feed(self, records: Sequence[Record]) -> None:
        """Frames records and gives them out."""
        for record in records:
            self._floor.setdefault(record.partition, record.offset)
            self._next[record.partition] = record.offset + 1
            frame = self._framed(record)
            if frame is not None:
                self._keep(frame)
                self._give_out(frame)

    def join(self, principal: Principal, last_event_id: str | None) -> Viewer:
        """A new viewer; what it missed since `last_event_id`, or a reset, already waits for it."""
        viewer = Viewer(principal)
        missed = self._missed(principal, last_event_id)
        if missed is None:
            viewer.offer(framed("reset", b"{}", self.last_id))
        for body in missed or ():
            viewer.offer(body)
        self._viewers.add(viewer)
        viewer.offer(self._clock_frame(principal.unit))
        return viewer

    def part(self, viewer: Viewer) -> None:
        """Forgets a viewer."""
        self._viewers.discard(viewer)

    async def beat(self) -> float:
        """Tells every viewer the time, and ends what was revoked; returns when to do so again."""
        for viewer in self._viewers:
            if self._revoked(viewer.principal):
                viewer.leave()
        staying = [viewer for viewer in self._viewers if not viewer.over]
        bodies = {
            unit: self._clock_frame(unit) for unit in {each.principal.unit for each in staying}
        }
        for viewer in staying:
            viewer.offer(bodies[viewer.principal.unit])
        return CLOCK_S

    def close(self) -> None:
        """Ends every stream."""
        for viewer in self._viewers:
            viewer.leave()

    def _framed(self, record: Record) -> Frame | None:
        try:
            envelope = decode_envelope(record.value)
            restricted = _decode(envelope.data).restricted
        except (Undecodable, msgspec.DecodeError) as error:
            _log.error("record unreadable", offset=record.offset, error=str(error))
            return None
        body = framed(name_of(envelope.type), record.value or b"", self.last_id)
        return Frame(record.partition, record.offset, envelope.unit, body, restricted)

    def _keep(self, frame: Frame) -> None:
        self._ring.append(frame)
        self._ring_size += len(frame.body)
        while self._ring_size > self._ring_bytes:
            oldest = self._ring.popleft()
            self._ring_size -= len(oldest.body)
            self._floor[oldest.partition] = oldest.offset + 1

    def _give_out(self, frame: Frame) -> None:
        for viewer in self._viewers:
            if frame.is_for(viewer.principal):
                viewer.offer(frame.body)

    def _missed(self, principal: Principal, last_event_id: str | None) -> list[bytes] | None:
        """Frames since a message id; None when they are not all here any more, or too many."""
        if last_event_id is None:
            return []
        since = parse_id(last_event_id)
        for number, following in self._next.items():
            if not self._floor[number] <= since.get(number, -1) <= following:
                return None
        missed = [
            frame.body
            for frame in self._ring
            if frame.offset >= since[frame.partition] and frame.is_for(principal)
        ]
        return missed if len(missed) < QUEUE else None

    def _clock_frame(self, unit: str) -> bytes:
        lag_s = self._lag_s()
        data = {
            "now": self._clock(),
            "lag_s": None if lag_s is None else round(lag_s, 1),
            "last_id": self.last_id,
            "operators": self._operators(unit),
        }
        return framed("clock", _encode(data), self.last_id)

    def _operators(self, unit: str) -> int:
        """Who is at the board of exactly this unit and may act, as far as this replica knows."""
        present = (each.principal for each in self._viewers if not each.over)
        return len({p.actor for p in present if p.unit == unit and p.role in ROLES})


def parse_id(text: str) -> dict[int, int]:
    """The vector of a message id, empty where it is not one of ours."""
    try:
        pairs = (pair.split(":") for pair in text.split(","))
        return {int(number): int(offset) for number, offset in pairs}
    except ValueError:
        return {}


def name_of(event_type: str) -> str:
    """What a frame is called: the noun of `ronda.<noun>.<what happened>.v1`."""
    return event_type.removeprefix("ronda.").partition(".")[0]


def framed(event: str, data: bytes, last_id: str) -> bytes:
    """A message in the format of server-sent events."""
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\ndata: ")
    return b"event: %b\nid: %b\ndata: %b\n\n" % (event.encode(), last_id.encode(), lines)
