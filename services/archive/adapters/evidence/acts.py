"""Acts, retired months and the events that tell of them, as PostgreSQL holds them."""

from collections.abc import Sequence
from typing import Any

from psycopg.sql import SQL

from services.archive.domain.stored import Act, ErasedPlace

_COLUMNS = (
    "coalesce(name, 'topic ' || topic)",
    "partition",
    '"offset"',
    "appended_at",
    "leaf",
    "kept",
)
_TOGETHER = SQL(", ").join(
    SQL('array_agg({} ORDER BY topic, partition, "offset")').format(SQL(column))
    for column in _COLUMNS
)
ACTS = SQL(
    "SELECT act.id::text, reason, authority, class, actor, erased_at, of_act.*"
    " FROM archive.erasure_act AS act CROSS JOIN LATERAL (SELECT {} FROM archive.erasure"
    " LEFT JOIN archive.topic ON topic.id = topic WHERE erasure.act = act.id) AS of_act"
).format(_TOGETHER)
"""Each act with its records."""
RETIRED = SQL(
    "SELECT month, until, reason, authority, retired_at, actor FROM archive.retired ORDER BY month"
)
SAID = SQL(
    "SELECT row.id::text, record.value FROM ("
    'SELECT id, appended_at, topic, partition, "offset" FROM archive.event WHERE id = ANY(%s)'
    ' UNION ALL SELECT id, appended_at, topic, partition, "offset" FROM archive.duplicate'
    " WHERE id = ANY(%s)) AS row"
    ' JOIN archive.record USING (appended_at, topic, partition, "offset") WHERE value IS NOT NULL'
)
"""What was received of events, by their ids given twice; what came again says the same."""


def act_of(row: Sequence[Any]) -> Act:
    """The act of a row of `ACTS`."""
    columns = [each or [] for each in row[6:]]
    return Act._make([*row[:6], [ErasedPlace(*each) for each in zip(*columns, strict=True)]])
