"""The deployment's base map, in the pieces that the board asks for (RFC 9110, range requests)."""

import asyncio
import re
from collections.abc import AsyncIterator
from http import HTTPStatus

from litestar import route
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.response import Stream

from services.alerts.adapters.http.rights import Asked
from services.alerts.adapters.tiles_file import Edition, TilesFile
from shared.problem import MEDIA_TYPE, Problem, ProblemError

MAP_TILES = "/v1/map/basemap.pmtiles"
"""Where the page finds the base map, when there is one."""
# Not a type that a proxy compresses: then no piece would be where its range says.
_MEDIA_TYPE = "application/vnd.pmtiles"
_TOLD = (
    "A PMTiles archive (version 3). One range of it is answered 206, none or several 200 with the "
    "whole file, one beyond its end 416; If-None-Match and If-Range are heeded."
)
_ANSWERS: dict[int, ResponseSpec] = {
    HTTPStatus.PARTIAL_CONTENT: ResponseSpec(
        bytes, description="The range", media_type=_MEDIA_TYPE, generate_examples=False
    ),
    HTTPStatus.NOT_MODIFIED: ResponseSpec(None, description="The asker has this edition"),
    HTTPStatus.NOT_FOUND: ResponseSpec(
        Problem, description="There is no base map", media_type=MEDIA_TYPE
    ),
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: ResponseSpec(
        Problem, description="The range lies beyond the end", media_type=MEDIA_TYPE
    ),
}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)


def map_tiles_routes(tiles: TilesFile | None) -> list[HTTPRouteHandler]:
    """`GET` and `HEAD /v1/map/basemap.pmtiles`; 404 where the deployment has none."""

    @route(
        MAP_TILES,
        http_method=["GET", "HEAD"],
        media_type=_MEDIA_TYPE,
        description=_TOLD,
        responses=_ANSWERS,
    )
    async def basemap(request: Asked) -> Stream:
        if tiles is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "this deployment has no base map")
        try:
            edition = await asyncio.to_thread(tiles.edition)
        except OSError as error:
            raise ProblemError(HTTPStatus.NOT_FOUND, "the base map's file is away") from error
        headers = {
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, max-age=3600",
            "ETag": edition.tag,
        }
        asked = request.headers
        if edition.tag in asked.get("if-none-match", ""):
            # A stream, because a response without content would say that the file's length is 0.
            return Stream(iter(()), status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        fits = request.method == "GET" and asked.get("if-range") in {None, edition.tag}
        piece = _piece(asked.get("range", ""), edition.size) if fits else None
        start, end = piece or (0, edition.size - 1)
        headers["Content-Length"] = str(end - start + 1)
        if piece:
            headers["Content-Range"] = f"bytes {start}-{end}/{edition.size}"
        return Stream(
            _sent(tiles, edition, start, end - start + 1),
            status_code=HTTPStatus.PARTIAL_CONTENT if piece else HTTPStatus.OK,
            media_type=_MEDIA_TYPE,
            headers=headers,
        )

    return [basemap]


def _piece(wanted: str, size: int) -> tuple[int, int] | None:
    """First and last byte of one range; None for what is no such thing, or several, and so ignored.

    Raises a problem 416 for one outside of the file.
    """
    match = _RANGE.fullmatch(wanted.strip())
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    if first and last and int(last) < start:
        return None
    if start >= size:
        raise ProblemError(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            f"the file has {size} bytes",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, end


async def _sent(
    tiles: TilesFile, edition: Edition, start: int, length: int
) -> AsyncIterator[bytes]:
    """The file is read beside the loop, which has others to serve."""
    parts = tiles.parts(edition, start, length)
    while part := await asyncio.to_thread(next, parts, b""):
        yield part
