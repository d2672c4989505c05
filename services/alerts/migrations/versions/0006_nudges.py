"""Crews that are asked for a sign of life."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE alerts.nudge (
    crew text PRIMARY KEY,
    id uuid NOT NULL,
    state text NOT NULL,
    next_due_at timestamptz,
    body bytea NOT NULL
);
CREATE INDEX nudge_id ON alerts.nudge (id);
CREATE INDEX nudge_due ON alerts.nudge (next_due_at) WHERE next_due_at IS NOT NULL;
"""


def upgrade() -> None:
    """Makes the table."""
    op.execute(_TABLES)


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back")
