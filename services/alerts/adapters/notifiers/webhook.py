"""A page as a signed HTTP POST; SMS gateways, chat rooms and sirens are reached through it."""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime

import httpx
import msgspec

from services.alerts.ports import Page, PlanBook, Receipt
from shared.clock import Clock
from shared.crash import crash_point

TIMEOUT_S = 5.0
DEDUP_HEADER = "Ronda-Dedup"
SIGNATURE_HEADER = "Ronda-Signature"

_encode = msgspec.json.Encoder().encode


def client() -> httpx.AsyncClient:
    """The HTTP client for webhooks: bounded, follows no redirect, uses no proxy by accident."""
    return httpx.AsyncClient(
        timeout=TIMEOUT_S,
        follow_redirects=False,
        trust_env=False,
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
        headers={"User-Agent": "ronda-alerts"},
    )


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
        """Accepted is an answer 2xx within five seconds. Each try carries the same dedup header."""
        plan = self._plans.plan
        channel = plan.channel_by_id.get(page.channel) if plan else None
        if channel is None or channel.url is None:
            return Receipt(error=f"channel {page.channel} has no url in the plan")
        headers = {"Content-Type": "application/json", DEDUP_HEADER: page.dedup}
        body = _encode(page)
        if channel.secret_name is not None:
            secret = self._secrets.get(secret_key(channel.secret_name))
            if secret is None:
                return Receipt(error=f"the secret {channel.secret_name} of its channel is not set")
            headers[SIGNATURE_HEADER] = signature(secret, body, self._clock())
        return await self._post(channel.url, body, headers)

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Receipt:
        try:
            # httpx bounds each phase; this bounds them together.
            async with asyncio.timeout(TIMEOUT_S):
                answer = await self._http.post(url, content=body, headers=dict(headers))
        except TimeoutError:
            return Receipt(error=f"no answer within {TIMEOUT_S:g} s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Receipt(error=f"{error.__class__.__name__}: {error}"[:200])
        crash_point("page.sent")
        if not answer.is_success:
            return Receipt(error=f"the receiver answered {answer.status_code}")
        return Receipt()
