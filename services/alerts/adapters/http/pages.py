"""The board's files, as vite built them."""

import asyncio
import mimetypes
from http import HTTPStatus
from pathlib import Path

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from services.alerts.adapters.http.rights import Asked
from shared.problem import ProblemError

SAFE = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""What every file of the board is sent with."""
# vite puts a hash into the names of what lies in `assets`.
_FOR_EVER = "public, max-age=31536000, immutable"
MAP_LINES = "/board/lines.geojson"
"""Where the page finds the deployment's own lines for its map."""


def page_routes(folder: Path, map_lines: Path | None = None) -> list[HTTPRouteHandler]:
    """`/board/…`, and the way there."""

    @get("/", include_in_schema=False)
    async def door() -> Redirect:
        return Redirect("/board/")

    @get(["/board", "/board/{path:path}"], include_in_schema=False)
    async def page(request: Asked, path: FromPath[str] = "") -> Response[bytes]:
        if not path and not request.scope["raw_path"].endswith(b"/"):
            # The page names its files relative to its own folder.
            return Redirect("/board/")
        name = path.lstrip("/") or "index.html"
        if map_lines is not None and name == MAP_LINES.rpartition("/")[2]:
            content = await asyncio.to_thread(_read, map_lines.parent, map_lines.name)
            return Response(content, media_type="application/geo+json", headers=dict(SAFE))
        content = await asyncio.to_thread(_read, folder, name)
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        caching = _FOR_EVER if name.startswith("assets/") else "no-cache"
        return Response(content, media_type=media_type, headers=SAFE | {"Cache-Control": caching})

    return [door, page]


def _read(folder: Path, name: str) -> bytes:
    if not folder.is_dir():
        raise ProblemError(
            HTTPStatus.NOT_FOUND, "the board is not built yet; `./run pages` builds it"
        )
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()) or not file.is_file():
        raise ProblemError(HTTPStatus.NOT_FOUND, f"the board has no file {name!r}")
    return file.read_bytes()
