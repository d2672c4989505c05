"""Whose events they are: signatures verified, beside the loop where there are many."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.checkin.domain.authenticity import Doubt, doubt_of
from services.checkin.domain.devices import Device
from services.checkin.domain.incoming import Incoming, Item
from services.checkin.ports import DeviceSource, Unavailable
from shared.auth import Principal

Judgement = tuple[Device | None, Doubt | None]
"""The enrolled phone that an event names, and why the event is not that phone's."""

_Named = tuple[Incoming | None, Device | None]

INLINE_SIGNATURES = 8
"""Up to so many take less than a millisecond; more would hold up everybody else's answers."""
WAITING_BATCHES = 64
NEWS_S = 2.0
"""How long another replica's enrolment may take to be read here."""


@dataclass(slots=True)
class Judge:
    """Judges the events of requests; at most `WAITING_BATCHES` large ones at once."""

    devices: DeviceSource
    _waiting: int = field(default=0, init=False)

    async def judge(self, items: Sequence[Item], sender: Principal) -> list[Judgement]:
        """One judgement per item, in order; raises `Unavailable` when too many are waiting."""
        known = self.devices.registry.devices
        if sender.key is not None and sender.device not in known:
            await self.devices.until(lambda: sender.device in known, NEWS_S)
        named = [_named(item, known) for item in items]
        if len(items) <= INLINE_SIGNATURES or _signatures(named) <= INLINE_SIGNATURES:
            return _judged(named, sender)
        return await self._beside(named, sender)

    async def _beside(self, named: Sequence[_Named], sender: Principal) -> list[Judgement]:
        if self._waiting >= WAITING_BATCHES:
            raise Unavailable("too many signatures are being verified", retry_after_s=1)
        self._waiting += 1
        try:
            return await asyncio.to_thread(_judged, named, sender)
        finally:
            self._waiting -= 1


def _named(item: Item, known: Mapping[str, Device]) -> _Named:
    if not isinstance(item, Incoming):
        return None, None
    return item, known.get(item.device) if item.device is not None else None


def _signatures(named: Sequence[_Named]) -> int:
    return sum(device is not None for _, device in named)


def _judged(named: Sequence[_Named], sender: Principal) -> list[Judgement]:
    return [
        (device, doubt_of(item, sender, device) if item is not None else None)
        for item, device in named
    ]
