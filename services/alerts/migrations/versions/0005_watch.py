"""The room's journal and its handovers."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE alerts.journal (
    id uuid PRIMARY KEY,
    unit text NOT NULL,
    at timestamptz NOT NULL,
    body bytea NOT NULL
);
CREATE INDEX journal_at ON alerts.journal (at DESC);

CREATE TABLE alerts.handover (
    id uuid PRIMARY KEY,
    unit text NOT NULL,
    at timestamptz NOT NULL,
    accepted_at timestamptz,
    body bytea NOT NULL
);
CREATE INDEX handover_unit ON alerts.handover (unit, at DESC);
"""


def upgrade() -> None:
    """Makes the tables."""
    op.execute(_TABLES)


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back")
