"""How an operation plan travels: pieces, then the event that closes them."""

from typing import Annotated

from msgspec import Meta, Raw, Struct

from shared.events.envelope import Event, Name
from shared.events.patrol import Sha256


class PlanPieceData(Struct, frozen=True, kw_only=True):
    """One slice of a plan; `items` are rows of the plan's section `section`, as JSON."""

    version: Name
    index: Annotated[int, Meta(ge=0)]
    section: Name
    items: Raw


class PlanPublishedData(Struct, frozen=True, kw_only=True):
    """Closes `pieces` pieces of `version`; `sha256` is over their `items` in index order."""

    version: Name
    operation: Name
    pieces: Annotated[int, Meta(ge=1)]
    sha256: Sha256


class PlanPiece(Event, frozen=True, kw_only=True, tag="ronda.plan.piece.v1"):
    data: PlanPieceData


class PlanPublished(Event, frozen=True, kw_only=True, tag="ronda.plan.published.v1"):
    data: PlanPublishedData
