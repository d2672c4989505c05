"""Whom the pages reached, and what providers say of them later."""

import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import parse_qsl

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from services.alerts.adapters.delivery_reading import DeliveryReadings, PageView
from services.alerts.adapters.http.rights import Asked, principal_of
from services.alerts.adapters.notifiers.webhook import SIGNATURE_HEADER, secret_key, signature
from services.alerts.handlers.receipts import Receipts
from services.alerts.ports import PlanBook
from shared.clock import Clock
from shared.events.identity import UUID7_PATTERN
from shared.plan.model import Channel
from shared.problem import ProblemError

SIGNATURE_AGE_S = 300
DELIVERED = frozenset({"delivered", "delivrd", "success", "ok"})
UNDELIVERED = frozenset(
    {"failed", "failure", "error", "undelivered", "undeliv", "rejected", "rejectd", "expired"}
)

Which = Annotated[Literal["undelivered", "all"], QueryParameter(name="state")]
OfAlert = Annotated[str | None, QueryParameter(name="alert", pattern=UUID7_PATTERN)]


class Pages(Struct, frozen=True, kw_only=True):
    items: list[PageView]


class Receipt(Struct, frozen=True, kw_only=True):
    """A provider's word: `ref` as we sent it, or as the provider named the message in its answer.

    A status that says neither delivered nor failed is taken note of and changes nothing.
    """

    ref: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    status: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    detail: str | None = None


def notification_routes(
    deliveries: DeliveryReadings,
    receipts: Receipts,
    plans: PlanBook,
    secrets: Mapping[str, str],
    clock: Clock,
) -> list[HTTPRouteHandler]:
    """`GET /v1/notifications` and `POST /v1/receipts/{channel}`; `secrets` are by `secret_key`."""

    @get("/v1/notifications")
    async def notifications(
        request: Asked, which: Which = "undelivered", alert: OfAlert = None
    ) -> Pages:
        viewer = principal_of(request)
        only = which == "undelivered"
        return Pages(items=await deliveries.pages(viewer, only_undelivered=only, alert_id=alert))

    @post("/v1/receipts/{channel:str}", status_code=HTTPStatus.NO_CONTENT)
    async def receipt(request: Asked, channel: FromPath[str]) -> None:
        """JSON or a form, signed as our webhooks are, or with the channel's own secret."""
        body = await request.body()
        row = plans.plan.channel_by_id.get(channel) if plans.plan else None
        secret = secrets.get(secret_key(row.secret_name)) if row and row.secret_name else None
        if row is None or secret is None or not _is_theirs(request, row, secret, body, clock()):
            # Whether there is such a channel is not for everybody.
            raise ProblemError(HTTPStatus.UNAUTHORIZED, "send the channel's secret, or sign")
        said = _decoded(body, request.content_type[0])
        status = said.status.strip().lower()
        if status not in DELIVERED | UNDELIVERED:
            return
        why = f"{said.status}: {said.detail}" if said.detail else said.status
        delivered = status in DELIVERED
        if not await receipts.receive(channel, said.ref, delivered=delivered, why=why[:200]):
            raise ProblemError(HTTPStatus.NOT_FOUND, "no page left by this channel under that ref")

    return [notifications, receipt]


def _is_theirs(request: Asked, channel: Channel, secret: str, body: bytes, now: datetime) -> bool:
    signed = request.headers.get(SIGNATURE_HEADER.lower())
    if signed is not None:
        return _is_signed(signed, secret, body, now)
    shown = request.headers.get(channel.auth_header.lower(), "")
    if channel.auth_header.lower() == "authorization":
        scheme, _, shown = shown.partition(" ")
        if scheme.lower() != "bearer":
            return False
    return hmac.compare_digest(shown.encode(), secret.encode())


def _is_signed(signed: str, secret: str, body: bytes, now: datetime) -> bool:
    found = re.match(r"t=(\d{1,12}),", signed)
    if found is None or abs(now.timestamp() - int(found[1])) > SIGNATURE_AGE_S:
        return False
    at = datetime.fromtimestamp(int(found[1]), tz=now.tzinfo)
    return hmac.compare_digest(signed.encode(), signature(secret, body, at).encode())


def _decoded(body: bytes, content_type: str) -> Receipt:
    try:
        if content_type == "application/x-www-form-urlencoded":
            return msgspec.convert(dict(parse_qsl(body.decode())), Receipt)
        return msgspec.json.decode(body, type=Receipt)
    except (msgspec.DecodeError, ValueError) as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"not a receipt: {error}") from error
