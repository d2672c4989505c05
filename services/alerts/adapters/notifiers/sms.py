"""Short messages through a gateway of one's own: a phone or a modem that takes HTTP."""

import json
import re
from collections.abc import Mapping
from urllib.parse import quote_plus

import httpx
import msgspec

from services.alerts.adapters.notifiers.posting import post
from services.alerts.adapters.notifiers.webhook import DEDUP_HEADER, secret_key
from services.alerts.domain.message import line
from services.alerts.ports import Page, PlanBook, Receipt
from shared.plan.model import Channel

JSON_BODY = '{"to":{to},"text":{text},"ref":{ref}}'
LONGEST_REF = 100

_WORD = re.compile(r"\{(to|text|ref)\}")


class SmsNotifier:
    """Posts what the channel's `body` says; `secrets` are by `secret_key`."""

    def __init__(
        self, http: httpx.AsyncClient, plans: PlanBook, *, secrets: Mapping[str, str]
    ) -> None:
        self._http = http
        self._plans = plans
        self._secrets = secrets

    async def send(self, page: Page) -> Receipt:
        """Accepted is an answer 2xx; the gateway's name for the message is kept for its receipt."""
        plan = self._plans.plan
        channel = plan.channel_by_id.get(page.channel) if plan else None
        if channel is None or channel.url is None:
            return Receipt(error=f"channel {page.channel} has no url in the plan")
        headers = {"Content-Type": channel.content_type, DEDUP_HEADER: page.dedup}
        if channel.secret_name is not None:
            secret = self._secrets.get(secret_key(channel.secret_name))
            if secret is None:
                return Receipt(error=f"the secret {channel.secret_name} of its channel is not set")
            bearer = channel.auth_header.lower() == "authorization"
            headers[channel.auth_header] = f"Bearer {secret}" if bearer else secret
        words = {"to": page.address, "text": line(page, plan), "ref": page.ref}
        receipt, said = await post(self._http, channel.url, _body(channel, words), headers)
        if receipt.error is not None:
            return receipt
        return Receipt(ref=_ref_in(said, channel.ref_field) or page.ref)


def _body(channel: Channel, words: Mapping[str, str]) -> bytes:
    """The channel's body with its words filled in, each as its kind of content wants it."""
    if channel.content_type != "application/json":
        template = channel.body or "to={to}&text={text}&ref={ref}"
        filled = {name: quote_plus(word) for name, word in words.items()}
    elif channel.body is None:
        template, filled = JSON_BODY, {name: json.dumps(word) for name, word in words.items()}
    else:
        # Within a body of one's own the quotes stand in the body.
        template = channel.body
        filled = {name: json.dumps(word)[1:-1] for name, word in words.items()}
    return _WORD.sub(lambda found: filled[found[1]], template).encode()


def _ref_in(said: bytes, path: str | None) -> str | None:
    """The gateway's name for the message, where its answer has one."""
    if path is None:
        return None
    try:
        found = msgspec.json.decode(said)
        for step in path.split("."):
            found = found[int(step)] if isinstance(found, list) else found[step]
    except (msgspec.DecodeError, LookupError, TypeError, ValueError):
        return None
    return str(found)[:LONGEST_REF] if isinstance(found, str | int) else None
