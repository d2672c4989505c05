"""The routes of phones, beside the intake: enrolment, tokens, assignment, inbox, photos."""

import hashlib
import re
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter

from services.checkin.adapters.body import BodyReader
from services.checkin.adapters.door import door_of, on_unavailable, whole_body
from services.checkin.adapters.gate import Gate
from services.checkin.domain.assignment import Assignment
from services.checkin.handlers.enrolling import (
    Enrolled,
    Enrolling,
    EnrolmentRequest,
    Granted,
    TokenRequest,
    Tokens,
    revoked,
)
from services.checkin.handlers.intake import SENDERS
from services.checkin.handlers.media import Photos, Stored
from services.checkin.handlers.phone import LONGEST_WAIT_S, InboxPage, Phone
from services.checkin.metrics import Metrics
from services.checkin.ports import DeviceSource, Unavailable
from shared.auth import Principal
from shared.events.media import MAX_MEDIA_BYTES
from shared.policy import OPERATIONS, PUBLIC, Policy
from shared.problem import ProblemError

POLICY: Policy = {
    **OPERATIONS,
    "POST /v1/enrolments": PUBLIC,
    "POST /v1/tokens": PUBLIC,
    "GET /v1/assignment": SENDERS,
    "GET /v1/inbox": SENDERS,
    "PUT /v1/media/{sha256}": SENDERS,
    "GET /osmand": SENDERS,
    "POST /osmand": SENDERS,
    "POST /owntracks": SENDERS,
    "GET /": PUBLIC,
    "GET /app": PUBLIC,
    "GET /app/{path}": PUBLIC,
}
"""Who may use which route; `POST /v1/events` stands beside them and asks for itself."""

Asked = Request[Principal, str | None, Any]
Crew = Annotated[str | None, QueryParameter(name="crew", max_length=200)]
_encode = msgspec.json.Encoder().encode
_JSON = "application/json"
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


def phone_routes(
    *,
    enrolling: Enrolling,
    tokens: Tokens,
    phone: Phone,
    photos: Photos,
    devices: DeviceSource,
    gate: Gate,
    bodies: BodyReader,
    metrics: Metrics,
) -> Router:
    """The handlers of `POLICY`, but for the pages."""

    async def admitted(request: Asked) -> Principal:
        """The sender; raises `ProblemError` 401 for a revoked phone, 429 over its share."""
        sender = request.user
        device = devices.registry.devices.get(sender.device or "")
        if device is not None and device.revoked_at is not None:
            raise revoked()
        await gate.enter(sender)
        return sender

    door = door_of(gate, bodies, metrics)

    @post("/v1/enrolments", middleware=[door])
    async def enrol(data: JSONBody[EnrolmentRequest]) -> Enrolled:
        """Make a phone known by its one-time code. The first one with a code gets it."""
        return await enrolling.enrol(data)

    @post("/v1/tokens", status_code=HTTPStatus.OK, middleware=[door])
    async def grant(data: JSONBody[TokenRequest]) -> Granted:
        """A token of 15 minutes for an enrolled phone. `now` corrects a wrong clock."""
        return await tokens.grant(data)

    @get(
        "/v1/assignment",
        responses={
            200: ResponseSpec(
                data_container=Assignment, description="The assignment", generate_examples=False
            )
        },
    )
    async def assignment(request: Asked, crew: Crew = None) -> Response[bytes]:
        """The officer's targets from yesterday until five days ahead, with all that the phone needs
        without a network. `ETag` and `If-None-Match` spare what it has already."""
        sender = await admitted(request)
        body = _encode(phone.assignment(sender, crew))
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        # A proxy that compresses makes `W/"…"` of it.
        if tag in request.headers.get("if-none-match", ""):
            return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(body, media_type=_JSON, headers=headers)

    @get(
        "/v1/inbox",
        responses={
            200: ResponseSpec(
                data_container=InboxPage, description="What is new", generate_examples=False
            )
        },
    )
    async def inbox(
        request: Asked,
        after: Annotated[str | None, QueryParameter(name="after", max_length=2000)] = None,
        crew: Crew = None,
        wait: Annotated[
            float, QueryParameter(name="wait", ge=0, le=LONGEST_WAIT_S)
        ] = LONGEST_WAIT_S,
    ) -> Response[bytes]:
        """What came down since `after`, waited for where there is nothing: who took a report,
        orders, visits, tasks, nudges."""
        sender = await admitted(request)
        page = await phone.inbox(sender, after=after, crew=crew, wait_s=wait)
        return Response(_encode(page), media_type=_JSON, headers={"Cache-Control": "no-store"})

    @put("/v1/media/{sha256:str}", status_code=HTTPStatus.CREATED)
    async def media(
        request: Asked,
        sha256: FromPath[str],
        taken_at: Annotated[datetime | None, HeaderParameter(name="Ronda-Taken-At")] = None,
    ) -> Stored:
        """Keep a photo under the SHA-256 of its bytes, which reports name it by."""
        sender = await admitted(request)
        if _SHA256.fullmatch(sha256) is None:
            raise ProblemError(HTTPStatus.BAD_REQUEST, "a photo is named by 64 hexadecimal digits")
        if taken_at is not None and taken_at.tzinfo is None:
            raise ProblemError(HTTPStatus.BAD_REQUEST, "Ronda-Taken-At has no offset from UTC")
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        with gate.place(sender):
            content = await whole_body(bodies, request.scope, request.receive, MAX_MEDIA_BYTES)
            return await photos.keep(
                content, named=sha256, content_type=content_type, taken_at=taken_at, sender=sender
            )

    return Router(
        "/",
        route_handlers=[enrol, grant, assignment, inbox, media],
        exception_handlers={Unavailable: on_unavailable},
    )
