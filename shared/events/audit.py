"""What concerns the record itself: who looked at what, and how far it is sealed."""

from typing import Annotated

from msgspec import Meta, Struct

from shared.events.envelope import Event, Name, Timestamp
from shared.events.patrol import Text

Reason = Annotated[str, Meta(min_length=10, max_length=500)]


class Access(Struct, frozen=True, kw_only=True):
    """A look that was about to be answered; `actor` and `unit` of the event say whose."""

    role: Name
    what: Name
    filters: dict[str, Text]
    """The search as it was asked."""
    reason: Reason


class AccessRecorded(Event, frozen=True, kw_only=True, tag="ronda.access.recorded.v1"):
    data: Access


class Checkpoint(Struct, frozen=True, kw_only=True):
    """The archive's one log as it was sealed; `note` is the signed note, for whoever keeps it."""

    origin: Name
    size: Annotated[int, Meta(ge=0)]
    """Segments in the log."""
    root: Annotated[str, Meta(pattern="^[A-Za-z0-9+/]{43}=$", max_length=44)]
    """The RFC 9162 root over the segments, base64."""
    note: Annotated[str, Meta(min_length=1, max_length=4_000)]
    sealed_at: Timestamp
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class CheckpointSealed(Event, frozen=True, kw_only=True, tag="ronda.checkpoint.sealed.v1"):
    data: Checkpoint


class ErasedRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record whose bytes are gone; `leaf` is what still proves its place, and `kept` the digest
    of what is left for searches, both in hexadecimal. Nobody can compute the leaf any more, so
    that `appended_at` is what proves when it was appended."""

    topic: Name
    partition: Annotated[int, Meta(ge=0)]
    offset: Annotated[int, Meta(ge=0)]
    leaf: Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]
    kept: Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)] | None = None
    appended_at: Timestamp | None = None


class Erasure(
    Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"data_class": "class"}
):
    """Records that were erased by one authority for one reason, or a whole `month` (UTC) that was
    dropped with all its records, which then are not listed; the `actor` says by whose hand."""

    data_class: Name
    reason: Reason
    authority: Annotated[str, Meta(min_length=3, max_length=500)]
    erased_at: Timestamp
    records: Annotated[list[ErasedRecord], Meta(max_length=500)]
    month: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}$", max_length=7)] | None = None


class RecordErased(Event, frozen=True, kw_only=True, tag="ronda.record.erased.v1"):
    data: Erasure
