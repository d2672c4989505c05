"""Which operators' tokens are good for nothing any more: folded from `ronda.device`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from shared.auth import Principal
from shared.events.operator import OperatorRevoked, Revocation
from shared.events.registry import Undecodable, decode
from shared.logging import logger

USUAL = timedelta(days=8)
"""How long a session is remembered that was signed out, where it does not say until when."""
MOST_SESSIONS = 100_000

_log = logger(__name__)


class Record(Protocol):
    """As much of a Kafka record as is looked at here."""

    @property
    def offset(self) -> int:
        """Its place in the topic."""

    @property
    def value(self) -> bytes | None:
        """The event."""


class Revocations:
    """A `Follower` of the topic calls `feed`; a service that revokes something itself also calls
    `apply`, so that it holds there at once."""

    def __init__(self) -> None:
        self._actors: dict[str, datetime] = {}
        self._sessions: dict[str, datetime] = {}

    def feed(self, records: Sequence[Record]) -> None:
        """Takes what concerns operators; devices are another fold's matter."""
        for record in records:
            try:
                event = decode(record.value)
            except Undecodable as error:
                _log.error("record unreadable", offset=record.offset, error=str(error))
                continue
            if isinstance(event, OperatorRevoked):
                self.apply(event.data)

    def apply(self, revocation: Revocation) -> None:
        """Revokes; the later moment wins."""
        if revocation.session is not None:
            until = revocation.until or revocation.before + USUAL
            self._sessions[revocation.session] = until
            if len(self._sessions) > MOST_SESSIONS:
                self._forget(revocation.before)
            return
        known = self._actors.get(revocation.actor, revocation.before)
        self._actors[revocation.actor] = max(known, revocation.before)

    def revoked(self, principal: Principal) -> bool:
        """Whether a principal's token was revoked; one that does not say when it was issued was
        issued before anything."""
        if principal.session is not None and principal.session in self._sessions:
            return True
        before = self._actors.get(principal.actor)
        if before is None or principal.device is not None:
            return False
        return principal.issued_at is None or principal.issued_at <= before

    def _forget(self, now: datetime) -> None:
        """What has ended by itself, and at least a tenth: those that would have ended first."""
        last = sorted(self._sessions.items(), key=lambda item: item[1])[MOST_SESSIONS // 10 :]
        self._sessions = {session: until for session, until in last if until > now}
