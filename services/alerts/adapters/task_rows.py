"""Tasks: what is to be mended, by whom, until when."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.alerts.adapters.rows import Rows, decode_body, encode_body
from services.alerts.adapters.tables import task as table
from services.alerts.ports import OpenVulnerability
from shared.events.patrol import Vulnerability
from shared.events.task import Task

_by_id = select(table.c.body).where(table.c.id == bindparam("task_id")).with_for_update()
_due = (
    select(table.c.body)
    .where(table.c.next_due_at <= bindparam("now"))
    .order_by(table.c.next_due_at, table.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_vulnerabilities = (
    select(table.c.body)
    .where(
        table.c.site == bindparam("at_site"),
        table.c.kind == "vulnerability",
        table.c.next_due_at.is_not(None),
    )
    .order_by(table.c.reported_at, table.c.id)
)
_new = insert(table)
_save = _new.on_conflict_do_update(
    index_elements=[table.c.id],
    set_={
        name: _new.excluded[name]
        for name in table.c.keys()  # noqa: SIM118 - a column collection iterates columns
        if name != "id"
    },
)


class TaskRows(Rows):
    """The tasks' part of a transaction."""

    async def task(self, task_id: str) -> Task | None:
        """A task, its row locked until the transaction ends."""
        body = (await self._run(_by_id, {"task_id": task_id})).scalar_one_or_none()
        return decode_body(body, Task) if body is not None else None

    async def due_tasks(self, now: datetime, limit: int) -> Sequence[Task]:
        """Tasks whose `next_due_at` has come, oldest first, locked, skipping locked ones."""
        rows = await self._run(_due, {"now": now, "limit": limit})
        return [decode_body(body, Task) for body in rows.scalars()]

    async def save_task(self, task: Task) -> None:
        """Inserts or replaces a task."""
        self._schedule(task.next_due_at)
        await self._run(
            _save,
            {
                "id": task.id,
                "version": task.version,
                "kind": task.kind,
                "state": task.state,
                "site": task.site,
                "unit": task.unit,
                "due_at": task.due_at,
                "reported_at": task.reported_at,
                "next_due_at": task.next_due_at,
                "body": encode_body(task),
            },
        )

    async def vulnerabilities_of(self, site: str) -> Sequence[OpenVulnerability]:
        """Vulnerabilities of a site that nobody has mended yet, the oldest first."""
        rows = await self._run(_vulnerabilities, {"at_site": site})
        return [_open(decode_body(body, Task)) for body in rows.scalars()]


def _open(task: Task) -> OpenVulnerability:
    return OpenVulnerability(
        event=task.id,
        site=task.site or "",
        reported_at=task.reported_at,
        data=Vulnerability(
            kind=task.what,
            text=task.text,
            stage=task.stage or "PG",
            owner=task.owner,
            due_at=task.due_at,
            checkin=task.checkin,
            media=task.media,
        ),
    )
