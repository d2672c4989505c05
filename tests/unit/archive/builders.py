"""Records as a broker gives them, and batches of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from services.archive.domain.classify import classify
from services.archive.domain.kept import Batch, Kept
from shared.events.identity import derived_id

NIGHT = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
UNIT = "polda-jatim/polres-tuban"


@dataclass(frozen=True, slots=True)
class RawRecord:
    """What of a Kafka record is read."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def an_id(name: str) -> str:
    """The event id that belongs to a name."""
    return derived_id(NIGHT, name)


def an_event(name: str, **changes: Any) -> bytes:
    """An event's bytes; `changes` replace attributes, None takes one away."""
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": an_id(name),
        "source": "ronda/app",
        "type": "ronda.visit.checked_in.v1",
        "subject": "kpu",
        "time": NIGHT,
        "unit": UNIT,
        "actor": "p-1",
        "device": "d-1",
        "deviceseq": 1,
        "receivedtime": NIGHT + timedelta(seconds=2),
        "data": {"method": "qr"},
    } | changes
    return msgspec.json.encode(
        {key: value for key, value in attributes.items() if value is not None}
    )


def a_record(
    value: bytes | None,
    offset: int = 0,
    *,
    at: datetime | None = None,
    key: bytes | None = b"kpu",
    headers: Sequence[tuple[str, bytes | None]] = (),
) -> RawRecord:
    """A record; by default appended as many seconds after `NIGHT` as its offset says."""
    appended_at = at or NIGHT + timedelta(seconds=offset)
    return RawRecord(offset, int(appended_at.timestamp() * 1000), key, value, headers)


def kept(values: Iterable[bytes | None], first: int = 0) -> list[Kept]:
    """Classified records with offsets from `first` on."""
    return [classify(a_record(value, offset)) for offset, value in enumerate(values, first)]


def a_batch(
    *values: bytes | None,
    first: int = 0,
    topic: str = "ronda.patrol",
    partition: int = 0,
    joins_at: int | None = None,
    aside: bool = False,
) -> Batch:
    """A batch of one partition, with offsets from `first` on."""
    return Batch(
        topic, partition, first if joins_at is None else joins_at, kept(values, first), aside
    )
