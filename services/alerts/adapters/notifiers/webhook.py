"""A page as a signed HTTP POST; chat rooms, sirens and other systems are reached through it."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime

import httpx
import msgspec
from msgspec import Struct

from services.alerts.adapters.notifiers.posting import post
from services.alerts.ports import Page, PlanBook, Receipt
from shared.clock import Clock
from shared.events.alert import Alert

DEDUP_HEADER = "Ronda-Dedup"
SIGNATURE_HEADER = "Ronda-Signature"

_encode = msgspec.json.Encoder().encode


class Sent(Struct, frozen=True, kw_only=True):
    """The body of a webhook. `ref` is what a receipt names."""

    dedup: str
    ref: str
    alert: Alert
    cycle: int
    level: int
    post: str
    recipient: str
    channel: str
    address: str
    why: str
    due_at: datetime
    attempt: int


def signature(secret: str, body: bytes, at: datetime) -> str:
    """`t=<unix seconds>,v1=<hex>`: HMAC-SHA256 over the seconds, a dot and the body.

    The time is part of it, so that a receiver can refuse a page that somebody plays again.
    """
    seconds = str(int(at.timestamp()))
    mac = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256)
    return f"t={seconds},v1={mac.hexdigest()}"


def secret_key(secret_name: str) -> str:
    """What follows `RONDA_WEBHOOK_SECRET_` for a name of the plan: `posko-webhook` is
    `POSKO_WEBHOOK`."""
    return re.sub(r"[^A-Z0-9]", "_", secret_name.upper())


class WebhookNotifier:
    """Posts the page, the whole alert in it, to the URL of its channel; `secrets` are by
    `secret_key`."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        plans: PlanBook,
        *,
        secrets: Mapping[str, str],
        clock: Clock,
    ) -> None:
        self._http = http
        self._plans = plans
        self._secrets = secrets
        self._clock = clock

    async def send(self, page: Page) -> Receipt:
        """Each try carries the same dedup header."""
        plan = self._plans.plan
        channel = plan.channel_by_id.get(page.channel) if plan else None
        if channel is None or channel.url is None:
            return Receipt(error=f"channel {page.channel} has no url in the plan")
        headers = {"Content-Type": "application/json", DEDUP_HEADER: page.dedup}
        body = _encode(_sent(page))
        if channel.secret_name is not None:
            secret = self._secrets.get(secret_key(channel.secret_name))
            if secret is None:
                return Receipt(error=f"the secret {channel.secret_name} of its channel is not set")
            headers[SIGNATURE_HEADER] = signature(secret, body, self._clock())
        receipt, _ = await post(self._http, channel.url, body, headers)
        return Receipt(receipt.error, ref=page.ref)


def _sent(page: Page) -> Sent:
    return Sent(
        dedup=page.dedup,
        ref=page.ref,
        alert=page.alert,
        cycle=page.cycle,
        level=page.level,
        post=page.post,
        recipient=page.recipient,
        channel=page.channel,
        address=page.address,
        why=page.why,
        due_at=page.due_at,
        attempt=page.attempt,
    )
