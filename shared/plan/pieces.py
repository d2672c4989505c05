"""A plan on its way over the bus: cut into pieces, closed by one event, folded back together.

Pieces and closing of one publish share their moment, so a publish that is sent again after a crash
is the same events with the same ids. A plan that is applied again later is new events of the same
version, and leaves every fold with the same plan.
"""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import GenericAlias
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from shared.events.envelope import Envelope, Event
from shared.events.identity import derived_id
from shared.events.plan import PlanPiece, PlanPieceData, PlanPublished, PlanPublishedData
from shared.plan.model import ROW_TYPES, Plan, Row

MAX_PIECE_BYTES = 200_000
"""The most that `items` of one piece holds; the envelope around it must fit a record too."""
MAX_PENDING = 16
"""How many unclosed publishes are remembered; interrupted ones are never closed."""
_VERSION_CHARACTERS = 12

_decoders: dict[str, msgspec.json.Decoder[list[Any]]] = {
    section: msgspec.json.Decoder(GenericAlias(list, (kind,)))
    for section, kind in ROW_TYPES.items()
}


def content_version(plan: Plan) -> str:
    """The plan's version: a hash over its rows, so the same content is the same version."""
    digest = hashlib.sha256()
    for section, rows in _sections(plan):
        if rows:  # a section that a later Ronda adds changes no plan that does not use it
            digest.update(section.encode())
            digest.update(msgspec.json.encode(rows, order="sorted"))
    return digest.hexdigest()[:_VERSION_CHARACTERS]


class Publication(NamedTuple):
    """The events of one publish; the closing one is sent once the pieces are acknowledged."""

    pieces: list[PlanPiece]
    closing: PlanPublished


def publication(plan: Plan, now: datetime, source: str, actor: str) -> Publication:
    """The events that publish a plan.

    Raises ValueError for a row that is larger than a piece, which `load` would have refused.
    """
    cuts = [(section, items) for section, rows in _sections(plan) for items in _cut(section, rows)]
    pieces = [
        PlanPiece(
            specversion="1.0",
            id=derived_id(now, "plan.piece", plan.operation.id, plan.version, str(index)),
            source=source,
            time=now,
            unit=plan.operation.unit,
            actor=actor,
            channel="operator",
            data=PlanPieceData(
                version=plan.version, index=index, section=section, items=Raw(items)
            ),
        )
        for index, (section, items) in enumerate(cuts)
    ]
    closing = PlanPublished(
        specversion="1.0",
        id=derived_id(now, "plan.published", plan.operation.id, plan.version),
        source=source,
        time=now,
        unit=plan.operation.unit,
        actor=actor,
        channel="operator",
        data=PlanPublishedData(
            version=plan.version,
            operation=plan.operation.id,
            pieces=len(cuts),
            sha256=_sha256(items for _, items in cuts),
        ),
    )
    return Publication(pieces, closing)


def to_events(
    plan: Plan, now: datetime, source: str, actor: str
) -> list[PlanPiece | PlanPublished]:
    """The events of a publication in the order in which they are sent."""
    pieces, closing = publication(plan, now, source, actor)
    return [*pieces, closing]


def _sections(plan: Plan) -> Iterator[tuple[str, list[Row]]]:
    """Every section with its rows; the operation is a section of one row."""
    for section in ROW_TYPES:
        value = getattr(plan, section)
        yield section, value if isinstance(value, list) else [value]


def _cut(section: str, rows: Iterable[Row]) -> Iterator[bytes]:
    """JSON lists of rows, each as long as a piece may be; nothing for no rows."""
    pending: list[bytes] = []
    size = 2
    for row in rows:
        encoded = msgspec.json.encode(row)
        if len(encoded) + 2 > MAX_PIECE_BYTES:
            raise ValueError(f"a row of {section} is larger than {MAX_PIECE_BYTES} bytes")
        if pending and size + len(encoded) + 1 > MAX_PIECE_BYTES:
            yield b"[" + b",".join(pending) + b"]"
            pending, size = [], 2
        pending.append(encoded)
        size += len(encoded) + 1
    if pending:
        yield b"[" + b",".join(pending) + b"]"


def _sha256(items: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in items:
        digest.update(part)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Ignored:
    """A closing event that changed nothing, and why."""

    version: str
    event: str
    reason: str


@dataclass(slots=True)
class PlanFold:
    """The newest complete plan of the events fed so far, which must come in offset order.

    Any replica that is fed the same events has the same plan, whatever else is between them:
    repeats, interrupted and interleaved publishes, types of the future.
    """

    plan: Plan | None = None
    ignored: deque[Ignored] = field(default_factory=lambda: deque(maxlen=100))
    _pending: dict[tuple[str, datetime], dict[int, PlanPieceData]] = field(default_factory=dict)
    _closed: set[str] = field(default_factory=set)

    @property
    def version(self) -> str | None:
        """The version of the plan, None while there is none."""
        return self.plan.version if self.plan else None

    def feed(self, event: Event | Envelope) -> bool:
        """Takes the next event; whether `plan` was set by it. Other types change nothing."""
        if isinstance(event, PlanPiece):
            self._keep(event)
            return False
        return isinstance(event, PlanPublished) and self._close(event)

    def _keep(self, event: PlanPiece) -> None:
        publish = (event.data.version, event.time)
        if publish not in self._pending and len(self._pending) >= MAX_PENDING:
            self._pending.pop(next(iter(self._pending)))
        self._pending.setdefault(publish, {})[event.data.index] = event.data

    def _close(self, event: PlanPublished) -> bool:
        # A repeated closing may come after a newer plan's; it must not bring the old one back.
        if event.id in self._closed:
            return False
        pieces = self._pending.get((event.data.version, event.time), {})
        try:
            self.plan = _assembled(event.data, pieces)
        except _Incomplete as error:
            self.ignored.append(Ignored(event.data.version, event.id, str(error)))
            return False
        self._closed.add(event.id)
        del self._pending[event.data.version, event.time]
        return True


class _Incomplete(ValueError):
    """The pieces are not the plan that the closing event closes."""


def _assembled(closing: PlanPublishedData, pieces: Mapping[int, PlanPieceData]) -> Plan:
    if len(pieces) != closing.pieces or max(pieces) >= closing.pieces:
        raise _Incomplete(f"{len(pieces)} pieces came of the {closing.pieces} that it closes")
    ordered = [pieces[index] for index in range(closing.pieces)]
    if _sha256(bytes(piece.items) for piece in ordered) != closing.sha256:
        raise _Incomplete("the pieces do not have the hash that the closing event names")
    sections: dict[str, list[Any]] = {section: [] for section in ROW_TYPES}
    for piece in ordered:
        # A section of the future is part of the hash and of nothing else.
        if piece.section in sections:
            sections[piece.section] += _decoded(piece)
    operations = sections.pop("operation")
    if [operation.id for operation in operations] != [closing.operation]:
        raise _Incomplete(f"it does not hold the one operation {closing.operation!r}")
    return Plan(version=closing.version, operation=operations[0], **sections)


def _decoded(piece: PlanPieceData) -> list[Any]:
    try:
        return _decoders[piece.section].decode(piece.items)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _Incomplete(f"piece {piece.index} of {piece.section}: {error}") from error
