"""What the engine of the command center keeps: silences, what visits lacked, the last plan."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE alerts.silence (
    site text PRIMARY KEY,
    alert_id uuid NOT NULL,
    since timestamptz NOT NULL
);

-- A row may stand for a site that was never heard of, so that it can be locked.
ALTER TABLE alerts.site_sign ALTER COLUMN seen_at DROP NOT NULL;

ALTER TABLE alerts.visit ADD COLUMN is_short boolean NOT NULL DEFAULT false;
CREATE INDEX visit_due ON alerts.visit (due_at);

CREATE TABLE alerts.plan_kept (
    part text PRIMARY KEY,
    at timestamptz NOT NULL,
    body bytea NOT NULL
);
"""


def upgrade() -> None:
    """Makes the tables."""
    op.execute(_TABLES)


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back")
