"""Answering searches."""

from services.archive.domain.search import TRACKS, Rights, Search, needs_reason, shows_tracks
from services.archive.metrics import Metrics
from services.archive.ports import AccessLog, Page, Reader, Totals
from shared.auth import Principal
from shared.clock import Clock
from shared.events.audit import Access, AccessRecorded
from shared.events.identity import new_id

BY_ID = "one position, asked for by its id"
"""The reason of a look that needs none to be given."""


class ReasonNeeded(ValueError):
    """A search looks at a person's past and does not say why."""


class Looking:
    """Answers searches within the asker's rights; a look at a person's past is recorded first."""

    def __init__(
        self,
        *,
        reader: Reader,
        access: AccessLog,
        clock: Clock,
        metrics: Metrics,
        root: str | None,
    ) -> None:
        self._reader = reader
        self._access = access
        self._clock = clock
        self._metrics = metrics
        self._root = root

    async def page(
        self, principal: Principal, search: Search, *, reason: str | None, asked: dict[str, str]
    ) -> Page:
        """A page of what the principal may see; `asked` is the search as the record shows it.

        Raises `ReasonNeeded`, and `Unavailable` too when the look cannot be recorded.
        """
        if reason is None and needs_reason(
            event_type=search.type, actor=search.actor, device=search.device
        ):
            raise ReasonNeeded(
                "a search by actor, by device, for positions or shifts looks at a person's past: "
                "say why with reason=, in 10 to 500 characters; it is recorded"
            )
        if reason is not None:
            await self._access.record(self._look(principal, reason, asked))
            self._metrics.looks.inc()
        tracks = shows_tracks(event_id=search.id, reason=reason)
        page = await self._reader.page(search, self.rights(principal, tracks=tracks))
        if reason is None and any((found.type or "").startswith(TRACKS) for found in page.found):
            await self._access.record(self._look(principal, BY_ID, asked))
            self._metrics.looks.inc()
        return page

    def rights(self, principal: Principal, *, tracks: bool) -> Rights:
        """What the principal may see; `tracks` only once the look is recorded."""
        is_top = self._root is not None and principal.covers(self._root)
        return Rights(
            within=principal.unit,
            # What has no unit (the plan, devices, what nobody could read) is the deployment's.
            sees_unitless=principal.role == "admin" or is_top,
            tracks=tracks,
            role=principal.role,
            is_top=is_top,
        )

    async def totals(self) -> dict[str, Totals]:
        """Counts by topic. Raises `Unavailable`."""
        return await self._reader.totals()

    def _look(self, principal: Principal, reason: str, asked: dict[str, str]) -> AccessRecorded:
        now = self._clock()
        return AccessRecorded(
            specversion="1.0",
            id=new_id(now),
            source="ronda/archive",
            time=now,
            receivedtime=now,
            unit=principal.unit,
            actor=principal.actor,
            channel="system",
            data=Access(role=principal.role, what="events", filters=asked, reason=reason),
        )
