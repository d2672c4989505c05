"""What the handlers need of the world."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from services.checkin.domain.devices import Registry
from services.checkin.domain.inbox import Inbox
from services.checkin.domain.stamping import Outgoing
from shared.auth import Carried
from shared.plan.model import Plan, Situation


class Unavailable(Exception):
    """Events cannot be taken now, and none of these counts as taken; `str()` says why.

    Whoever sent them sends them again after `retry_after_s`; their ids make that harmless.
    """

    def __init__(self, reason: str, *, retry_after_s: int) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class PlanSource(Protocol):
    """The operation plan as of now."""

    @property
    def plan(self) -> Plan | None:
        """None before the first plan was published."""

    def situation(self, now: datetime) -> Situation:
        """What the posko has set differently from the plan."""


class Publisher(Protocol):
    """Where accepted events go."""

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Returns once every record is safe, in order per key; raises `Unavailable`."""


class DeviceSource(Protocol):
    """The phones, as far as this replica has read."""

    @property
    def registry(self) -> Registry:
        """The fold as of now."""

    async def until(self, known: Callable[[], bool], within_s: float) -> bool:
        """Waits until `known`, which is asked after everything that is read; false in the end."""


class TokenIssuer(Protocol):
    """Signs tokens."""

    def token(
        self,
        *,
        actor: str,
        name: str,
        role: str,
        unit: str,
        now: datetime,
        ttl: timedelta,
        device: str,
        key: str,
        shift: Carried | None,
    ) -> str:
        """A token of the phone `device`, whose key has the thumbprint `key`."""


class InboxSource(Protocol):
    """What comes down to phones, as far as this replica has read."""

    @property
    def inbox(self) -> Inbox:
        """The fold as of now."""

    @property
    def position(self) -> Mapping[int, int]:
        """The next offset to read, by partition."""

    async def until(self, known: Callable[[], bool], within_s: float) -> bool:
        """Waits until `known`, which is asked after everything that is read; false in the end."""
