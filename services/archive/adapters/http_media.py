"""Photos, as the phones sent them: found by the hash that reports name them by."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import PathParameter
from litestar.types import ControllerRouterHandler

from services.archive.adapters.http import RETRY_AFTER_S, ROLES
from services.archive.domain.search import Search
from services.archive.handlers import Looking
from services.archive.ports import Unavailable
from shared.auth import Principal
from shared.events.media import MediaStored, media_id
from shared.events.registry import decode
from shared.http import allow
from shared.problem import ProblemError

_Sha256 = Annotated[str, PathParameter(pattern=r"^[0-9a-f]{64}$", max_length=64)]
_SAFE = {
    "Cache-Control": "no-store",  # it may be erased
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


def media_routes(looking: Looking) -> list[ControllerRouterHandler]:
    """`GET /v1/media/{sha256}`."""

    @get("/v1/media/{sha256:str}", guards=[allow(*ROLES)], summary="A photo")
    async def media(request: Request[Principal, Any, Any], sha256: _Sha256) -> Response[bytes]:
        """The bytes with this hash, to whoever may see the event that brought them."""
        search = Search(id=media_id(sha256), limit=1)
        try:
            page = await looking.page(request.user, search, reason=None, asked={})
        except Unavailable as error:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                str(error),
                headers={"Retry-After": str(RETRY_AFTER_S)},
            ) from error
        for found in page.found:
            event = decode(found.value) if found.value is not None else None
            if isinstance(event, MediaStored):
                return Response(
                    event.data.content, media_type=event.data.content_type, headers=_SAFE
                )
        raise ProblemError(HTTPStatus.NOT_FOUND, "no photo with this hash that you may see")

    return [media]
