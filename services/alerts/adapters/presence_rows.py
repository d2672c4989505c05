"""What is known of devices and of codes, for the judgements over several events."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.types import Text

from services.alerts.adapters.rows import Rows, arrays_of, batch_of, decode_body, encode_body
from services.alerts.adapters.tables import code_use, device_track, presence_doubt, sequence_gap
from services.alerts.domain.doubt import Doubt
from services.alerts.ports import DeviceTrack, Use
from shared.events.presence import SequenceGap

decode_uses = msgspec.json.Decoder(tuple[Use, ...]).decode

_new_devices = (
    insert(device_track)
    .from_select(["device"], select(func.unnest(bindparam("devices", type_=ARRAY(Text)))))
    .on_conflict_do_nothing()
    .returning(device_track.c.device)
)
_tracks = (
    select(device_track.c.device, device_track.c.body)
    .where(device_track.c.device == func.any(bindparam("devices", type_=ARRAY(Text))))
    .order_by(device_track.c.device)
    .with_for_update()
)
_due = (
    select(device_track.c.device, device_track.c.body)
    .where(device_track.c.next_check_at <= bindparam("now"))
    .order_by(device_track.c.next_check_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_TRACK = ("device", "next_check_at", "body")
_new_track = insert(device_track).from_select(
    list(_TRACK), select(*batch_of(device_track, _TRACK).c)
)
_save_tracks = _new_track.on_conflict_do_update(
    index_elements=[device_track.c.device],
    set_={name: _new_track.excluded[name] for name in _TRACK[1:]},
)
_new_codes = (
    insert(code_use)
    .from_select(["code"], select(func.unnest(bindparam("codes", type_=ARRAY(Text)))))
    .on_conflict_do_nothing()
)
_codes = (
    select(code_use.c.code, code_use.c.body)
    .where(code_use.c.code == func.any(bindparam("codes", type_=ARRAY(Text))))
    .order_by(code_use.c.code)
    .with_for_update()
)
_save_code = insert(code_use)
_save_code = _save_code.on_conflict_do_update(
    index_elements=[code_use.c.code],
    set_={"body": _save_code.excluded.body, "at": func.now()},
)

_DOUBT = ("id", "unit", "site", "noticed_at", "body")
_keep_doubts = (
    insert(presence_doubt)
    .from_select(list(_DOUBT), select(*batch_of(presence_doubt, _DOUBT).c))
    .on_conflict_do_nothing()
)
_new_gap = insert(sequence_gap)
_save_gap = _new_gap.on_conflict_do_update(
    index_elements=[sequence_gap.c.device],
    set_={name: _new_gap.excluded[name] for name in ("unit", "body")},
)
_forget_gap = delete(sequence_gap).where(sequence_gap.c.device == bindparam("of_device"))


class PresenceRows(Rows):
    """The presences' part of a transaction."""

    async def tracks(self, devices: Sequence[str]) -> Mapping[str, DeviceTrack]:
        """What is known of these devices, which come sorted; their rows locked."""
        # A row first, so that two who see a new device at once wait for each other.
        rows = (await self._run(_tracks, {"devices": list(devices)})).all()
        if len(rows) < len(devices):
            unseen = set(devices) - {row.device for row in rows}
            ours = (await self._run(_new_devices, {"devices": sorted(unseen)})).all()
            if len(ours) < len(unseen):
                rows = (await self._run(_tracks, {"devices": list(devices)})).all()
        return {row.device: decode_body(row.body, DeviceTrack) for row in rows if row.body}

    async def due_tracks(self, now: datetime, limit: int) -> Sequence[DeviceTrack]:
        """Devices whose `next_check_at` has come, locked, skipping locked ones."""
        rows = await self._run(_due, {"now": now, "limit": limit})
        return [decode_body(row.body, DeviceTrack) for row in rows]

    async def save_tracks(self, tracks: Sequence[DeviceTrack]) -> None:
        """Inserts or replaces devices, which come sorted."""
        for track in tracks:
            self._schedule(track.next_check_at)
        if tracks:
            rows = [_columns(track) for track in tracks]
            await self._run(_save_tracks, arrays_of(rows, _TRACK))

    async def code_uses(self, codes: Sequence[str]) -> Mapping[str, tuple[Use, ...]]:
        """How these codes were used before; nobody else uses one until the transaction ends."""
        by_hash = {_hash(code): code for code in codes}
        wanted = {"codes": sorted(by_hash)}
        rows = (await self._run(_codes, wanted)).all()
        if len(rows) < len(by_hash):
            await self._run(_new_codes, wanted)
            rows = (await self._run(_codes, wanted)).all()
        return {
            by_hash[row.code]: decode_body(row.body, tuple[Use, ...]) for row in rows if row.body
        }

    async def save_code_uses(self, uses: Mapping[str, tuple[Use, ...]]) -> None:
        """Inserts or replaces the uses of codes."""
        rows = [{"code": _hash(code), "body": encode_body(known)} for code, known in uses.items()]
        if rows:
            await self._run(_save_code, sorted(rows, key=lambda row: row["code"]))

    async def keep_doubts(self, doubts: Sequence[Doubt]) -> None:
        """Inserts those that are not there yet."""
        rows = [
            {
                "id": doubt.id,
                "unit": doubt.unit,
                "site": doubt.site,
                "noticed_at": doubt.noticed_at,
                "body": encode_body(doubt),
            }
            for doubt in sorted(doubts, key=lambda each: each.id)
        ]
        if rows:
            await self._run(_keep_doubts, arrays_of(rows, _DOUBT))

    async def save_gap(self, gap: SequenceGap) -> None:
        """Replaces a device's open gap, or forgets it."""
        if gap.state == "closed":
            await self._run(_forget_gap, {"of_device": gap.device})
        else:
            row = {"device": gap.device, "unit": gap.unit, "body": encode_body(gap)}
            await self._run(_save_gap, row)


def _columns(track: DeviceTrack) -> dict[str, Any]:
    return {
        "device": track.device,
        "next_check_at": track.next_check_at,
        "body": encode_body(track),
    }


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
