"""Letters through a mail server that the settings name."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

import aiosmtplib

from services.alerts.domain.message import letter
from services.alerts.ports import Page, PlanBook, Receipt
from shared.clock import Clock

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """`security`: `starttls` after the greeting, `tls` from the start, `none` within one's own
    walls."""

    host: str
    sender: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: str | None = None


class EmailNotifier:
    """One letter per page; every try carries the same Message-ID, so a mailbox shows it once."""

    def __init__(self, server: MailServer | None, plans: PlanBook, *, clock: Clock) -> None:
        self._server = server
        self._plans = plans
        self._clock = clock

    async def send(self, page: Page) -> Receipt:
        """Accepted is the server's 250 for the letter."""
        server = self._server
        if server is None:
            return Receipt(error="RONDA_SMTP_HOST is not set")
        try:
            await aiosmtplib.send(
                self._letter(page, server),
                hostname=server.host,
                port=server.port,
                username=server.username,
                password=server.password,
                use_tls=server.security == "tls",
                start_tls=server.security == "starttls",
                timeout=TIMEOUT_S,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            # The server's words may hold the address; the class says enough.
            code = getattr(error, "code", "")
            return Receipt(error=f"{error.__class__.__name__} {code}".strip())
        return Receipt(ref=page.ref)

    def _letter(self, page: Page, server: MailServer) -> EmailMessage:
        subject, body = letter(page, self._plans.plan)
        domain = server.sender.rpartition("@")[2] or "ronda.invalid"
        message = EmailMessage()
        message["From"] = server.sender
        message["To"] = page.address
        message["Subject"] = subject
        message["Date"] = format_datetime(self._clock())
        message["Message-ID"] = f"<{page.ref}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body)
        return message
