"""In which band of risk each site stands, so that it is told once that this changed."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE alerts.site_risk (
    site text PRIMARY KEY,
    band text NOT NULL,
    body bytea NOT NULL
);
"""


def upgrade() -> None:
    """Makes the table."""
    op.execute(_TABLES)


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back")
