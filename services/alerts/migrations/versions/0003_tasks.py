"""Tasks, presence and the auditor."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A vulnerability is a task now. Its old rows did not say whose unit they were of; what they told
# stands in the archive.
_TABLES = """
DROP TABLE alerts.vulnerability;

CREATE TABLE alerts.task (
    id uuid PRIMARY KEY,
    version integer NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    site text,
    unit text NOT NULL,
    due_at timestamptz NOT NULL,
    reported_at timestamptz NOT NULL,
    next_due_at timestamptz,
    body bytea NOT NULL
);
CREATE INDEX task_due ON alerts.task (next_due_at) WHERE next_due_at IS NOT NULL;
CREATE INDEX task_site ON alerts.task (site) WHERE next_due_at IS NOT NULL;
CREATE INDEX task_reported ON alerts.task (reported_at DESC);

CREATE TABLE alerts.device_track (
    device text PRIMARY KEY,
    next_check_at timestamptz,
    body bytea
);
CREATE INDEX device_track_check ON alerts.device_track (next_check_at)
    WHERE next_check_at IS NOT NULL;

CREATE TABLE alerts.code_use (
    code text PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    body bytea
);
CREATE INDEX code_use_at ON alerts.code_use (at);
"""


def upgrade() -> None:
    """Makes the tables."""
    op.execute(_TABLES)


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back")
