"""The field app's files, as vite built them."""

import asyncio
import mimetypes
from http import HTTPStatus
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from shared.problem import ProblemError

_SAFE = {
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; style-src 'self'; script-src 'self'; worker-src 'self'; "
        "manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
        "object-src 'none'"
    ),
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=()",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_TYPES = {".webmanifest": "application/manifest+json", ".js": "text/javascript"}
# vite puts a hash into the names of what lies in `assets`.
_FOR_EVER = "public, max-age=31536000, immutable"


def page_routes(folder: Path) -> list[HTTPRouteHandler]:
    """`/app/…`, and the way there."""

    @get("/", include_in_schema=False)
    async def door() -> Redirect:
        return Redirect("/app/")

    @get(["/app", "/app/{path:path}"], include_in_schema=False)
    async def page(request: Request[Any, Any, Any], path: FromPath[str] = "") -> Response[bytes]:
        if not path and not request.scope["raw_path"].endswith(b"/"):
            # The page names its files relative to its own folder.
            return Redirect("/app/")
        name = path.lstrip("/") or "index.html"
        content = await asyncio.to_thread(_read, folder, name)
        suffix = Path(name).suffix
        media_type = _TYPES.get(suffix) or mimetypes.guess_type(name)[0]
        caching = _FOR_EVER if name.startswith("assets/") else "no-cache"
        return Response(
            content,
            media_type=media_type or "application/octet-stream",
            headers=_SAFE | {"Cache-Control": caching},
        )

    return [door, page]


def _read(folder: Path, name: str) -> bytes:
    if not folder.is_dir():
        raise ProblemError(
            HTTPStatus.NOT_FOUND, "the field app is not built yet; `./run pages` builds it"
        )
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()) or not file.is_file():
        raise ProblemError(HTTPStatus.NOT_FOUND, f"the field app has no file {name!r}")
    return file.read_bytes()
