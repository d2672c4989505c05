"""Proofs that an event stands in the log, and that the log only grew."""

from collections.abc import Sequence
from typing import NamedTuple

from services.archive.domain.proof import Proven
from services.archive.domain.search import Search
from services.archive.domain.stored import Seal
from services.archive.handlers.looking import Looking
from services.archive.ports import Found, Proofs
from shared.auth import Principal


class NotFound(Exception):
    """There is no such event that the asker may see."""


class NotSealed(Exception):
    """No checkpoint holds the event yet; one will."""


class Retired(Exception):
    """The event's bytes were dropped with their month."""


class Consistency(NamedTuple):
    """That the log of size `first` begins the one of size `second`."""

    first: int
    second: int
    path: Sequence[bytes]


class EventProof(NamedTuple):
    """A record, its proof, the checkpoint that it leads to, and how that follows an earlier one."""

    proven: Proven
    seal: Seal
    consistency: Consistency | None


class Proving:
    """Answers within the asker's rights."""

    def __init__(self, *, looking: Looking, proofs: Proofs) -> None:
        self._looking = looking
        self._proofs = proofs

    async def event(
        self,
        principal: Principal,
        event_id: str,
        *,
        reason: str | None,
        asked: dict[str, str],
        size: int | None = None,
        since: int | None = None,
    ) -> EventProof:
        """The proof against the newest checkpoint, or the one of `size` leaves.

        With `since`, the size of a checkpoint that the asker has kept, also that it is a beginning.
        Raises `NotFound`, `NotSealed`, `Retired`, `ProofError` for a larger `since`, and
        `Unavailable`.
        """
        search = Search(id=event_id, limit=1000)
        page = await self._looking.page(principal, search, reason=reason, asked=asked)
        if not page.found:
            raise NotFound(f"no record of event {event_id} that you may see")
        seal = await self._proofs.checkpoint(size)
        if seal is None:
            raise NotSealed("there is no such checkpoint" if size else "nothing is sealed yet")
        found = await self._proofs.proven([_first(page.found).place], seal.size)
        if not found:
            raise Retired(f"the bytes of event {event_id} were dropped with their month")
        (proven,) = found
        if proven.sealed.path is None:
            raise NotSealed(f"event {event_id} is in no checkpoint yet; the next one has it")
        follows = None if since is None else await self.consistency(since, seal.size)
        return EventProof(proven, seal, follows)

    async def consistency(self, first: int, second: int) -> Consistency:
        """Raises `ProofError` for sizes that are not the log's, and `Unavailable`."""
        return Consistency(first, second, await self._proofs.consistency(first, second))


def _first(found: Sequence[Found]) -> Found:
    """The event itself before what repeats it."""
    return next((each for each in found if each.status == "event"), found[0])
