"""What leaves: events in the outbox, and notifications."""

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.alerts.adapters.rows import Rows, arrays_of, batch_of, encode_body
from services.alerts.adapters.tables import PARKED, SHARDS, notification, outbox
from services.alerts.ports import Incoming, Page
from shared.events.envelope import KAFKA_HEADERS, Event
from shared.events.registry import encode
from shared.logging import logger
from shared.topics import DEADLETTER, MAX_RECORD_BYTES, TopicSpec

FRAMING_BYTES = 1_024
"""What a record adds to its key, value and headers, generously."""

Headers = Sequence[tuple[str, bytes]]

_log = logger(__name__)
_encode_headers = msgspec.msgpack.Encoder().encode
_headers_decoder = msgspec.msgpack.Decoder(list[tuple[str, bytes]])
decode_headers = _headers_decoder.decode

_RECORD = ("shard", "topic", "key", "value", "headers")
_PAGE = ("dedup", "alert_id", "channel", "attempt", "due_at", "call", "body")
_records, _pages = batch_of(outbox, _RECORD), batch_of(notification, _PAGE)
_publish = insert(outbox).from_select(list(_RECORD), select(*_records.c))
_page = insert(notification).from_select(list(_PAGE), select(*_pages.c)).on_conflict_do_nothing()


class OutgoingRows(Rows):
    """The outgoing part of a transaction: written all at once, by `flush`."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._records: list[dict[str, Any]] = []
        self._pages: list[dict[str, Any]] = []

    async def flush(self) -> None:
        """Writes what leaves; the last thing before the commit."""
        if self._pages:
            await self._run(_page, arrays_of(self._pages, _PAGE))
        if self._records:
            await self._run(_publish, arrays_of(self._records, _RECORD))
        self._pages, self._records = [], []

    async def publish(self, topic: TopicSpec, key: str, event: Event) -> None:
        """Puts an event into the outbox."""
        self._put(topic, key.encode(), encode(event), KAFKA_HEADERS)

    async def dead_letter(self, record: Incoming, reason: str) -> None:
        """Puts a record that cannot be read into the outbox, for `ronda.deadletter`, as it came."""
        headers = (
            ("ronda-topic", record.topic.encode()),
            ("ronda-partition", str(record.partition).encode()),
            ("ronda-offset", str(record.offset).encode()),
            ("ronda-reason", reason.encode()),
        )
        # Our Kafka client sends no record that has neither key nor value, as a tombstone would.
        key = f"{record.topic}/{record.partition}/{record.offset}"
        self._put(DEADLETTER, key.encode(), record.value, headers)

    async def page(self, page: Page) -> None:
        """Queues a notification; one with the same `dedup` is queued once."""
        self.paged = True
        self._pages.append(
            {
                "dedup": page.dedup,
                "alert_id": page.alert.id,
                "channel": page.channel,
                "attempt": page.attempt,
                "due_at": page.due_at,
                "call": page.call,
                "body": encode_body(page),
            }
        )

    def _put(self, topic: TopicSpec, key: bytes, value: bytes | None, headers: Headers) -> None:
        self.published = True
        encoded = _encode_headers(list(headers))
        size = len(key) + len(value or b"") + len(encoded) + FRAMING_BYTES
        shard = zlib.crc32(key) % SHARDS
        if size > MAX_RECORD_BYTES:
            # One such record ends an idempotent producer for good, and its shard with it.
            _log.error("record is too large for its topic, parked", topic=topic.name, size=size)
            shard = PARKED
        self._records.append(
            {
                "shard": shard,
                "topic": topic.name,
                "key": key,
                "value": value,
                "headers": encoded,
            }
        )
