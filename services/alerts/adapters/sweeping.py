"""What nobody will ask for again is deleted, so that no table grows for ever, and where people were
is forgotten once it judges nothing any more.

Alerts and visits stay; the archive keeps everything else.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    Column,
    ColumnElement,
    Delete,
    Interval,
    Table,
    Update,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.rows import decode_body, encode_body
from services.alerts.adapters.store import retryable
from services.alerts.adapters.tables import (
    code_use,
    command_answer,
    device_track,
    duty,
    inbox,
    notification,
    nudge,
    presence_doubt,
    sign_in_failure,
)
from services.alerts.domain.presence import DeviceTrack, forgetting
from shared.clock import Clock

KEEP = timedelta(days=60)
"""Twice as long as any topic can bring an event again."""
KEEP_TRACKS = timedelta(days=7)
"""As long as positions stay on their topic."""
KEEP_PLACES = timedelta(days=1)
"""After the end of a duty, whose last place is nobody's business any more."""
BATCH = 5_000
EVERY_S = 3_600.0

_ago = func.now() - bindparam("keep", type_=Interval)


def _older(table: Table, key: Column[str], at: ColumnElement[datetime]) -> Delete:
    old = select(key).where(at < _ago).limit(BATCH)
    return delete(table).where(key.in_(old))


_SWEEPS: Sequence[Delete] = (
    _older(inbox, inbox.c.event_id, inbox.c.at),
    _older(command_answer, command_answer.c.key, command_answer.c.at),
    _older(notification, notification.c.dedup, notification.c.finished_at),
    _older(code_use, code_use.c.code, code_use.c.at),
    _older(presence_doubt, presence_doubt.c.id, presence_doubt.c.noticed_at),
    _older(sign_in_failure, sign_in_failure.c.subject, sign_in_failure.c.at),
    _older(duty, duty.c.crew, duty.c.ended_at),
    _older(nudge, nudge.c.crew, func.uuid_extract_timestamp(nudge.c.id)),
)
# When it was stays, or an older position that comes late would be put in its place.
_forget_places = (
    update(duty).where(duty.c.ended_at < _ago, duty.c.lat.is_not(None)).values(lat=None, lon=None)
)
_tracks = (
    select(device_track.c.device, device_track.c.body)
    .where(device_track.c.device > bindparam("after"), device_track.c.body.is_not(None))
    .order_by(device_track.c.device)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
_save_track = (
    update(device_track)
    .where(device_track.c.device == bindparam("of_device"))
    .values(body=bindparam("to_body"))
)


class Sweeper:
    """Deletes in small transactions; any number of replicas may do so at once."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._after = ""

    async def sweep(self) -> float:
        """One batch of each table; returns when to come back, at once where more is left."""
        more = await self._forget_tracks()
        await self._swept(_forget_places, KEEP_PLACES)
        for statement in _SWEEPS:
            more = await self._swept(statement, KEEP) == BATCH or more
        return 0.0 if more else EVERY_S

    async def _swept(self, statement: Delete | Update, keep: timedelta) -> int:
        with retryable():
            async with self._engine.begin() as connection:
                return (await connection.execute(statement, {"keep": keep})).rowcount

    async def _forget_tracks(self) -> bool:
        """Where devices were stands inside their rows, so these are read; whether more are left."""
        before = self._clock() - KEEP_TRACKS
        with retryable():
            async with self._engine.begin() as connection:
                rows = (await connection.execute(_tracks, {"after": self._after})).all()
                stale = []
                for device, body in rows:
                    track = decode_body(body, DeviceTrack)
                    left = forgetting(track, before)
                    if left != track:
                        stale.append({"of_device": device, "to_body": encode_body(left)})
                if stale:
                    await connection.execute(_save_track, stale)
        self._after = rows[-1].device if len(rows) == BATCH else ""
        return bool(self._after)
