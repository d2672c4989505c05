"""Alerts, the index of their parts, and what their commands were answered."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.adapters.rows import Rows, arrays_of, batch_of, decode_body, encode_body
from services.alerts.adapters.tables import Id, alert_number, alert_part, command_answer
from services.alerts.adapters.tables import alert as table
from services.alerts.ports import Answer
from shared.events.alert import Alert

KNOWN = 5_000

_by_id = select(table.c.body).where(table.c.id == bindparam("id")).with_for_update()
_by_part = (
    select(table.c.body)
    .join(alert_part, alert_part.c.alert_id == table.c.id)
    .where(alert_part.c.event_id == bindparam("event_id"))
    .with_for_update(of=table)
)
# Whatever changes a row changes its xmin.
_mark = cast(literal_column(f"{table.fullname}.xmin"), Text).label("mark")
_open = select(table.c.id, _mark).where(table.c.closed_at.is_(None)).order_by(table.c.opened_at)
_bodies = select(table.c.id, _mark, table.c.body).where(
    table.c.id == func.any(bindparam("ids", type_=ARRAY(Id)))
)
_due = (
    select(table.c.body)
    .where(table.c.next_due_at <= bindparam("now"))
    .order_by(table.c.next_due_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_number = select(func.nextval(f"{table.schema}.{alert_number.name}"))
# A column's own name is reserved in a statement that is part of another one.
_new_alert = insert(table).values(
    {column: bindparam(f"row_{column.name}", type_=column.type) for column in table.c}
)
_save = _new_alert.on_conflict_do_update(
    index_elements=[table.c.id],
    set_={
        name: _new_alert.excluded[name]
        for name in table.c.keys()  # noqa: SIM118 - a column collection iterates columns
        if name not in {"id", "number", "opened_at"}
    },
)
_CHANGING = ("version", "state", "severity", "next_due_at", "next_due_kind", "closed_at", "body")
_batch = batch_of(table, ("id", *_CHANGING))
_save_many = (
    update(table)
    .where(table.c.id == _batch.c.id)
    .values({name: _batch.c[name] for name in _CHANGING})
)
_save_parts = (
    insert(alert_part)
    .from_select(
        ["event_id", "alert_id"],
        select(func.unnest(bindparam("events", type_=ARRAY(Id))), bindparam("alert_id", type_=Id)),
    )
    .on_conflict_do_nothing()
)
_save_with_parts = _save_parts.add_cte(_save.cte("saved"))
_answer = select(command_answer.c.status, command_answer.c.body).where(
    command_answer.c.key == bindparam("key")
)
_keep_answer = insert(command_answer).on_conflict_do_nothing()


class KnownAlerts(OrderedDict[str, tuple[str, Alert]]):
    """Alerts as they were last read, by id, each with its row's mark: to decode hundreds of open
    ones for every report would take longer than everything else that a report causes."""

    def has(self, row: Row[Any]) -> bool:
        """Whether a row is known as it is now."""
        return row.id in self and self[row.id][0] == row.mark

    def remember(self, row: Row[Any]) -> Alert:
        """Keeps a committed row, and lets the one go that was not read for the longest time."""
        alert = decode_body(row.body, Alert)
        self[row.id] = (row.mark, alert)
        self.move_to_end(row.id)
        while len(self) > KNOWN:
            self.popitem(last=False)
        return alert


class AlertRows(Rows):
    """The alerts' part of a transaction."""

    def __init__(self, connection: AsyncConnection, known: KnownAlerts) -> None:
        super().__init__(connection)
        self._known = known
        self.changed = False
        """Whether this transaction saw to it that it reads what nobody else does yet."""

    async def alert(self, alert_id: str) -> Alert | None:
        """An alert, its row locked until the transaction ends."""
        return await self._one(_by_id, id=alert_id)

    async def alert_with_part(self, event_id: str) -> Alert | None:
        """The alert that has a part with this `event` or with this `copyof`, locked."""
        return await self._one(_by_part, event_id=event_id)

    async def open_alerts(self) -> Sequence[Alert]:
        """All alerts that are not closed, for correlation; not locked."""
        rows = (await self._run(_open)).all()
        known = KnownAlerts() if self.changed else self._known
        # Taken out before the next read: whoever reads beside us may put other versions there.
        found = {row.id: known[row.id][1] for row in rows if known.has(row)}
        new = [row.id for row in rows if row.id not in found]
        if new:
            for row in await self._run(_bodies, {"ids": new}):
                found[row.id] = known.remember(row)
        return [found[row.id] for row in rows if row.id in found]

    async def due_alerts(self, now: datetime, limit: int) -> Sequence[Alert]:
        """Alerts whose `next_due_at` has come, oldest first, locked, skipping locked ones."""
        rows = await self._run(_due, {"now": now, "limit": limit})
        return [decode_body(body, Alert) for body in rows.scalars()]

    async def next_number(self) -> int:
        """The next human-readable alert number."""
        return int((await self._run(_number)).scalar_one())

    async def save_alert(self, alert: Alert) -> None:
        """Inserts or replaces an alert, and adds its parts' `event` and `copyof` to their index."""
        self.changed = True
        self._schedule(alert.next_due_at)
        columns = {f"row_{name}": value for name, value in _columns(alert).items()}
        events = sorted({id for part in alert.parts for id in (part.event, part.copyof) if id})
        if events:
            await self._run(_save_with_parts, {**columns, "events": events, "alert_id": alert.id})
        else:
            await self._run(_save, columns)

    async def save_alerts(self, alerts: Sequence[Alert]) -> None:
        """Replaces alerts that have no new parts, all of them by one statement."""
        if not alerts:
            return
        self.changed = True
        for alert in alerts:
            self._schedule(alert.next_due_at)
        rows = [_columns(alert) for alert in alerts]
        await self._run(_save_many, arrays_of(rows, ("id", *_CHANGING)))

    async def move_parts(
        self, events: Sequence[str] | None, from_alert: str, to_alert: str
    ) -> None:
        """Lets the index of parts name another alert for these events; None means for all."""
        statement = (
            update(alert_part).where(alert_part.c.alert_id == from_alert).values(alert_id=to_alert)
        )
        if events is not None:
            statement = statement.where(alert_part.c.event_id.in_(events))
        await self._run(statement)

    async def answer(self, key: str) -> Answer | None:
        """What a command with this idempotency key was answered."""
        row = (await self._run(_answer, {"key": key})).one_or_none()
        return Answer(status=row.status, body=row.body) if row else None

    async def keep_answer(self, key: str, actor: str, answer: Answer) -> None:
        """Keeps a command's answer under its key; the first one stays."""
        await self._run(
            _keep_answer,
            {"key": key, "actor": actor, "status": answer.status, "body": answer.body},
        )

    async def _one(self, statement: Select[tuple[bytes]], **parameters: str) -> Alert | None:
        body = (await self._run(statement, parameters)).scalar_one_or_none()
        return decode_body(body, Alert) if body is not None else None


def _columns(alert: Alert) -> dict[str, object]:
    return {
        "id": alert.id,
        "number": alert.number,
        "version": alert.version,
        "state": alert.state,
        "kind": alert.kind,
        "severity": alert.severity,
        "site": alert.site,
        "unit": alert.unit,
        "purpose": alert.purpose,
        "next_due_at": alert.next_due_at,
        "next_due_kind": alert.next_due_kind,
        "opened_at": alert.raised_at,
        "closed_at": alert.closed_at if alert.state == "closed" else None,
        "body": encode_body(alert),
    }
