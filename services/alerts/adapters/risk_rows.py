"""In which band of risk each site stands, and what it is weighed by."""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from services.alerts.adapters.rows import Rows, decode_body, encode_body
from services.alerts.adapters.tables import site_risk as table
from services.alerts.adapters.tables import task
from shared.events.risk import SiteRisk
from shared.events.task import Task

# "Ronda" and a number for the lock of weighing.
_WEIGHING_LOCK = 0x526F_6E64_6102

_alone = select(func.pg_try_advisory_xact_lock(_WEIGHING_LOCK))
_all = select(table.c.body)
_open_tasks = (
    select(task.c.body)
    .where(task.c.next_due_at.is_not(None))
    .order_by(task.c.reported_at, task.c.id)
)
_new = insert(table)
_save = _new.on_conflict_do_update(
    index_elements=[table.c.site],
    set_={"band": _new.excluded.band, "body": _new.excluded.body},
)


class RiskRows(Rows):
    """The risks' part of a transaction."""

    async def weighs_alone(self) -> bool:
        """Whether nobody else weighs the sites; then nobody does until the transaction ends."""
        return bool((await self._run(_alone)).scalar_one())

    async def open_tasks(self) -> Sequence[Task]:
        """All tasks that are not done, the oldest first; not locked."""
        return [decode_body(body, Task) for body in (await self._run(_open_tasks)).scalars()]

    async def site_risks(self) -> Mapping[str, SiteRisk]:
        """What was last told of each site's risk."""
        told = [decode_body(body, SiteRisk) for body in (await self._run(_all)).scalars()]
        return {each.site: each for each in told}

    async def save_site_risk(self, risk: SiteRisk) -> None:
        """Inserts or replaces a site's."""
        row = {"site": risk.site, "band": risk.band, "body": encode_body(risk)}
        await self._run(_save, row)
