"""What is kept of a Kafka record, and what the archive reads in it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.archive.domain.knowing import Told
from shared.topics import DEADLETTER, QUARANTINE

_ASIDE = (QUARANTINE.name, DEADLETTER.name)


def is_aside(topic: str) -> bool:
    """Whether the events of a topic, by its logical or its physical name, are set aside."""
    return topic.endswith(_ASIDE)


class EventRow(NamedTuple):
    """The narrow row of an event: what searches need. `id`, `alert` and `hash` are raw bytes."""

    id: bytes
    type: str
    site: str | None
    unit: str | None
    actor: str | None
    device: str | None
    time: datetime
    received_at: datetime | None
    alert: bytes | None
    hash: bytes
    """SHA-256 over what the sender said: equal for a resend, different for other content."""


class Kept(NamedTuple):
    """A record exactly as it was read, and the event in it or the reason why there is none."""

    offset: int
    appended_at: datetime
    key: bytes | None
    value: bytes | None
    headers: bytes | None
    """MessagePack of `[[name, value or nil], …]`, because a value need not be text; None = none."""
    event: EventRow | None
    reason: str | None
    told: Told | None = None
    """What the event says of who may know of it and of others."""


class Batch(NamedTuple):
    """Records of one partition in offset order, never empty.

    `joins_at` is the lowest offset of which is known that the log has nothing between it and the
    first record; that is the first record's own unless the log was asked. Events of an `aside`
    topic never claim their id: the one that was acted upon may still come, or is already here.
    """

    topic: str
    partition: int
    joins_at: int
    records: Sequence[Kept]
    aside: bool = False
