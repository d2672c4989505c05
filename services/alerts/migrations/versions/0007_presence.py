"""What people should look at again of presences."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE alerts.presence_doubt (
    id uuid PRIMARY KEY,
    unit text NOT NULL,
    site text,
    noticed_at timestamptz NOT NULL,
    body bytea NOT NULL
);
CREATE INDEX presence_doubt_noticed ON alerts.presence_doubt (noticed_at DESC, id DESC);
CREATE INDEX presence_doubt_site ON alerts.presence_doubt (site, noticed_at DESC);

-- Open ones alone.
CREATE TABLE alerts.sequence_gap (
    device text PRIMARY KEY,
    unit text NOT NULL,
    body bytea NOT NULL
);
"""


def upgrade() -> None:
    """Makes the tables."""
    op.execute(_TABLES)


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back")
