"""When a handover that nobody accepts raises its alert. Those from before raise none."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLES = """
ALTER TABLE alerts.handover ADD COLUMN next_due_at timestamptz;
CREATE INDEX handover_due ON alerts.handover (next_due_at) WHERE next_due_at IS NOT NULL;
"""


def upgrade() -> None:
    """Adds the column."""
    op.execute(_TABLES)


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back")
