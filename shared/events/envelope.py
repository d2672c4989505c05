"""The envelope: CloudEvents 1.0, structured JSON, as the value of a Kafka record.

The value holds the whole event, so the bytes that are hashed hold it too. The device signs
`SIGNED_FIELDS`; the server adds the rest and forwards `data` as the bytes it received.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct

from shared.events.identity import UUID7_PATTERN

CONTENT_TYPE = "application/cloudevents+json; charset=UTF-8"
KAFKA_HEADERS: tuple[tuple[str, bytes], ...] = (("content-type", CONTENT_TYPE.encode()),)
SIGNED_FIELDS = (
    "specversion",
    "id",
    "source",
    "type",
    "subject",
    "time",
    "device",
    "deviceseq",
    "data",
)

# The length too: a pattern's `$` lets a last line feed pass.
EventId = Annotated[
    str, Meta(pattern=UUID7_PATTERN, max_length=36, description="UUIDv7, lower case")
]
Timestamp = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset")]
Name = Annotated[str, Meta(min_length=1, max_length=256)]
# CloudEvents integers are 32 bits, signed.
Counter = Annotated[int, Meta(ge=0, le=2_147_483_647)]


class Context(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The context attributes that every event carries, extensions included.

    `restrictedto` and `hiddenfrom`, comma-separated, say who may know of the event: these login
    roles, all where it is absent, and nobody of these units and below them.
    """

    # Required although there is one value: `omit_defaults` would leave a default out of the JSON.
    specversion: Literal["1.0"]
    id: EventId
    source: Name
    time: Timestamp
    subject: Name | None = None
    unit: Name | None = None
    actor: Name | None = None
    device: Name | None = None
    deviceseq: Counter | None = None
    receivedtime: Timestamp | None = None
    skew: int | None = None
    channel: Name | None = None
    flags: str | None = None
    purpose: Name | None = None
    traceparent: Name | None = None
    signature: str | None = None
    restrictedto: str | None = None
    hiddenfrom: str | None = None

    @property
    def flag_set(self) -> frozenset[str]:
        """The flags of the comma-separated attribute, as a set."""
        return frozenset(self.flags.split(",")) if self.flags else frozenset()

    @property
    def is_live(self) -> bool:
        """Whether this is the real thing; an absent `purpose` means live."""
        return self.purpose is None


class Envelope(Context, frozen=True, kw_only=True, omit_defaults=True):
    """An event of any type, today's or the future's, with its data as received."""

    type: Name
    data: Raw


class Event(Context, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """Base of the typed events; the tag is the event's type."""

    @property
    def type(self) -> str:
        """The CloudEvents type, `ronda.<noun>.<what happened>.v<n>`."""
        return str(self.__struct_config__.tag)
