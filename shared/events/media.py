"""Photographs of the field: the bytes travel inside an event, so they are kept like everything."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.events.envelope import Event
from shared.events.identity import derived_id
from shared.events.patrol import Sha256

MAX_MEDIA_BYTES = 716_800
"""The largest photo: in base64, with its envelope, it must fit a record."""
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class Media(Struct, frozen=True, kw_only=True):
    """A photo, named by the SHA-256 of its bytes, as reports name it."""

    sha256: Sha256
    content_type: Literal["image/jpeg", "image/png", "image/webp"]
    size: Annotated[int, Meta(ge=1, le=MAX_MEDIA_BYTES)]
    content: bytes
    """Base64 in JSON."""


class MediaStored(Event, frozen=True, kw_only=True, tag="ronda.media.stored.v1"):
    data: Media


def media_id(sha256: str) -> str:
    """The id of the event that brings a photo: whoever knows the hash finds the event by it."""
    return derived_id(_NO_TIME, "media", sha256)
