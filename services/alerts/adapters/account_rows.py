"""Operators' accounts, and how often somebody failed to sign in."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Text, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from services.alerts.adapters.rows import Rows
from services.alerts.adapters.tables import operator as table
from services.alerts.adapters.tables import sign_in_failure
from services.alerts.domain.operator import Operator
from services.alerts.domain.throttle import Failures

_FIELDS = tuple(Operator.__dataclass_fields__)
_columns = [table.c[name] for name in _FIELDS]
_insert = insert(table)
_save = _insert.on_conflict_do_update(
    index_elements=[table.c.login],
    set_={name: _insert.excluded[name] for name in _FIELDS if name != "login"},
)
_f = sign_in_failure.c
_count = insert(sign_in_failure)
_save_count = _count.on_conflict_do_update(
    index_elements=[_f.subject],
    set_={"failures": _count.excluded.failures, "at": _count.excluded.at},
)
_forget = delete(sign_in_failure).where(
    _f.subject == func.any(bindparam("subjects", type_=ARRAY(Text)))
)
# Rows that are not there yet cannot be locked, so the subjects themselves are.
_lock = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("subject"), 7)))
_counted = select(sign_in_failure).where(
    _f.subject == func.any(bindparam("subjects", type_=ARRAY(Text)))
)


class AccountRows(Rows):
    """The accounts' part of a transaction."""

    async def operator(self, login: str) -> Operator | None:
        """An account, its row locked until the transaction ends."""
        return await self._operator(table.c.login == login)

    async def operator_of(self, subject: str) -> Operator | None:
        """The account that is bound to an issuer's subject, locked."""
        return await self._operator(table.c.oidc_subject == subject)

    async def operators(self) -> Sequence[Operator]:
        """Every account, by login."""
        rows = await self._run(select(*_columns).order_by(table.c.login))
        return [_operator_in(row) for row in rows]

    async def save_operator(self, operator: Operator) -> None:
        """Inserts or replaces an account."""
        await self._run(_save, {name: getattr(operator, name) for name in _FIELDS})

    async def sign_in_failures(self, subjects: Sequence[str]) -> Mapping[str, Failures]:
        """What was counted of these subjects; nobody else counts them until the end."""
        for subject in sorted(subjects):
            await self._run(_lock, {"subject": subject})
        rows = await self._run(_counted, {"subjects": list(subjects)})
        return {row.subject: Failures(row.failures, row.at) for row in rows}

    async def save_sign_in_failures(self, failures: Mapping[str, Failures]) -> None:
        """Replaces what was counted; a count of 0 is forgotten."""
        gone = [subject for subject, row in failures.items() if row.count == 0]
        kept = [
            {"subject": subject, "failures": row.count, "at": row.at}
            for subject, row in failures.items()
            if row.count > 0
        ]
        if gone:
            await self._run(_forget, {"subjects": gone})
        if kept:
            await self._run(_save_count, kept)

    async def _operator(self, which: ColumnElement[bool]) -> Operator | None:
        row = (await self._run(select(*_columns).where(which).with_for_update())).first()
        return _operator_in(row) if row is not None else None


def _operator_in(row: Row[Any]) -> Operator:
    return Operator(**{name: getattr(row, name) for name in _FIELDS})
