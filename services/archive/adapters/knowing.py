"""Who may know, in PostgreSQL: kept in the transaction of the records, asked by every search."""

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from psycopg import AsyncCursor
from psycopg.sql import SQL, Composable

from services.archive.domain.knowing import ANSWERS, FOLLOWING, PHOTO, Told, is_wary
from services.archive.domain.search import Rights
from shared.events.alert import CHECKER

_KEEP_RULE = SQL(
    "INSERT INTO archive.withheld (about, roles, hidden_from) VALUES (%s, %s, %s)"
    " ON CONFLICT DO NOTHING"
)
_KEEP_BELONGING = SQL(
    'INSERT INTO archive.belonging (event, "to") VALUES (%s, %s) ON CONFLICT DO NOTHING'
)
_KEEP_PART = SQL("INSERT INTO archive.part (event, alert) VALUES (%s, %s) ON CONFLICT DO NOTHING")

# As `may_know` and `is_unjudged` say it.
_KEPT_FROM_ASKER = SQL(
    "((%(role)s <> %(checker)s AND cardinality(withheld.roles) > 0"
    " AND %(role)s <> ALL(withheld.roles)) OR (NOT %(is_top)s AND EXISTS (SELECT"
    " FROM unnest(withheld.hidden_from) AS unit"
    " WHERE %(within)s = unit OR starts_with(%(within)s, unit || '/'))))"
    " AND NOT (withheld.roles = ARRAY[%(checker)s]"
    " AND EXISTS (SELECT FROM archive.part WHERE part.event = withheld.about))"
)
_NOT_WITHHELD = SQL(
    "NOT EXISTS (SELECT FROM archive.withheld WHERE about IN (one.id, one.alert) AND {})"
).format(_KEPT_FROM_ASKER)
_NOT_WITH_WHAT_IT_BELONGS_TO = SQL(
    'NOT EXISTS (SELECT FROM archive.belonging JOIN archive.withheld ON about = belonging."to"'
    " WHERE belonging.event = one.id AND {})"
).format(_KEPT_FROM_ASKER)
# Until the archive knows what these belong to, nobody can say who may know of them.
_PLACED = SQL(
    "(type <> %(photo)s OR EXISTS (SELECT FROM archive.belonging WHERE event = one.id))"
    " AND (type <> ALL(%(following)s) OR NOT EXISTS (SELECT FROM archive.belonging AS known"
    ' WHERE known.event = one.id AND NOT EXISTS (SELECT FROM archive.event WHERE id = known."to")))'
    " AND (NOT starts_with(type, %(answers)s) OR alert IS NULL OR EXISTS (SELECT"
    " FROM archive.event AS told WHERE told.alert = one.alert"
    " AND starts_with(told.type, 'ronda.alert.')))"
)


async def keep_told(cursor: AsyncCursor[Any], told: Sequence[Told]) -> None:
    """Stores what events say of who may know, and of what goes together; what is stored already
    stays."""
    for statement, rows in told_rows(told):
        await cursor.executemany(statement, rows)


def told_rows(told: Sequence[Told]) -> Iterator[tuple[SQL, list[tuple[Any, ...]]]]:
    """The same as statements with their rows, in one order, so that two transactions with the same
    rows wait instead of deadlocking."""
    rules = {rule for each in told for rule in each.rules}
    if rules:
        yield (
            _KEEP_RULE,
            [(_id(about), list(roles), list(units)) for about, roles, units in sorted(rules)],
        )
    pairs = (
        (_KEEP_BELONGING, {pair for each in told for pair in each.belongings}),
        (_KEEP_PART, {pair for each in told for pair in each.parts}),
    )
    for statement, found in pairs:
        if found:
            yield statement, [(_id(one), _id(other)) for one, other in sorted(found)]


def known_to(rights: Rights) -> list[Composable]:
    """Conditions on a row `one` of a table of events; their values are `knowing_values`'."""
    if rights.role is None:
        return []
    conditions: list[Composable] = [_NOT_WITHHELD, _NOT_WITH_WHAT_IT_BELONGS_TO]
    return [*conditions, _PLACED] if is_wary(rights) else conditions


def knowing_values(rights: Rights) -> dict[str, Any]:
    """The values of the conditions."""
    return {
        "role": rights.role,
        "is_top": rights.is_top,
        "checker": CHECKER,
        "photo": PHOTO,
        "following": list(FOLLOWING),
        "answers": ANSWERS,
    }


def _id(raw: bytes) -> uuid.UUID:
    return uuid.UUID(bytes=raw)
