"""The channel that is always there: a line in the log, without any name, address or position."""

from services.alerts.ports import Page, Receipt
from shared.logging import logger

_log = logger(__name__)


class LogNotifier:
    """Writes a page into the service's log."""

    async def send(self, page: Page) -> Receipt:
        """Always succeeds."""
        _log.info(
            "page",
            dedup=page.dedup,
            alert=page.alert.id,
            number=page.alert.number,
            severity=page.alert.severity,
            step=page.level,
            post=page.post,
            purpose=page.alert.purpose,
        )
        return Receipt()
