"""What leaves: events in the outbox, and notifications."""

import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, update
from sqlalchemy.dialects.postgresql import insert

from services.alerts.adapters.rows import Rows, encode_body
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

_publish = insert(outbox)
_page = insert(notification).on_conflict_do_nothing()
_finish = (
    update(notification)
    .where(notification.c.dedup == bindparam("of_dedup"))
    .values(due_at=None, finished_at=func.now())
)
_retry = (
    update(notification)
    .where(notification.c.dedup == bindparam("of_dedup"))
    .values(attempt=bindparam("to_attempt"), due_at=bindparam("at"))
)


class OutgoingRows(Rows):
    """The outgoing part of a transaction: written all at once, by `flush`."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._records: list[dict[str, Any]] = []
        self._pages: list[dict[str, Any]] = []

    async def flush(self) -> None:
        """Writes what leaves; the last thing before the commit."""
        if self._pages:
            await self._run(_page, self._pages)
        if self._records:
            await self._run(_publish, self._records)
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
                "body": encode_body(page),
            }
        )

    async def finish_page(self, dedup: str) -> None:
        """A page was accepted by its provider, or given up for good."""
        await self._run(_finish, {"of_dedup": dedup})

    async def retry_page(self, dedup: str, attempt: int, at: datetime) -> None:
        """A page failed and is due again at `at`."""
        self.paged = True
        await self._run(_retry, {"of_dedup": dedup, "to_attempt": attempt, "at": at})

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
