"""Which reports an alert has, what belongs to an event, and a person's events, each by an index.

What was archived before is read once more, because nothing told of it: who may know of it, which
photos and calls for backup belong to it, which alert it became a part of.
"""

from itertools import starmap
from typing import Any

from alembic import op

from services.archive.adapters.knowing import told_rows
from services.archive.domain.knowing import Told, of_itself, told_by
from shared.events.registry import decode_envelope

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_PART = """
CREATE TABLE archive.part (
    event uuid NOT NULL,
    alert uuid NOT NULL,
    PRIMARY KEY (event, alert)
);
CREATE INDEX part_alert ON archive.part (alert);
"""
_BELONGING = 'CREATE INDEX belonging_to ON archive.belonging ("to");'
_ACTOR = """
CREATE INDEX {0}_actor ON archive.{0} (actor, appended_at) WHERE actor IS NOT NULL;
"""
_RECORDS = """
SELECT value, status = 'aside', uuid_send(event_id) FROM archive.record
WHERE status <> 'undecodable' AND value IS NOT NULL
"""
_AT_ONCE = 100
"""A photo's record may take a mebibyte."""


def upgrade() -> None:
    op.execute(_PART)
    op.execute(_BELONGING)
    for table in ("event", "duplicate", "conflict", "aside"):
        op.execute(_ACTOR.format(table))
    raw: Any = op.get_bind().connection.driver_connection
    with raw.cursor("told_before") as reading, raw.cursor() as writing:
        reading.execute(_RECORDS, binary=True)
        while records := reading.fetchmany(_AT_ONCE):
            for statement, rows in told_rows(list(filter(None, starmap(_told, records)))):
                writing.executemany(statement, rows)


def _told(value: bytes, is_aside: bool, event_id: bytes) -> Told | None:
    told = told_by(decode_envelope(value))
    return of_itself(told, event_id) if told and is_aside else told


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back")
