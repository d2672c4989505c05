"""What the handlers need of the world."""

from collections.abc import Sequence
from typing import Protocol

from services.checkin.domain.stamping import Outgoing
from shared.plan.model import Plan


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


class Publisher(Protocol):
    """Where accepted events go."""

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Returns once every record is safe, in order per key; raises `Unavailable`."""
