"""Sealing: the log's state is signed and told to others."""

from collections.abc import Sequence
from datetime import timedelta

from services.archive.domain.note import Checkpoint, Key, Sign, note_of
from services.archive.domain.schedule import until_due
from services.archive.metrics import Metrics
from services.archive.ports import Announcer, Ledger, Sealed, Unavailable
from shared.clock import Clock
from shared.logging import logger

ON_SCHEDULE = "on schedule"

_log = logger(__name__)


class Sealing:
    """Makes checkpoints of one origin, signed by each of `signers`; reads those that were made."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        origin: str,
        signers: Sequence[tuple[Key, Sign]],
        announcers: Sequence[Announcer],
        clock: Clock,
        metrics: Metrics,
        every: timedelta,
    ) -> None:
        self._ledger = ledger
        self._origin = origin
        self._signers = signers
        self._announcers = announcers
        self._clock = clock
        self._metrics = metrics
        self._every = every

    @property
    def keys(self) -> list[str]:
        """The keys to verify notes with, as verifiers write them."""
        return [str(key) for key, _ in self._signers]

    async def checkpoints(self, *, before: int | None, limit: int) -> Sequence[Sealed]:
        """The largest first; only those of fewer segments than `before`. Raises `Unavailable`."""
        return await self._ledger.checkpoints(before=before, limit=limit)

    async def seal(self, reason: str) -> tuple[Sealed, list[str]]:
        """A checkpoint of everything that is committed now, and who could not be told, and why.

        Raises `Unavailable`, and then nothing is sealed.
        """
        sealed = await self._ledger.seal(lambda size, root: self._sealed(size, root, reason))
        if sealed is None:
            raise Unavailable("somebody else was sealing")
        return sealed, await self._announce(sealed)

    async def on_schedule(self) -> timedelta:
        """Seals when it is due; how long until it is due again. Raises `Unavailable`.

        Whoever is not told of this checkpoint is told of the next one, which proves more.
        """
        now = self._clock()
        newest = await self._ledger.checkpoints(limit=1)
        wait = until_due(newest[0].sealed_at if newest else None, now, self._every)
        if wait:
            return wait
        sealed = await self._ledger.seal(
            lambda size, root: self._sealed(size, root, ON_SCHEDULE),
            unless_since=newest[0].sealed_at if newest else None,
        )
        if sealed is not None:
            untold = await self._announce(sealed)
            _log.info("sealed", size=sealed.size)
            for complaint in untold:
                _log.warning("a checkpoint could not be told", to=complaint)
        return self._every

    def _sealed(self, size: int, root: bytes, reason: str) -> Sealed:
        note = note_of(Checkpoint(self._origin, size, root), self._signers)
        return Sealed(size, root, note, self._clock(), reason)

    async def _announce(self, sealed: Sealed) -> list[str]:
        self._metrics.sealed_size.set(sealed.size)
        self._metrics.sealed_at.set(sealed.sealed_at.timestamp())
        untold = []
        for announcer in self._announcers:
            try:
                await announcer.announce(sealed)
            except Unavailable as error:
                untold.append(f"{announcer.name}: {error}")
                self._metrics.untold.labels(announcer.name).inc()
        return untold
