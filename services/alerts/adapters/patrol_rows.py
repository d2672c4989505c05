"""What patrols tell: crews on duty and where they are, signs of life of sites."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, case, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.alerts.adapters.rows import Rows
from services.alerts.adapters.tables import duty, site_sign
from services.alerts.ports import Duty
from shared.events.patrol import Fix

# An ended duty stays as a row, so that a start which arrives late does not begin it again.
_new_duty = insert(duty)
_newer_position = _new_duty.excluded.position_at.is_not(None) & (
    func.coalesce(_new_duty.excluded.position_at >= duty.c.position_at, True)
)
_save_duty = _new_duty.on_conflict_do_update(
    index_elements=[duty.c.crew],
    set_={name: _new_duty.excluded[name] for name in ("unit", "since", "members", "ended_at")}
    | {
        name: case((_newer_position, _new_duty.excluded[name]), else_=duty.c[name])
        for name in ("lat", "lon", "position_at")
    },
    where=_new_duty.excluded.since >= func.greatest(duty.c.since, duty.c.ended_at),
)
_end_duty = (
    update(duty)
    .where(duty.c.crew == bindparam("of_crew"), duty.c.since <= bindparam("at"))
    .values(ended_at=func.greatest(duty.c.ended_at, bindparam("at")))
)
_move = (
    update(duty)
    .where(
        duty.c.crew == bindparam("of_crew"),
        or_(duty.c.position_at.is_(None), duty.c.position_at < bindparam("at")),
    )
    .values(lat=bindparam("to_lat"), lon=bindparam("to_lon"), position_at=bindparam("at"))
)
on_duty = select(duty).where(duty.c.ended_at.is_(None)).order_by(duty.c.crew)

_new_sign = insert(site_sign)
_newer_situation = _new_sign.excluded.situation.is_not(None) & (
    func.coalesce(_new_sign.excluded.situation_at >= site_sign.c.situation_at, True)
)
_seen = _new_sign.on_conflict_do_update(
    index_elements=[site_sign.c.site],
    set_={
        "seen_at": func.greatest(site_sign.c.seen_at, _new_sign.excluded.seen_at),
        "situation": case(
            (_newer_situation, _new_sign.excluded.situation), else_=site_sign.c.situation
        ),
        "situation_at": case(
            (_newer_situation, _new_sign.excluded.situation_at), else_=site_sign.c.situation_at
        ),
    },
)


class PatrolRows(Rows):
    """The patrols' part of a transaction."""

    async def save_duty(self, duty: Duty) -> None:
        """A crew went on duty, or changed; an older start changes nothing."""
        await self._run(
            _save_duty,
            {
                "crew": duty.crew,
                "unit": duty.unit,
                "since": duty.since,
                "members": list(duty.members),
                "ended_at": None,
                "lat": duty.lat,
                "lon": duty.lon,
                "position_at": duty.position_at,
            },
        )

    async def end_duty(self, crew: str, at: datetime) -> None:
        """A crew went off duty, unless it went on again after `at`."""
        await self._run(_end_duty, {"of_crew": crew, "at": at})

    async def move(self, crew: str, fix: Fix, at: datetime) -> None:
        """A crew's newer position; an older one changes nothing."""
        await self._run(_move, {"of_crew": crew, "to_lat": fix.lat, "to_lon": fix.lon, "at": at})

    async def duties(self) -> Sequence[Duty]:
        """Crews on duty."""
        return [duty_of(row) for row in await self._run(on_duty)]

    async def seen(self, site: str, at: datetime, situation: str | None) -> None:
        """A sign of life of a site, and what was said of it."""
        await self._run(
            _seen,
            {
                "site": site,
                "seen_at": at,
                "situation": situation,
                "situation_at": None if situation is None else at,
            },
        )


def duty_of(row: Row[Any]) -> Duty:
    """A crew on duty, from its row."""
    return Duty(
        crew=row.crew,
        unit=row.unit,
        since=row.since,
        members=tuple(row.members),
        lat=row.lat,
        lon=row.lon,
        position_at=row.position_at,
    )
