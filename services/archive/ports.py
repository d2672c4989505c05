"""What the archive's use cases need from outside."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

from services.archive.domain.balance import Bucket
from services.archive.domain.hold import Hold
from services.archive.domain.kept import Batch
from services.archive.domain.knowing import Belonging, PartOf, Rule
from services.archive.domain.proof import Proven
from services.archive.domain.search import Place, Rights, Search, Status
from services.archive.domain.stored import (
    Act,
    Entry,
    Erased,
    Link,
    LogNode,
    Narrow,
    Record,
    Repeat,
    Retired,
    Seal,
    Undecoded,
)
from shared.events.envelope import Event


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
        """Stops reading the partition, with `offset` as the next, until it is let go of."""
        ...

    def let_go_of(self, topic: str, partition: int) -> bool:
        """Goes on reading a held partition; False when it is not this process' to read any more."""
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

    async def together(self, ids: Sequence[str], *, alert: str | None) -> Sequence[str]:
        """The ids of these events and of an alert's reports, and of all that belongs to them."""
        ...

    async def totals(self) -> dict[str, Totals]:
        """Counts by topic."""
        ...


class AccessLog(Protocol):
    """Where looks at a person's past are recorded."""

    async def record(self, event: Event) -> None:
        """Returns once the event is safe. Raises `Unavailable`."""
        ...


class Sealed(NamedTuple):
    """A checkpoint: the log's size and root, and the signed note about them."""

    size: int
    root: bytes
    note: str
    sealed_at: datetime
    reason: str


class Ledger(Protocol):
    """The one log of all segments, and its checkpoints. Everything raises `Unavailable`."""

    async def seal(
        self, sign: Callable[[int, bytes], Sealed], *, unless_since: datetime | None = None
    ) -> Sealed | None:
        """Appends every committed segment to the log and keeps what `sign` makes of its size and
        root, one sealer at a time.

        None, and nothing is done, when somebody sealed after `unless_since`.
        """
        ...

    async def checkpoints(self, *, before: int | None = None, limit: int) -> Sequence[Sealed]:
        """The largest first, and of one size the newest; only those of fewer leaves than `before`.

        More than `limit` where the last ones are of one size.
        """
        ...


class Announcer(Protocol):
    """Where a checkpoint is told, so that it is not kept beside the record alone."""

    @property
    def name(self) -> str:
        """What it is, for logs and metrics."""
        ...

    async def announce(self, sealed: Sealed) -> None:
        """Returns once it is told. May be told again. Raises `Unavailable`."""
        ...


class Snapshot(Protocol):
    """Everything that is archived, as of one moment, in pieces of bounded size."""

    async def name(self) -> str:
        """By what somebody else sees the same moment, as long as this snapshot is open."""
        ...

    async def names(self) -> dict[int, str]:
        """The topics' physical names by number."""
        ...

    async def size(self) -> int:
        """How many records were sealed, for showing progress."""
        ...

    async def retired(self) -> Sequence[Retired]:
        """The months that were dropped."""
        ...

    async def last_commit(self) -> datetime | None:
        """When a segment was committed last; None while there is none."""
        ...

    async def said(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """What was received of these events; nothing of those whose bytes are not here."""
        ...

    async def counts(self) -> Mapping[int, Mapping[str, int]]:
        """How many records of each status the segments that no retired month touches count, by
        topic."""
        ...

    def links(self) -> AsyncIterator[Sequence[Link]]:
        """Segments, each partition's in order."""
        ...

    def records(self, bucket: Bucket | None = None) -> AsyncIterator[Sequence[Record]]:
        """Records in any order; of one bucket only where it is given."""
        ...

    def narrow(self, table: str, bucket: Bucket | None = None) -> AsyncIterator[Sequence[Narrow]]:
        """Rows of one of `NARROW_TABLES`."""
        ...

    def undecodable(self, bucket: Bucket | None = None) -> AsyncIterator[Sequence[Undecoded]]:
        """Rows of `undecodable`."""
        ...

    def erased(self, bucket: Bucket | None = None) -> AsyncIterator[Sequence[Erased]]:
        """Erased records."""
        ...

    def acts(self) -> AsyncIterator[Sequence[Act]]:
        """Acts that erased records, some at a time."""
        ...

    def unlike(self) -> AsyncIterator[Sequence[Repeat]]:
        """Repeats that do not fit the event before them that they repeat."""
        ...

    def known(self) -> AsyncIterator[Sequence[Rule | Belonging | PartOf]]:
        """The rows that say who may know, and what goes together."""
        ...

    def log(self) -> AsyncIterator[Sequence[Entry]]:
        """The log in order."""
        ...

    def nodes(self) -> AsyncIterator[Sequence[LogNode]]:
        """The log's nodes by level and index."""
        ...

    def seals(self) -> AsyncIterator[Sequence[Seal]]:
        """Checkpoints by size."""
        ...


class Proofs(Protocol):
    """What proves that records stand in the log. Everything raises `Unavailable`."""

    async def checkpoint(self, size: int | None = None) -> Seal | None:
        """The newest one, or the newest of that size."""
        ...

    async def proven(self, places: Sequence[Place], size: int) -> Sequence[Proven]:
        """The records at these places, in the archive's order, with their proofs against the log of
        `size` leaves; those whose bytes were dropped with their month are left out."""
        ...

    async def consistency(self, first: int, second: int) -> Sequence[bytes]:
        """The proof that the log of size `first` begins the one of size `second`.

        Raises `ProofError` for sizes that the log has not.
        """
        ...


class Holds(Protocol):
    """What may not be erased. Raises `Unavailable`."""

    async def standing(self, places: Sequence[Place] | None = None) -> Sequence[Hold]:
        """The holds that are not lifted; of those that keep a record at one of the places, where
        places are given, oldest first."""
        ...

    async def all(self) -> Sequence[Hold]:
        """Every hold there ever was."""
        ...


class Member(Protocol):
    """A file inside an export, written in pieces."""

    def add(self, lines: Iterable[dict[str, Any]]) -> None:
        """A line of JSON each."""
        ...


class Bundle(Protocol):
    """An export that is being written; nothing is there until it is closed."""

    def member(self, name: str) -> AbstractContextManager[Member]:
        """A member that is written in pieces; one at a time."""
        ...

    def text(self, name: str, content: str) -> None:
        """A member that is a text."""
        ...

    def close(self, manifest: dict[str, Any], sign: Callable[[str], str] | None) -> dict[str, Any]:
        """Writes the manifest with every member's digest, signed where there is a key."""
        ...
