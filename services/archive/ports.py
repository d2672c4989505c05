"""What the archive's use cases need from outside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from services.archive.domain.kept import Batch
from services.archive.domain.search import Place, Rights, Search, Status
from shared.events.audit import AccessRecorded


class Unavailable(Exception):
    """The database or the bus cannot do it now; another try may succeed."""


class Unstorable(Exception):
    """The database refuses something in these records, and always will."""


class Outcome(NamedTuple):
    """What became of a batch. `gap` and `foreign` mean that nothing of it was stored.

    `head` is the partition's next offset before the batch. The counts are of what was stored now;
    `repeated` records were archived before.
    """

    verdict: Literal["kept", "gap", "foreign"]
    head: int
    records: int = 0
    events: int = 0
    duplicates: int = 0
    conflicts: int = 0
    aside: int = 0
    undecodable: int = 0
    repeated: int = 0


class Store(Protocol):
    """Keeps records, with the position in the same transaction."""

    async def keep(self, batches: Sequence[Batch], now: datetime) -> Sequence[Outcome]:
        """Stores what joins on to the heads, all or nothing; one outcome per batch, in order.

        Batches are of different partitions. May be called again with the same records, by anybody,
        at any time. Raises `Unavailable` or `Unstorable`.
        """
        ...


class Log(Protocol):
    """The Kafka log beyond the batches that it hands out."""

    async def first_from(self, topic: str, partition: int, offset: int) -> int | None:
        """The offset of the first record at or after `offset`; None when there is none.

        Raises `Unavailable`.
        """
        ...

    async def end(self, topic: str, partition: int) -> int:
        """The offset that the next record will get. Raises `Unavailable`."""
        ...

    def go_to(self, topic: str, partition: int, offset: int) -> None:
        """Continues reading there, if the partition is still this process' to read."""
        ...

    def hold(self, topic: str, partition: int, offset: int) -> None:
        """Stops reading the partition, with `offset` as the next, until it is assigned anew."""
        ...


class Found(NamedTuple):
    """A record that a search found. Only `undecodable` ones have a reason and no `id`.

    `value` is as received; None for a tombstone and for what retention has removed.
    """

    status: Status
    place: Place
    topic: str
    id: str | None
    type: str | None
    site: str | None
    unit: str | None
    time: datetime | None
    received_at: datetime | None
    reason: str | None
    value: bytes | None


class Page(NamedTuple):
    """Records in the archive's order; `more` when there are others behind the last one."""

    found: Sequence[Found]
    more: bool


class Totals(NamedTuple):
    """Counts of one topic's records; `records` is the sum of the others."""

    records: int
    events: int
    duplicates: int
    conflicts: int
    aside: int
    undecodable: int


class Reader(Protocol):
    """Answers searches. Everything raises `Unavailable` when the database is away."""

    async def page(self, search: Search, rights: Rights) -> Page:
        """At most `search.limit` records after `search.after`, fewer where they are large."""
        ...

    async def totals(self) -> dict[str, Totals]:
        """Counts by topic."""
        ...


class AccessLog(Protocol):
    """Where looks at a person's past are recorded."""

    async def record(self, event: AccessRecorded) -> None:
        """Returns once the record is safe. Raises `Unavailable`."""
        ...
