"""`POST /v1/exports`: evidence as a file, for whoever has to prove something to others."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from litestar import Request, post
from litestar.background_tasks import BackgroundTask
from litestar.params import JSONBody
from litestar.response import File
from litestar.types import ControllerRouterHandler
from msgspec import Meta, Struct

from services.archive.adapters.evidence.bundle import ZipBundle
from services.archive.adapters.http import RETRY_AFTER_S
from services.archive.handlers import Looking
from services.archive.handlers.exporting import Exporting, Nothing, Selection, TooMuch
from services.archive.ports import Unavailable
from shared.auth import Principal
from shared.events.envelope import EventId
from shared.http import allow
from shared.problem import ProblemError

ROLES = ("auditor", "supervisor", "commander", "admin")
LIMIT = 20_000
"""Records in an export over HTTP; `ronda archive export` has no limit."""
WAIT_S = 5.0

_Request = Request[Principal, Any, Any]
_Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset")]


class ExportRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked for, and why: an alert with its reports, a site, or a time of appending."""

    reason: Annotated[str, Meta(min_length=10, max_length=500)]
    incident: EventId | None = None
    site: Annotated[str, Meta(min_length=1, max_length=256, pattern=r"^[^\x00]+$")] | None = None
    since: _Moment | None = None
    until: _Moment | None = None


def export_routes(exporting: Exporting, looking: Looking) -> list[ControllerRouterHandler]:
    """The route. One export is made at a time: it costs others what it reads."""
    turn = asyncio.Semaphore(1)

    @post(
        "/v1/exports",
        guards=[allow(*ROLES)],
        status_code=200,
        summary="Evidence as a ZIP file with proofs and a verifier",
    )
    async def export(request: _Request, data: JSONBody[ExportRequest]) -> File:
        """Up to 20,000 records. The look is recorded before anything is read."""
        selection = Selection(
            incident=data.incident, site=data.site, since=data.since, until=data.until
        )
        if selection.is_whole:
            raise ProblemError(
                HTTPStatus.BAD_REQUEST,
                "name an incident, a site or a time; `ronda archive export` exports everything",
            )
        try:
            async with asyncio.timeout(WAIT_S):
                await turn.acquire()
        except TimeoutError as error:
            raise _later("another export is being made") from error
        folder = TemporaryDirectory(prefix="ronda-export-")
        file = Path(folder.name) / "export.zip"
        try:
            with _told():
                bundle, rights = ZipBundle(file), looking.rights(request.user, tracks=True)
                try:
                    await exporting.part(
                        request.user, selection, data.reason, bundle, rights=rights, limit=LIMIT
                    )
                finally:
                    bundle.abandon()
        except BaseException:
            folder.cleanup()
            raise
        finally:
            turn.release()
        return File(
            file,
            filename="ronda-bukti.zip",
            media_type="application/zip",
            headers={"Cache-Control": "no-store"},
            background=BackgroundTask(folder.cleanup),
        )

    return [export]


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except Nothing as error:
        raise ProblemError(HTTPStatus.NOT_FOUND, str(error)) from error
    except TooMuch as error:
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error)) from error
    except Unavailable as error:
        raise _later(str(error)) from error


def _later(why: str) -> ProblemError:
    wait = {"Retry-After": str(RETRY_AFTER_S)}
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, why, headers=wait)
