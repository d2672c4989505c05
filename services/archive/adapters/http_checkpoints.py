"""`GET /v1/checkpoints`: what was sealed, for whoever keeps it elsewhere."""

import base64
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from litestar import get
from litestar.datastructures import ResponseHeader
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from services.archive.handlers import Sealing
from services.archive.ports import Sealed, Unavailable
from shared.http import allow
from shared.problem import ProblemError

ROLES = ("auditor", "operator", "supervisor", "commander", "admin")
RETRY_AFTER_S = 2
_NO_STORE = [ResponseHeader(name="Cache-Control", value="no-store")]

_Before = Annotated[
    int | None, QueryParameter(ge=0, le=2**63 - 1, description="`next` of the page before")
]
_Limit = Annotated[int, QueryParameter(ge=1, le=1000)]


class SealedCheckpoint(Struct, frozen=True):
    """A checkpoint; `note` is the signed note that carries all of it but the reason."""

    size: int
    root: str
    sealed_at: datetime
    reason: str
    note: str


class Checkpoints(Struct, frozen=True):
    """The largest first. `keys` verify the notes of today; whoever doubts us got them elsewhere."""

    items: list[SealedCheckpoint]
    keys: list[str]
    next: int | None


def checkpoint_routes(sealing: Sealing) -> list[ControllerRouterHandler]:
    """The route."""

    @get(
        "/v1/checkpoints",
        guards=[allow(*ROLES)],
        response_headers=_NO_STORE,
        summary="Signed checkpoints of the record",
    )
    async def checkpoints(*, before: _Before = None, limit: _Limit = 100) -> Checkpoints:
        """What was sealed of the record, newest first. The last page has no `next`."""
        try:
            found = await sealing.checkpoints(before=before, limit=limit)
        except Unavailable as error:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                str(error),
                headers={"Retry-After": str(RETRY_AFTER_S)},
            ) from error
        following = found[-1].size if len(found) >= limit else None
        return Checkpoints([_shown(each) for each in found], sealing.keys, following)

    return [checkpoints]


def _shown(sealed: Sealed) -> SealedCheckpoint:
    return SealedCheckpoint(
        size=sealed.size,
        root=base64.b64encode(sealed.root).decode(),
        sealed_at=sealed.sealed_at,
        reason=sealed.reason,
        note=sealed.note,
    )
