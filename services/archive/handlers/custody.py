"""What an export's custody log tells: who looked before, and what may not be erased."""

from collections.abc import AsyncIterator, Collection, Iterable
from typing import Any, NamedTuple

from services.archive.domain import lines
from services.archive.domain.hold import Hold
from services.archive.ports import Found
from shared.events.audit import AccessRecorded
from shared.events.registry import Undecodable, decode

LOOKS_READ = 20_000
"""How many recorded looks are searched for those at what is exported."""


class Looks(NamedTuple):
    """Earlier looks, oldest first; not `complete` where older ones were not searched any more."""

    entries: list[dict[str, Any]]
    complete: bool


async def earlier_looks(newest_first: AsyncIterator[Found], named: Collection[str]) -> Looks:
    """Those of the recorded looks that asked for something that is named."""
    entries: list[dict[str, Any]] = []
    read = 0
    async for found in newest_first:
        if read == LOOKS_READ:
            return Looks(entries[::-1], complete=False)
        read += 1
        look = _look(found)
        if look is not None and not set(named).isdisjoint(look.data.filters.values()):
            said = {"role": look.data.role, "what": look.data.what, "filters": look.data.filters}
            at = lines.moment(look.time)
            entries.append({"at": at, "actor": look.actor, **said, "reason": look.data.reason})
    return Looks(entries[::-1], complete=True)


def of_holds(holds: Iterable[Hold]) -> list[dict[str, Any]]:
    """Holds that stand over what is exported, as the custody log tells of them."""
    return [
        {
            "at": lines.moment(hold.placed_at),
            "actor": hold.actor,
            "what": "hold",
            "filters": {k: str(v) for k, v in hold.scope._asdict().items() if v is not None},
            "reason": hold.reason,
            "authority": hold.authority,
        }
        for hold in holds
    ]


def _look(found: Found) -> AccessRecorded | None:
    """None of what was erased, or is none although its type says so."""
    try:
        event = decode(found.value)
    except Undecodable:
        return None
    return event if isinstance(event, AccessRecorded) else None
