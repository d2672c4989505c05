"""Sites that owe a word: when each was last heard of, and the alert that asks for one."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Text, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from services.alerts.adapters.rows import Rows
from services.alerts.adapters.tables import Moment, silence, site_sign

# Locks the site's row, one that is made for it where the site was never heard of: whoever takes in
# a sign of it meanwhile waits, and then finds the silence that we begin.
_any_sign = insert(site_sign)
_last_sign = _any_sign.on_conflict_do_update(
    index_elements=[site_sign.c.site], set_={"site": _any_sign.excluded.site}
).returning(site_sign.c.seen_at)
_begin = insert(silence).on_conflict_do_nothing().returning(silence.c.site)
_standing = (
    select(silence.c.alert_id).where(silence.c.site == bindparam("of_site")).with_for_update()
)
_renew = (
    update(silence)
    .where(silence.c.site == bindparam("of_site"))
    .values(alert_id=bindparam("to_alert"), since=bindparam("from_now"))
)
_heard = (
    func.unnest(
        bindparam("sites", type_=ARRAY(Text)),
        bindparam("moments", type_=ARRAY(Moment)),
    )
    .table_valued("site", "at")
    .render_derived("heard")
)
_end = (
    delete(silence)
    .where(silence.c.site == _heard.c.site, silence.c.since <= _heard.c.at)
    .returning(silence.c.alert_id)
)


class SilenceRows(Rows):
    """The silent sites' part of a transaction."""

    async def last_sign(self, site: str) -> datetime | None:
        """When a site was last heard of; whoever reports a newer sign waits until we are done."""
        found: datetime | None = (await self._run(_last_sign, {"site": site})).scalar_one()
        return found

    async def begin_silence(self, site: str, alert_id: str, since: datetime) -> str | None:
        """A site is silent. None where it was not yet, else the alert that asks for a word."""
        row = {"site": site, "alert_id": alert_id, "since": since}
        if (await self._run(_begin, row)).first() is not None:
            return None
        return str((await self._run(_standing, {"of_site": site})).scalar_one())

    async def renew_silence(self, site: str, alert_id: str, since: datetime) -> None:
        """Another alert asks for a word now."""
        await self._run(_renew, {"of_site": site, "to_alert": alert_id, "from_now": since})

    async def end_silences(self, heard: Mapping[str, datetime]) -> Sequence[str]:
        """Ends the silence of sites that were heard of since it began; returns their alerts."""
        sites = sorted(heard)
        rows = await self._run(_end, {"sites": sites, "moments": [heard[site] for site in sites]})
        return sorted(str(alert_id) for alert_id in rows.scalars())
