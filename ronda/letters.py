"""What alerts laid aside in `ronda.deadletter`: read back, and sent again once its cause is mended.

Sending again is safe whenever it is repeated: an event that took effect is known by its id.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from ronda import topic
from ronda.topic import Outgoing
from shared.bus import Record
from shared.events.registry import Undecodable, decode_envelope
from shared.mendable import MendableError
from shared.settings import KafkaSettings
from shared.topics import DEADLETTER, TOPICS

_TOPICS = {each.name: each for each in TOPICS}
_FIELD = frozenset({"ronda.patrol", "ronda.incident", "ronda.position"})
"""Whose records alerts lays aside; nothing else is ever sent to by us."""


class LettersError(MendableError):
    """A letter cannot be sent again; `str()` says why."""


class Letter(NamedTuple):
    """A record that had no effect: its place among the letters, where it was read, and why."""

    number: int
    topic: str
    partition: int
    offset: int
    reason: str
    laid_aside_at: datetime
    value: bytes | None
    id: str | None
    type: str | None
    subject: str | None


async def laid_aside(kafka: KafkaSettings) -> list[Letter]:
    """Every letter that the topic still holds, oldest first."""
    letters: list[Letter] = []
    await topic.read(kafka, DEADLETTER, lambda records: letters.extend(map(_letter, records)))
    return letters


async def send_again(kafka: KafkaSettings, letters: Sequence[Letter]) -> None:
    """Sends each record to where it was read, as it came. Raises `LettersError` before the first
    where one has no such place."""
    for letter in letters:
        if letter.topic not in _FIELD or letter.value is None:
            raise LettersError(f"letter {letter.number} is nothing that can be sent again")
    for letter in letters:
        key = (letter.subject or letter.id or "").encode() or None
        again = Outgoing(letter.value, letter.partition, key)
        await topic.write(kafka, _TOPICS[letter.topic], [again])


def _letter(record: Record) -> Letter:
    said = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    try:
        event = decode_envelope(record.value)
    except Undecodable:
        event = None
    return Letter(
        number=record.offset,
        topic=said.get("ronda-topic", ""),
        partition=int(said.get("ronda-partition", 0)),
        offset=int(said.get("ronda-offset", 0)),
        reason=said.get("ronda-reason", ""),
        laid_aside_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        value=record.value,
        id=event.id if event else None,
        type=event.type if event else None,
        subject=event.subject if event else None,
    )
