"""Everything that `apprise` can reach, where that extra of `ronda` is installed.

Its URLs hold passwords, so they stand in settings: `RONDA_APPRISE_URL_<NAME>` for a channel whose
`secret_name` is `<name>`. Where it connects to is decided by these settings alone.
"""

import asyncio
from collections.abc import Mapping
from urllib.parse import quote

from services.alerts.adapters.notifiers.webhook import secret_key
from services.alerts.domain.message import letter
from services.alerts.ports import Page, PlanBook, Receipt

try:
    import apprise
except ImportError:
    INSTALLED = False
else:
    INSTALLED = True


class AppriseNotifier:
    """`urls` are by `secret_key`; `{address}` in one is the contact's."""

    def __init__(self, urls: Mapping[str, str], plans: PlanBook) -> None:
        self._urls = urls
        self._plans = plans

    async def send(self, page: Page) -> Receipt:
        """Accepted is what the service behind it calls a success."""
        if not INSTALLED:
            return Receipt(error="the extra `apprise` is not installed")
        plan = self._plans.plan
        channel = plan.channel_by_id.get(page.channel) if plan else None
        name = channel.secret_name if channel else None
        url = self._urls.get(secret_key(name)) if name else None
        if url is None:
            return Receipt(error=f"channel {page.channel} has no RONDA_APPRISE_URL_")
        title, body = letter(page, plan)
        target = url.replace("{address}", quote(page.address, safe=""))
        # In a thread: it is not made for an event loop, and its first use loads a hundred modules.
        error = await asyncio.to_thread(_tell, target, title, body)
        return Receipt(error)


def _tell(url: str, title: str, body: str) -> str | None:
    sender = apprise.Apprise()
    if not sender.add(url):
        return "the URL in the settings is none that apprise knows"
    return None if sender.notify(title=title, body=body) else "the service did not take it"
